// SPDX-License-Identifier: Apache-2.0
#include "foothold/scene/reconstruction.h"

#include <cmath>
#include <set>

#include "foothold/scene/problem_list.h"

namespace foothold {

void FillJoints(const BodyModel& model, Reconstruction* reconstruction) {
  for (PersonInWorld& person : reconstruction->people) {
    person.joints_in_world.clear();
    person.joints_in_world.reserve(person.body_in_world.size());
    for (const BodyPose& pose : person.body_in_world) {
      person.joints_in_world.push_back(PoseSkeleton(model, person.shape, pose).joints_m);
    }
  }
}

namespace {

// Optional arrays are empty or as long as `frames`.
void RequireOptionalSize(const std::string& field, size_t size, size_t expected, ProblemList* problems) {
  if (size != 0) problems->RequireSize(field, size, expected);
}

void RequirePerson(const std::string& group,
                   const PersonInWorld& person,
                   int num_frames,
                   ProblemList* problems) {
  const size_t count = person.frames.size();
  if (count == 0) problems->Add(group + "frame", "has no frames");
  problems->RequireAscending(group + "frame", person.frames, num_frames);
  problems->RequireFinite(group + "shape", person.shape.data(), person.shape.size());
  problems->RequireSize(group + "body_in_world_rotation", person.body_in_world.size(), count);
  problems->RequireSize(group + "confidence", person.confidence.size(), count);
  RequireOptionalSize(group + "box_px", person.box_px.size(), count, problems);
  RequireOptionalSize(group + "foot_contact", person.foot_contact.size(), count, problems);
  RequireOptionalSize(group + "joints_in_world_m", person.joints_in_world.size(), count, problems);
  for (size_t i = 0; i < person.body_in_world.size(); ++i) {
    const BodyPose& pose = person.body_in_world[i];
    const std::string entry = ": entry " + std::to_string(i);
    problems->RequireUnit(group + "body_in_world_rotation" + entry, pose.root);
    for (const Quatd& joint : pose.joints) {
      problems->RequireUnit(group + "body_in_world_rotation" + entry, joint);
    }
    problems->RequireFinite(group + "body_in_world_translation_m" + entry, pose.translation_m);
  }
  for (size_t i = 0; i < person.confidence.size(); ++i) {
    problems->RequireConfidence(group + "confidence", i, person.confidence[i]);
  }
  for (size_t i = 0; i < person.box_px.size(); ++i) {
    problems->RequireBox(group + "box_px", i, person.box_px[i]);
  }
  for (size_t i = 0; i < person.foot_contact.size(); ++i) {
    for (float contact : person.foot_contact[i]) {
      problems->RequireConfidence(group + "foot_contact", i, contact);
    }
  }
  for (size_t i = 0; i < person.joints_in_world.size(); ++i) {
    for (const Vec3d& joint : person.joints_in_world[i]) {
      problems->RequireFinite(group + "joints_in_world_m: entry " + std::to_string(i), joint);
    }
  }
  problems->RequireFlags(group + "flags", person.flags);
}

void RequireKeyframeDepths(const Reconstruction& reconstruction, int num_frames, ProblemList* problems) {
  std::vector<int> frames;
  for (size_t k = 0; k < reconstruction.keyframes.size(); ++k) {
    const KeyframeDepth& keyframe = reconstruction.keyframes[k];
    const KeyframeDepth& first = reconstruction.keyframes[0];
    const std::string entry = ": keyframe " + std::to_string(k);
    frames.push_back(keyframe.frame);
    problems->RequirePositive("keyframes/scale" + entry, keyframe.scale);
    problems->RequireDepth(
        "keyframes/depth_m" + entry, keyframe.depth_m, first.depth_m.width, first.depth_m.height);
    problems->RequireDepthConfidence("keyframes/confidence" + entry, keyframe.confidence, keyframe.depth_m);
  }
  problems->RequireAscending("keyframes/frame", frames, num_frames);
}

void RequirePoints(const std::vector<ScenePoint>& points, ProblemList* problems) {
  for (size_t i = 0; i < points.size(); ++i) {
    const Vec3f& x = points[i].position_m;
    if (!(std::isfinite(x[0]) && std::isfinite(x[1]) && std::isfinite(x[2]))) {
      problems->Add("points/position_m", "entry " + std::to_string(i) + " is not finite");
      return;
    }
    if (!(points[i].confidence >= 0 && points[i].confidence <= 1)) {
      problems->RequireConfidence("points/confidence", i, points[i].confidence);
      return;
    }
  }
}

}  // namespace

std::vector<std::string> ProblemsOf(const Reconstruction& reconstruction, const Clip& clip) {
  ProblemList problems;
  problems.RequireClip(clip);
  problems.RequireCamera(
      reconstruction.world_from_cam, reconstruction.pinhole, reconstruction.distortion, clip.num_frames());
  std::set<int> ids;
  for (size_t p = 0; p < reconstruction.people.size(); ++p) {
    const PersonInWorld& person = reconstruction.people[p];
    if (!ids.insert(person.id).second) {
      problems.Add(PersonGroup(p) + "/id", std::to_string(person.id) + " belongs to another person already");
    }
    RequirePerson(PersonGroup(p) + "/", person, clip.num_frames(), &problems);
  }
  RequireKeyframeDepths(reconstruction, clip.num_frames(), &problems);
  RequirePoints(reconstruction.points, &problems);
  problems.RequireFlags("flags", reconstruction.flags);
  return problems.problems();
}

}  // namespace foothold
