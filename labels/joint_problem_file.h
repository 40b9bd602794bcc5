// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/scene/joint_problem.h"
#include "labels/hdf5.h"

namespace foothold::labels {

// One joint optimisation problem (docs/performance.md, "Problem files"). Throws Error(kBadInput) with
// everything that is wrong with it. `num_vertices`: of the body model.
JointProblem ReadJointProblem(const std::string& path, int num_vertices);

// A group that holds the numbers of JointParameters, for `problem`.
JointParameters ReadJointParameters(const Hdf5Reader& reader,
                                    const std::string& group,
                                    const JointProblem& problem);

}  // namespace foothold::labels
