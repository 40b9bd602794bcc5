// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/josh/released_batch.h"
#include "support/random_joint_problem.h"

namespace foothold {

inline const BodyModel& Stick() {
  static const BodyModel model = StickBodyModel();
  return model;
}

// Well-behaved problems of several sizes: one without people, one of a single keyframe.
inline std::vector<JointProblem> NiceProblems() {
  std::vector<JointProblem> problems;
  for (const auto& [keyframes, people, matches] : {std::array{5, 1, 400},
                                                   std::array{9, 2, 300},
                                                   std::array{12, 0, 200},
                                                   std::array{1, 1, 0},
                                                   std::array{3, 1, 5000}}) {
    RandomProblemOptions options;
    options.seed = problems.size() + 1;
    options.keyframes = keyframes;
    options.people = people;
    options.matches_per_pair = matches;
    options.window = 4;
    problems.push_back(MakeRandomProblem(options, Stick()));
  }
  return problems;
}

inline std::vector<const JointProblem*> Pointers(const std::vector<JointProblem>& problems) {
  std::vector<const JointProblem*> pointers;
  for (const JointProblem& problem : problems) pointers.push_back(&problem);
  return pointers;
}

// Every number that a solve moves.
inline std::vector<double> Numbers(const JointParameters& parameters) {
  std::vector<double> out = parameters.log_size;
  out.push_back(parameters.log_focal);
  for (const Quatd& q : parameters.camera_rotation) out.insert(out.end(), {q.w, q.x, q.y, q.z});
  for (const Vec3d& t : parameters.camera_tau_m) out.insert(out.end(), t.data, t.data + 3);
  return out;
}

}  // namespace foothold
