// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "foothold/geometry/vec.h"

namespace foothold {

// Metrics of human motion as the field computes them (docs/metrics.md gives each definition and its
// source). Sequences of frames of points, metres; results are one value per frame, or as said.

struct PointSequence {
  int num_points = 0;           // Per frame.
  std::vector<Vec3d> points_m;  // [frames * num_points], frame-major.

  int num_frames() const { return num_points == 0 ? 0 : static_cast<int>(points_m.size()) / num_points; }
  const Vec3d& At(int frame, int point) const {
    return points_m[static_cast<size_t>(frame) * num_points + point];
  }
  std::vector<Vec3d> Frames(int begin, int end) const {
    return {points_m.begin() + static_cast<std::ptrdiff_t>(begin) * num_points,
            points_m.begin() + static_cast<std::ptrdiff_t>(end) * num_points};
  }
};

// Joints less the pelvis, taken as the mean of joints 1 and 2 (the hips).
PointSequence PelvisCentred(const PointSequence& points, const PointSequence& joints);

// Mean distance over points after centring each on its pelvis; mm. MPJPE with joints as points, PVE
// with vertices.
std::vector<double> CentredErrors_mm(const PointSequence& predicted,
                                     const PointSequence& truth,
                                     const PointSequence& predicted_joints,
                                     const PointSequence& truth_joints);
inline std::vector<double> Mpjpe_mm(const PointSequence& predicted, const PointSequence& truth) {
  return CentredErrors_mm(predicted, truth, predicted, truth);
}

// Mean joint distance after a similarity alignment of every frame (no reflection); mm.
std::vector<double> PaMpjpe_mm(const PointSequence& predicted, const PointSequence& truth);

// Mean joint distance after a similarity alignment (scale included) of each chunk of at most
// `chunk_frames` frames, estimated from its first `alignment_frames` frames, or from all when 0; mm.
// W-MPJPE: 2; WA-MPJPE: 0.
std::vector<double> WorldMpjpe_mm(const PointSequence& predicted,
                                  const PointSequence& truth,
                                  int alignment_frames,
                                  int chunk_frames = 100);

// Mean joint distance between second differences; m/s^2; frames - 4 values (the first and last are
// dropped), empty for fewer than five frames.
std::vector<double> AccelerationErrors(const PointSequence& predicted,
                                       const PointSequence& truth,
                                       double frame_rate_hz);

// Mean norm over points of the third difference times rate^3 / 10, hence in 10 m/s^3; frames - 3
// values.
std::vector<double> Jitter(const PointSequence& points, double frame_rate_hz);

// Distance of the root after a rigid alignment of the trajectory, in percent of the length of the true
// path. Undefined (empty) when the truth does not move.
std::optional<std::vector<double>> RootTranslationErrors_percent(const std::vector<Vec3d>& predicted_m,
                                                                 const std::vector<Vec3d>& truth_m);

// Foot sliding: a vertex is in contact during a step (frame to frame) when its true displacement is
// below `contact_m`.
struct FootSliding {
  std::vector<uint8_t> contact;    // [(frames - 1) * points], step-major.
  std::vector<double> sliding_mm;  // Predicted displacement of every contact, in that order.
};
FootSliding MeasureFootSliding(const PointSequence& predicted_feet,
                               const PointSequence& true_feet,
                               double contact_m = 0.01);

}  // namespace foothold
