// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "foothold/corpus/loader_options.h"
#include "foothold/student/student_clip.h"

namespace foothold {

// A person at a keyframe, which becomes one pair per epoch together with another frame.
struct PairAnchor {
  int shard = 0;
  int person = 0;    // Index into StudentClip::people.
  int keyframe = 0;  // Index into StudentClip::keyframes.
};

// Anchors of a clip that pass the options' filters and have a partner. `left_out` counts the others by
// reason: low_confidence, out_of_picture, few_match_inliers, contact_spread, student_disagrees,
// quality_unknown, no_partner.
std::vector<PairAnchor> AnchorsOf(const StudentClip& clip,
                                  int shard,
                                  const LoaderOptions& options,
                                  std::map<std::string, int64_t>* left_out);

// A drawn pair: entries of person.frames, in the order of time.
struct FramePair {
  int person = 0;
  int first = 0, second = 0;
};
// The anchor's partner is drawn from all frames within the gaps, before and after, that pass the filters.
FramePair DrawPair(const StudentClip& clip,
                   const PairAnchor& anchor,
                   const LoaderOptions& options,
                   uint64_t sample_seed);

// Order of the anchors of an epoch: shards in random order, `window_shards` of them at a time, whose anchors
// are mixed. A function of the seed and the epoch.
std::vector<int> EpochOrder(const std::vector<PairAnchor>& anchors,
                            int window_shards,
                            int seed,
                            int64_t epoch);

// Seed of everything random about a sample: its pair, and the network's dropout.
uint64_t SampleSeed(int seed, int64_t epoch, int anchor);

// Whether a video is held out; the same for all clips of a video, all seeds and all sets of labels.
bool IsHeldOut(const std::string& source_hash, double held_out_share);

}  // namespace foothold
