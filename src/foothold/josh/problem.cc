// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/problem.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/error.h"

namespace foothold {
namespace {

std::vector<int> ActiveJoints(bool all) {
  if (!all) return {kLeftHip, kRightHip, kLeftKnee, kRightKnee, kLeftAnkle, kRightAnkle};
  std::vector<int> joints;
  for (int k = 1; k < kNumJoints; ++k) joints.push_back(k);
  return joints;
}

void AddBody(int person, int keyframe, int frame_entry, Variables* variables) {
  const BodyPose& initial = variables->people[person].initial_in_cam[frame_entry];
  BodyVariable body;
  body.person = person;
  body.keyframe = keyframe;
  body.frame_entry = frame_entry;
  body.initial_in_cam = initial;
  body.block = variables->layout.BeginBlock();
  const Vec3d& t = initial.translation_m;
  variables->layout.AddEuclidean({t[0], t[1], t[2]});
  variables->layout.AddRotation(initial.root);
  for (const int joint : variables->active_joints) {
    variables->layout.AddRotation(initial.joints[joint - 1]);
  }
  variables->people[person].bodies.push_back(static_cast<int>(variables->bodies.size()));
  variables->bodies.push_back(body);
}

// Index of a frame among a person's frames, or -1.
int FindFrame(const PersonObservations& person, int frame) {
  const auto found = std::lower_bound(
      person.frames.begin(), person.frames.end(), frame, [](const PersonFrame& f, int wanted) {
        return f.frame < wanted;
      });
  if (found == person.frames.end() || found->frame != frame) return -1;
  return static_cast<int>(found - person.frames.begin());
}

}  // namespace

std::vector<std::vector<BodyPose>> SeenBodies(const Observations& observations) {
  std::vector<std::vector<BodyPose>> bodies(observations.people.size());
  for (size_t p = 0; p < bodies.size(); ++p) {
    for (const PersonFrame& frame : observations.people[p].frames) bodies[p].push_back(frame.body_in_cam);
  }
  return bodies;
}

Variables BuildVariables(const Observations& observations,
                         const BodyModel& body,
                         const JoshOptions& options,
                         const InitialAlignment& alignment,
                         const std::vector<std::vector<BodyPose>>& initial_in_cam) {
  Variables variables;
  variables.body_model = &body;
  variables.active_joints = ActiveJoints(options.optimize_all_joints);
  variables.initial_focal_px = observations.camera.pinhole.focal_px;
  variables.people.resize(observations.people.size());
  for (size_t p = 0; p < observations.people.size(); ++p) {
    FOOTHOLD_CHECK(initial_in_cam[p].size() == observations.people[p].frames.size(),
                   "one initial body per frame of a person");
    variables.people[p].initial_in_cam = initial_in_cam[p];
  }
  for (int k = 0; k < static_cast<int>(observations.keyframes.size()); ++k) {
    const int frame = observations.keyframes[k].frame;
    variables.keyframe_time_s.push_back(observations.clip.time_s[frame]);
    for (int p = 0; p < static_cast<int>(observations.people.size()); ++p) {
      const int entry = FindFrame(observations.people[p], frame);
      if (entry >= 0) AddBody(p, k, entry, &variables);
    }
    variables.camera_blocks.push_back(variables.layout.BeginBlock());
    variables.pose_pieces.push_back(variables.layout.AddRigid(alignment.world_from_cam[k]));
    variables.scale_pieces.push_back(variables.layout.AddEuclidean({alignment.log_scale[k]}));
  }
  for (size_t p = 0; p < observations.people.size(); ++p) {
    PersonVariables& person = variables.people[p];
    person.initial_shape = observations.people[p].shape;
    person.shape_block = variables.layout.BeginBlock();
    person.shape_piece = variables.layout.AddEuclidean(
        std::vector<double>(person.initial_shape.begin(), person.initial_shape.end()));
  }
  variables.focal_block = variables.layout.BeginBlock();
  variables.focal_piece = variables.layout.AddEuclidean({0.0});
  return variables;
}

void FixVariables(const Observations& observations,
                  const JoshOptions& options,
                  const FixedVariables& fixed,
                  Variables* variables) {
  const CameraObservations& camera = observations.camera;
  for (size_t k = 0; k < variables->pose_pieces.size(); ++k) {
    variables->layout.SetFixed(variables->pose_pieces[k], k == 0 || camera.poses_fixed);
    variables->layout.SetFixed(variables->scale_pieces[k],
                               fixed.scales || (camera.poses_fixed && camera.metric));
  }
  const bool focal_free =
      !fixed.focal && options.optimize_focal && !camera.focal_fixed && camera.focal_observable;
  variables->layout.SetFixed(variables->focal_piece, !focal_free);
  for (const BodyVariable& body : variables->bodies) {
    for (const int piece : variables->layout.block(body.block).pieces) {
      variables->layout.SetFixed(piece, !options.optimize_bodies);
    }
  }
  for (const PersonVariables& person : variables->people) {
    variables->layout.SetFixed(person.shape_piece, !options.optimize_bodies || person.bodies.empty());
  }
}

}  // namespace foothold
