// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/pair_sampler.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/base/random.h"
#include "foothold/student/student_view.h"

namespace foothold {
namespace {

// Empty, or why this entry of the person's frames is in no pair.
std::string ReasonAgainst(const StudentClip& clip,
                          const StudentPerson& person,
                          size_t entry,
                          const LoaderOptions& options) {
  if (person.confidence[entry] < options.min_confidence) return "low_confidence";
  const double visible = VisibleShare(person.box_px[entry], clip.width, clip.height);
  // A box of no size shows nobody, whatever share is asked for.
  return visible > 0 && visible >= options.min_visible ? "" : "out_of_picture";
}

std::string ReasonAgainstQuality(const StudentClip& clip,
                                 const StudentPerson& person,
                                 int keyframe,
                                 const LoaderOptions& options) {
  if (options.min_match_inlier_share > 0) {
    const float share = clip.match_inlier_share[keyframe];
    if (share < 0) return "quality_unknown";
    if (share < options.min_match_inlier_share) return "few_match_inliers";
  }
  if (options.max_contact_spread > 0) {
    if (person.contact_spread < 0) return "quality_unknown";
    if (person.contact_spread > options.max_contact_spread) return "contact_spread";
  }
  // Labels that did not begin with a student have nothing to say, in the first round of a loop all of them.
  if (options.max_student_disagreement_m > 0 &&
      person.student_distance_m > options.max_student_disagreement_m) {
    return "student_disagrees";
  }
  return "";
}

std::vector<int> PartnersOf(const StudentClip& clip,
                            const StudentPerson& person,
                            int anchor_frame,
                            const LoaderOptions& options) {
  std::vector<int> partners;
  const auto begin =
      std::lower_bound(person.frames.begin(), person.frames.end(), anchor_frame - options.max_gap_frames);
  for (auto entry = begin; entry != person.frames.end(); ++entry) {
    const int gap = std::abs(*entry - anchor_frame);
    if (*entry > anchor_frame + options.max_gap_frames) break;
    const auto index = static_cast<size_t>(entry - person.frames.begin());
    if (gap >= options.min_gap_frames && ReasonAgainst(clip, person, index, options).empty()) {
      partners.push_back(static_cast<int>(index));
    }
  }
  return partners;
}

std::string ReasonAgainstAnchor(const StudentClip& clip,
                                const StudentPerson& person,
                                int keyframe,
                                int entry,
                                const LoaderOptions& options) {
  std::string reason = ReasonAgainst(clip, person, static_cast<size_t>(entry), options);
  if (reason.empty()) reason = ReasonAgainstQuality(clip, person, keyframe, options);
  if (reason.empty() && PartnersOf(clip, person, clip.keyframes[keyframe], options).empty()) {
    reason = "no_partner";
  }
  return reason;
}

template <class T>
void Shuffle(RandomStream* random, T begin, T end) {
  for (auto n = static_cast<int>(end - begin); n > 1; --n)
    std::swap(begin[n - 1], begin[random->UniformInt(0, n - 1)]);
}

}  // namespace

std::vector<PairAnchor> AnchorsOf(const StudentClip& clip,
                                  int shard,
                                  const LoaderOptions& options,
                                  std::map<std::string, int64_t>* left_out) {
  std::vector<PairAnchor> anchors;
  for (size_t p = 0; p < clip.people.size(); ++p) {
    const StudentPerson& person = clip.people[p];
    for (size_t k = 0; k < clip.keyframes.size(); ++k) {
      const int entry = IndexOf(person.frames, clip.keyframes[k]);
      if (entry < 0) continue;  // Not in sight: there is nothing to leave out.
      const int keyframe = static_cast<int>(k);
      const std::string reason = ReasonAgainstAnchor(clip, person, keyframe, entry, options);
      if (reason.empty()) {
        anchors.push_back({shard, static_cast<int>(p), keyframe});
      } else {
        ++(*left_out)[reason];
      }
    }
  }
  return anchors;
}

FramePair DrawPair(const StudentClip& clip,
                   const PairAnchor& anchor,
                   const LoaderOptions& options,
                   uint64_t sample_seed) {
  const StudentPerson& person = clip.people[anchor.person];
  const int frame = clip.keyframes[anchor.keyframe];
  const std::vector<int> partners = PartnersOf(clip, person, frame, options);
  FOOTHOLD_CHECK(!partners.empty(), "clip " + clip.clip_id + ": an anchor without partner");
  RandomStream random(sample_seed, "student partner");
  const int partner = partners[random.UniformInt(0, static_cast<int>(partners.size()) - 1)];
  const int entry = IndexOf(person.frames, frame);
  return {anchor.person, std::min(entry, partner), std::max(entry, partner)};
}

std::vector<int> EpochOrder(const std::vector<PairAnchor>& anchors,
                            int window_shards,
                            int seed,
                            int64_t epoch) {
  RandomStream random(static_cast<uint64_t>(seed), "student epoch " + std::to_string(epoch));
  std::vector<std::pair<int, int>> runs;  // Anchors [begin, end) of one shard.
  for (int i = 0; i < static_cast<int>(anchors.size()); ++i) {
    if (i == 0 || anchors[i].shard != anchors[i - 1].shard) runs.emplace_back(i, i);
    runs.back().second = i + 1;
  }
  Shuffle(&random, runs.begin(), runs.end());
  std::vector<int> order;
  order.reserve(anchors.size());
  for (size_t first = 0; first < runs.size(); first += static_cast<size_t>(window_shards)) {
    const auto begin = static_cast<std::ptrdiff_t>(order.size());
    const size_t last = std::min(runs.size(), first + static_cast<size_t>(window_shards));
    for (size_t r = first; r < last; ++r) {
      for (int i = runs[r].first; i < runs[r].second; ++i) order.push_back(i);
    }
    Shuffle(&random, order.begin() + begin, order.end());
  }
  return order;
}

uint64_t SampleSeed(int seed, int64_t epoch, int anchor) {
  return RandomStream(static_cast<uint64_t>(seed),
                      "student sample " + std::to_string(epoch) + " " + std::to_string(anchor))
      .NextUint64();
}

bool IsHeldOut(const std::string& source_hash, double held_out_share) {
  return RandomStream(0, "held out " + source_hash).Uniform() < held_out_share;
}

}  // namespace foothold
