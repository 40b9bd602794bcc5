// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

#include "foothold/scene/observations.h"
#include "foothold/scene/problem_list.h"
#include "labels/message_of.h"
#include "labels/sample_data.h"

namespace foothold::labels {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr float kNanF = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfF = std::numeric_limits<float>::infinity();

struct BrokenRule {
  const char* message;  // Part of the message.
  std::function<void(Observations*)> edit;
};

const std::vector<BrokenRule>& BrokenRules() {
  static const std::vector<BrokenRule> rules = {
      {"clip/time_s: has no frames", [](Observations* o) { o->clip.time_s.clear(); }},
      {"clip/time_s: entry 2 is nan", [](Observations* o) { o->clip.time_s[2] = kNan; }},
      {"clip/time_s: entry 3 is", [](Observations* o) { o->clip.time_s[3] = o->clip.time_s[2]; }},
      {"clip/frame_rate_hz: is 0", [](Observations* o) { o->clip.frame_rate_hz = 0; }},
      {"clip/first_frame: is negative", [](Observations* o) { o->clip.first_frame = -1; }},
      {"clip/working_size_px: is 33 x 16", [](Observations* o) { o->clip.working_from_source.width = 33; }},
      {"clip/working_size_px: is 32 x -16",
       [](Observations* o) { o->clip.working_from_source.height = -16; }},
      {"clip/source_size_px", [](Observations* o) { o->clip.working_from_source.source_width = 0; }},
      {"clip/working_from_source_scale", [](Observations* o) { o->clip.working_from_source.scale_x = 0; }},
      {"clip/working_from_source_offset_px",
       [](Observations* o) { o->clip.working_from_source.offset_y_px = kNan; }},
      {"camera/world_from_cam_rotation: has 5 entries, expected 6",
       [](Observations* o) { o->camera.world_from_cam.pop_back(); }},
      {"camera/world_from_cam_rotation: frame 1: quaternion has norm",
       [](Observations* o) { o->camera.world_from_cam[1].rotation.w += 0.1; }},
      {"camera/world_from_cam_rotation: frame 1: quaternion has norm nan",
       [](Observations* o) { o->camera.world_from_cam[1].rotation.w = kNan; }},
      {"camera/world_from_cam_translation_m: frame 4",
       [](Observations* o) { o->camera.world_from_cam[4].translation[1] = kNan; }},
      {"camera/focal_px: is -3", [](Observations* o) { o->camera.pinhole.focal_px = -3; }},
      {"camera/center_px", [](Observations* o) { o->camera.pinhole.center_x_px = kNan; }},
      {"camera/distortion", [](Observations* o) { o->camera.distortion.k2 = kNan; }},
      {"ground/up_in_world",
       [](Observations* o) {
         o->ground.up_in_world = {0, 0, 0};
       }},
      {"ground/offset_m", [](Observations* o) { o->ground.offset_m = kNan; }},
      {"keyframes/frame: has no keyframes", [](Observations* o) { o->keyframes.clear(); }},
      {"must start with the first frame", [](Observations* o) { o->keyframes[0].frame = 1; }},
      {"must start with the first frame", [](Observations* o) { o->keyframes.pop_back(); }},
      {"keyframes/frame: entry 1 is 0, expected more", [](Observations* o) { o->keyframes[1].frame = 0; }},
      {"keyframes/frame: entry 2 is 6, expected 0 to 5", [](Observations* o) { o->keyframes[2].frame = 6; }},
      {"keyframes/depth_m: keyframe 1: is 0 x 0",
       [](Observations* o) { o->keyframes[1].depth_m = ImageF(); }},
      {"keyframes/depth_m: keyframe 1: pixel (3, 2) is -1",
       [](Observations* o) { o->keyframes[1].depth_m.At(3, 2) = -1; }},
      {"keyframes/depth_m: keyframe 1: pixel (3, 2) is inf",
       [](Observations* o) { o->keyframes[1].depth_m.At(3, 2) = kInfF; }},
      {"keyframes/confidence: keyframe 0: is 16 x 16",
       [](Observations* o) { o->keyframes[0].confidence = ImageF(16, 16); }},
      {"keyframes/confidence: keyframe 0: pixel (3, 2) is 1.5",
       [](Observations* o) { o->keyframes[0].confidence.At(3, 2) = 1.5f; }},
      {"keyframes/confidence: keyframe 0: pixel (3, 2) is nan",
       [](Observations* o) { o->keyframes[0].confidence.At(3, 2) = kNanF; }},
      {"because the depth there is unknown",
       [](Observations* o) {
         o->keyframes[0].depth_m.At(3, 2) = 0;
         o->keyframes[0].confidence.At(3, 2) = 0.5f;
       }},
      {"person_mask holds 7", [](Observations* o) { o->keyframes[0].person_mask.At(3, 2) = 7; }},
      {"person_mask differs in size", [](Observations* o) { o->keyframes[0].person_mask = ImageU8(16, 16); }},
      {"confidence is not 0 on a person",
       [](Observations* o) {
         o->keyframes[0].depth_m.At(5, 5) = 1;
         o->keyframes[0].confidence.At(5, 5) = 1;
       }},
      {"is not an RGB image", [](Observations* o) { o->keyframes[2].color = ImageU8(32, 16, 1); }},
      {"for all keyframes or none", [](Observations* o) { o->keyframes[1].color = ImageU8(); }},
      {"for all keyframes or none", [](Observations* o) { o->keyframes[1].person_mask = ImageU8(); }},
      {"pairs: pair 0: joins keyframes 1 and 1", [](Observations* o) { o->pairs[0].i = 1; }},
      {"pairs: pair 2: joins keyframes 1 and 3", [](Observations* o) { o->pairs[2].j = 3; }},
      {"pairs: pair 1: is not after", [](Observations* o) { std::swap(o->pairs[0], o->pairs[1]); }},
      {"pairs: pair 0: match 2 is not finite", [](Observations* o) { o->pairs[0].matches[2].y_j = kNanF; }},
      {"pairs: pair 0: entry 1 is -0.5", [](Observations* o) { o->pairs[0].matches[1].confidence = -0.5f; }},
      {"people/0001/id: 4 belongs to another", [](Observations* o) { o->people[1].id = 4; }},
      {"people/0000/shape: entry 9", [](Observations* o) { o->people[0].shape[9] = kNan; }},
      {"people/0001/frame: has no frames",
       [](Observations* o) {
         o->people[1].frames.clear();
         o->people[1].contacts.clear();
       }},
      {"people/0000/frame: entry 1 is 0", [](Observations* o) { o->people[0].frames[1].frame = 0; }},
      {"people/0000/frame: entry 5 is 6", [](Observations* o) { o->people[0].frames[5].frame = 6; }},
      {"people/0000/box_px: entry 2", [](Observations* o) { o->people[0].frames[2].box_px.width = 0; }},
      {"people/0000/box_px: entry 2", [](Observations* o) { o->people[0].frames[2].box_px.x = kNanF; }},
      {"people/0000/confidence: entry 2 is 1.25",
       [](Observations* o) { o->people[0].frames[2].confidence = 1.25f; }},
      {"people/0000/pose_confidence: entry 2 is -1",
       [](Observations* o) { o->people[0].frames[2].pose_confidence = -1; }},
      {"people/0000/body_in_cam_rotation: frame 2",
       [](Observations* o) { o->people[0].frames[2].body_in_cam.root.x += 1; }},
      {"people/0000/body_in_cam_rotation: frame 2",
       [](Observations* o) { o->people[0].frames[2].body_in_cam.joints[22].x += 1; }},
      {"people/0000/body_in_cam_translation_m: frame 2",
       [](Observations* o) { o->people[0].frames[2].body_in_cam.translation_m[2] = kNan; }},
      {"people/0000/contacts/keyframe: entry 2 is 3",
       [](Observations* o) { o->people[0].contacts[2].keyframe = 3; }},
      {"people/0001/contacts/keyframe: entry 2 is at a frame where",
       [](Observations* o) { o->people[1].contacts[2].keyframe = 2; }},
      {"people/0000/contacts/vertex: entry 0 is negative",
       [](Observations* o) { o->people[0].contacts[0].vertex = -1; }},
      {"people/0000/contacts: entry 1 is not after",
       [](Observations* o) { o->people[0].contacts[1].vertex = 11; }},
      {"people/0000/contacts/confidence: entry 0 is nan",
       [](Observations* o) { o->people[0].contacts[0].confidence = kNanF; }},
      {"people/0000/flags: 'No'", [](Observations* o) { o->people[0].flags = {"No"}; }},
      {"flags: ''", [](Observations* o) { o->flags = {""}; }},
  };
  return rules;
}

TEST(CheckObservations, AcceptsTheSample) {
  EXPECT_EQ(MessageOf([] { CheckObservations(SampleObservations(), "x"); }), "no error");
  EXPECT_TRUE(ProblemsOf(SampleObservations()).empty());
}

TEST(CheckObservations, NamesEveryBrokenRule) {
  for (const BrokenRule& rule : BrokenRules()) {
    Observations observations = SampleObservations();
    rule.edit(&observations);
    bool named = false;
    for (const std::string& problem : ProblemsOf(observations)) {
      named = named || problem.find(rule.message) != std::string::npos;
    }
    EXPECT_TRUE(named) << rule.message;
    const std::string message = MessageOf([&] { CheckObservations(observations, "file.h5"); });
    EXPECT_EQ(message.find("file.h5: "), 0u) << message;
  }
}

TEST(CheckObservations, LimitsTheList) {
  Observations observations = SampleObservations();
  for (PersonFrame& frame : observations.people[0].frames) frame.body_in_cam.joints.fill({0, 0, 0, 0});
  EXPECT_EQ(ProblemsOf(observations).size(), ProblemList::kMaxProblems);
}

}  // namespace
}  // namespace foothold::labels
