// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "foothold/student/josh3r.h"
#include "foothold/student/losses.h"
#include "foothold/student/pair_sampler.h"
#include "foothold/student/student_pack.h"

namespace foothold {

// On the CPU. `targets.contact` and `targets.scene_mask` are always given.
struct LoadedBatch {
  PairBatch batch;
  PairTargets targets;
  std::vector<uint64_t> sample_seeds;  // For ForwardMode: functions of (seed, epoch, sample).
};

LoadedBatch MakeEmptyBatch(int64_t count, int64_t height, int64_t width);

// Fills row `row` of the batch: pictures, boxes and targets of one pair (docs/student_data.md). Points count
// as known from `min_point_confidence` on.
void FillSample(const StudentPack& pack,
                const FramePair& pair,
                double min_point_confidence,
                int64_t row,
                LoadedBatch* batch);

// Motion in the parameters of the body from (root, translation) `from` to `to`, both in the same frame of
// reference and of the same shape: posing at the identity and then at the result, and applying `from` to
// both, gives both bodies. The frame of reference and the rest pelvis drop out.
Rigid3d RelativeMotion(const BodyPose& from, const BodyPose& to);

}  // namespace foothold
