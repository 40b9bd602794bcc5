// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/geometry/transform.h"
#include "foothold/scene/body.h"
#include "foothold/scene/observations.h"

namespace foothold {

// Perception's rotations err slowly: an error lasts half a second or longer, far longer than noise that
// smoothness could see, yet a posture mostly lasts longer still or repeats with the steps. So each axis
// of each rotation is a Gaussian process: a constant, a gait (harmonics of a period, size unknown), slow
// changes of the posture (size unknown), and the slow error (size known). How large the unknown parts
// are is learnt from the track itself: an axis that changes slowly by no more than perception errs is
// taken to stand still; one that changes by more is left alone. Postures that last are nearly symmetric:
// the constant of what mirroring inverts (a twist, one arm before the other) may be small.
struct SteadyPoseOptions {
  double error_rad = 0.06;       // Standard deviation of the slow error, per axis.
  double error_kernel_s = 0.25;  // Correlation exp(-dt^2 / (4 kernel^2)).
};

// Expected slow error of one signal seen at `time_s` (ascending), at the same times.
std::vector<double> SlowError(const std::vector<double>& time_s,
                              const std::vector<double>& values,
                              const SteadyPoseOptions& options);

// Bodies of one person without their slow errors. Root rotations are steadied in the world, against its
// up direction: `world_from_cam` has one rotation per body.
std::vector<BodyPose> SteadyBodies(const std::vector<double>& time_s,
                                   const std::vector<BodyPose>& bodies_in_cam,
                                   const std::vector<Quatd>& world_from_cam,
                                   const Vec3d& up_in_world,
                                   const SteadyPoseOptions& options);

// The same for everybody, with perception's cameras: per person, one body per frame. Tracks shorter than
// a second stay as they are, since nothing tells a slow error from a posture there.
std::vector<std::vector<BodyPose>> SteadyPeople(const Observations& observations, int threads);

}  // namespace foothold
