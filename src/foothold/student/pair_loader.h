// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "foothold/base/options.h"
#include "foothold/scene/body.h"
#include "foothold/student/josh3r.h"
#include "foothold/student/losses.h"

namespace foothold {

// Where training pairs come from and which are good enough (docs/student_data.md).
struct LoaderOptions {
  std::string labels;          // A folder of labels, one label, or a text file with one path per line.
  std::string kind = "label";  // label, truth: which of them are used.
  std::string subset = "all";  // all, train, held_out: a clip's side is a function of its id alone.
  double held_out_share = 0.1;
  std::string videos;  // Folder of the videos; empty: where the labels say, else beside the label.
  std::string packs;   // Folder of packs (student_pack.h); empty: "student_packs" beside the labels.
  int batch_size = 8;  // Of all ranks together.
  int min_gap_frames = 3, max_gap_frames = 10;
  int width = 512, height = 384;  // Of the student's images; multiples of 16.
  double min_confidence = 0.5;    // Of the person in both frames.
  double min_visible = 0.5;       // Share of the person's box that is in the picture, in both frames.
  double min_point_confidence = 0.1;
  double min_match_inlier_share = 0;  // At the keyframe; 0: any, also where quality was not measured.
  double max_contact_spread = 0;      // Of the person; 0: any.
  int window_shards = 8;              // Labels whose pairs are mixed with one another.
  int seed = 1;
  int prefetch = 4;  // Batches made ahead; 0: each when it is asked for.
  int threads = 2;   // That make them.

  static const OptionTable& Table();  // Section "data".
};

// On the CPU. `targets.contact` and `targets.scene_mask` are always given.
struct LoadedBatch {
  PairBatch batch;
  PairTargets targets;
  std::vector<uint64_t> sample_seeds;  // For ForwardMode: functions of (seed, epoch, sample).
};

// Endless sequence of global batches: a function of options, labels and position, the same for every number
// of ranks and threads. Rank r of `size` gets samples [r B / size, (r + 1) B / size) of each batch of B. A
// batch goes on into the next epoch where an epoch ends.
class PairLoader {
 public:
  // Next sample of the global sequence. Part of a checkpoint.
  struct Position {
    int64_t epoch = 0;
    int64_t index = 0;  // In the epoch.
    bool operator==(const Position&) const = default;
  };

  // Makes the packs that are missing, all ranks together, and logs what is left out and why. Throws
  // Error(kUsage), Error(kBadInput) for a label that cannot be used or when no pair is left.
  PairLoader(const LoaderOptions& options, const BodyModel& body, int rank, int size);
  ~PairLoader();
  PairLoader(const PairLoader&) = delete;
  PairLoader& operator=(const PairLoader&) = delete;

  // This rank's slice of the next global batch. Throws Error(kBadInput) when a label or pack has gone or
  // changed since; the position is then still that of the batch.
  LoadedBatch Next();

  Position position() const;
  void Seek(Position position);  // Throws Error(kUsage) for a position that no epoch has.
  int64_t samples_per_epoch() const;
  // What the sequence depends on (labels, filters, seed), not on batches and ranks: a run that continues
  // compares it.
  std::string Fingerprint() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace foothold
