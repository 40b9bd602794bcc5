// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "foothold/base/random.h"
#include "foothold/objective/matches.h"
#include "foothold/objective/variables.h"
#include "labels/body_file.h"

namespace foothold {

// A few cameras and bodies with random parameters near a plausible scene: enough to move every
// parameter of every term.
struct SmallProblem {
  Variables variables;
  std::vector<MatchedPair> pairs;
};

inline const BodyModel& SharedBody() {
  static const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  return body;
}

inline Vec3d RandomVector(RandomStream* random, double size) {
  return {size * random->Normal(), size * random->Normal(), size * random->Normal()};
}

inline BodyPose RandomBody(RandomStream* random) {
  BodyPose pose;
  // Standing upright in an OpenCV camera: half a turn about x.
  pose.root = ExpQuaternion(Vec3d{3.1415926, 0, 0}) * ExpQuaternion(RandomVector(random, 0.3));
  pose.translation_m = {random->Normal(), 0.3 * random->Normal(), 5 + random->Normal()};
  for (Quatd& joint : pose.joints) joint = ExpQuaternion(RandomVector(random, 0.2));
  return pose;
}

inline std::unique_ptr<SmallProblem> MakeSmallProblem(uint64_t seed) {
  auto problem = std::make_unique<SmallProblem>();
  Variables& variables = problem->variables;
  RandomStream random(seed, "small problem");
  variables.body_model = &SharedBody();
  variables.active_joints = {kLeftHip, kRightHip, kLeftKnee, kRightKnee, kLeftAnkle, kRightAnkle};
  variables.initial_focal_px = 450;
  for (int person = 0; person < 2; ++person) variables.people.emplace_back();
  for (int k = 0; k < 4; ++k) {
    variables.keyframe_time_s.push_back(0.2 * k);
    for (int person = 0; person < 2; ++person) {
      BodyVariable body;
      body.person = person;
      body.keyframe = k;
      body.initial_in_cam = RandomBody(&random);
      body.block = variables.layout.BeginBlock();
      const Vec3d& t = body.initial_in_cam.translation_m;
      variables.layout.AddEuclidean({t[0], t[1], t[2]});
      variables.layout.AddRotation(body.initial_in_cam.root);
      for (const int joint : variables.active_joints) {
        variables.layout.AddRotation(body.initial_in_cam.joints[joint - 1]);
      }
      variables.people[person].bodies.push_back(static_cast<int>(variables.bodies.size()));
      variables.bodies.push_back(body);
    }
    variables.camera_blocks.push_back(variables.layout.BeginBlock());
    variables.pose_pieces.push_back(
        variables.layout.AddRigid({ExpQuaternion(RandomVector(&random, 0.1)), RandomVector(&random, 0.3)}));
    variables.scale_pieces.push_back(variables.layout.AddEuclidean({0.1 * random.Normal()}));
  }
  for (PersonVariables& person : variables.people) {
    person.shape_block = variables.layout.BeginBlock();
    for (double& s : person.initial_shape) s = 0.5 * random.Normal();
    person.shape_piece = variables.layout.AddEuclidean(
        std::vector<double>(person.initial_shape.begin(), person.initial_shape.end()));
  }
  variables.focal_block = variables.layout.BeginBlock();
  variables.focal_piece = variables.layout.AddEuclidean({0.0});

  for (int i = 0; i < 4; ++i) {
    for (int j = i + 1; j < 4; ++j) {
      MatchedPair pair;
      pair.i = i;
      pair.j = j;
      for (int n = 0; n < 8; ++n) {
        const auto draw = [&](double low, double high) {
          return static_cast<float>(random.Uniform(low, high));
        };
        const float x = draw(-200, 200), y = draw(-150, 150), depth = draw(3, 8);
        pair.matches.push_back({x,
                                y,
                                depth,
                                x + draw(-20, 20),
                                y + draw(-20, 20),
                                depth * draw(0.9, 1.1),
                                draw(0.2, 1),
                                n == 0 ? 0.0f : draw(0.2, 1)});
      }
      problem->pairs.push_back(pair);
    }
  }
  return problem;
}

// The start moved at random, so that no prior sits at its minimum.
inline std::vector<double> MovedValues(const Variables& variables, uint64_t seed, double size) {
  RandomStream random(seed, "moved values");
  std::vector<double> delta(variables.layout.num_tangent());
  for (double& d : delta) d = size * random.Normal();
  std::vector<double> moved;
  variables.layout.Plus(variables.layout.initial_values(), delta, &moved);
  return moved;
}

}  // namespace foothold
