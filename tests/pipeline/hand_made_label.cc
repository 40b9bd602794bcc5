// SPDX-License-Identifier: Apache-2.0
#include "pipeline/hand_made_label.h"

#include <cmath>
#include <numbers>

#include "foothold/base/random.h"
#include "foothold/pipeline/report/overlay.h"
#include "foothold/video/video.h"

namespace foothold {
namespace {

constexpr double kCameraHeight_m = 1.5;

// Upright body facing along the world's +x or -x; SMPL's y is up, the world's down.
BodyPose Walker(int frame, bool to_the_right, double z_m) {
  BodyPose pose;
  const Quatd upright = ExpQuaternion(Vec3d{std::numbers::pi, 0, 0});
  pose.root = upright * ExpQuaternion(Vec3d{0, (to_the_right ? 0.5 : -0.5) * std::numbers::pi, 0});
  const double x_m = (to_the_right ? -1.0 : 1.4) + (to_the_right ? 1 : -1) * 1.2 * frame / 30;
  pose.translation_m = {x_m, kCameraHeight_m - 0.93, z_m};
  const double swing = 0.45 * std::sin(2 * std::numbers::pi * frame / 30);
  pose.joints[kLeftHip - 1] = ExpQuaternion(Vec3d{swing, 0, 0});
  pose.joints[kRightHip - 1] = ExpQuaternion(Vec3d{-swing, 0, 0});
  pose.joints[kLeftShoulder - 1] = ExpQuaternion(Vec3d{0, 0, -1.2});
  pose.joints[kRightShoulder - 1] = ExpQuaternion(Vec3d{0, 0, 1.2});
  return pose;
}

Clip MakeClip(int num_frames) {
  Clip clip;
  clip.id = std::string(32, 'a');
  clip.name = "hand_made";
  clip.source_path = "hand_made.avi";
  clip.source_hash = std::string(32, 'b');
  for (int i = 0; i < num_frames; ++i) clip.time_s.push_back(i / 30.0);
  clip.frame_rate_hz = 30;
  clip.working_from_source = {320, 240, 160, 112, 0.5, 0.5, -0.25, -4.25};
  return clip;
}

void AddScene(int num_frames, Reconstruction* scene) {
  RandomStream random(7, "hand made scene");
  for (int i = 0; i < 3000; ++i) {
    const bool wall = i % 3 == 0;
    const double x = random.Uniform(-4, 5), depth = wall ? 7 : random.Uniform(1.5, 7);
    const double y = wall ? random.Uniform(-2, kCameraHeight_m) : kCameraHeight_m;
    const auto grey = static_cast<uint8_t>(wall ? 150 : 90 + 60 * ((int(x + 9) + int(depth)) % 2));
    scene->points.push_back(
        {Vec3d{x, y, depth}.Cast<float>(), 0.9f, {grey, grey, static_cast<uint8_t>(grey - 20)}});
  }
  for (const int frame : {0, num_frames / 2, num_frames - 1}) {
    KeyframeDepth keyframe{frame, 1 + 0.01 * frame / num_frames, ImageF(160, 112), ImageF(160, 112, 1, 0.8f)};
    for (int y = 0; y < 112; ++y) {
      for (int x = 0; x < 160; ++x) {
        const double floor_m = y > 60 ? kCameraHeight_m * 150 / (y - 56.0) : 7;
        keyframe.depth_m.At(x, y) = x < 10 ? 0 : static_cast<float>(std::min(7.0, floor_m));
      }
    }
    scene->keyframes.push_back(std::move(keyframe));
  }
}

SolverSummary MakeSummary() {
  SolverSummary summary;
  summary.termination = SolverSummary::Termination::kConverged;
  summary.message = "cost changes by less than 1e-6";
  summary.num_keyframes = 3;
  summary.num_parameters = 120;
  summary.terms = {
      {"match", 1, 0.8, 0.2, 5000}, {"contact_scale", 1, 0.5, 0.05, 300}, {"prior", 1, 0, 0.01, 90}};
  for (int i = 0; i < 12; ++i) {
    SolverSummary::Iteration iteration;
    iteration.stage = i < 6 ? "alignment in 3D" : "reprojection in 2D";
    iteration.iteration = i % 6;
    iteration.term_cost = {0.2 + 0.6 * std::exp(-i), 0.05 + 0.45 * std::exp(-0.7 * i), 0.01 * i / 11};
    iteration.cost = iteration.term_cost[0] + iteration.term_cost[1] + iteration.term_cost[2];
    iteration.accepted = i != 4;
    summary.iterations.push_back(iteration);
  }
  return summary;
}

}  // namespace

labels::Label HandMadeLabel(const BodyModel& body, int num_frames) {
  labels::Label label;
  label.clip = MakeClip(num_frames);
  Reconstruction& scene = label.reconstruction;
  scene.pinhole = {150, 80, 56};
  scene.distortion = {-0.08, 0};
  scene.gravity_known = true;
  scene.flags = {"focal_ambiguous"};
  for (int i = 0; i < num_frames; ++i) {
    scene.world_from_cam.push_back({ExpQuaternion(Vec3d{0, 0.002 * i, 0}), Vec3d{0.01 * i, 0, 0}});
  }
  for (int k = 0; k < 2; ++k) {
    PersonInWorld person;
    person.id = 3 + k;
    person.shape[0] = k;
    for (int i = 5 * k; i < num_frames; ++i) {
      person.frames.push_back(i);
      person.body_in_world.push_back(Walker(i, k == 0, 3.5 + k));
      person.confidence.push_back(0.9f);
      person.foot_contact.push_back({1, 0, 0, 1});
    }
    scene.people.push_back(person);
  }
  AddScene(num_frames, &scene);
  label.summary = MakeSummary();
  label.provenance = {"foothold 0.0.0", "hand made <&\">", "[josh]\nmatch_weight = 1\n", body.content_hash};
  return label;
}

void WriteHandMadeVideo(const labels::Label& label, const BodyModel& body, const std::string& path) {
  std::vector<ImageU8> frames;
  for (int i = 0; i < label.clip.num_frames(); ++i) {
    ImageU8 image(320, 240, 3, 70);
    for (const PersonInWorld& person : label.reconstruction.people) {
      const int entry = i - person.frames.front();
      if (entry < 0) continue;
      const PosedSkeleton skeleton = PoseSkeleton(body, person.shape, person.body_in_world[entry]);
      Vec2d pelvis_px;
      if (!report::ProjectToSource(
              label,
              Inverse(label.reconstruction.world_from_cam[i]) * skeleton.joints_m[kPelvis],
              &pelvis_px)) {
        continue;
      }
      for (int y = 0; y < 240; ++y) {
        for (int x = 0; x < 320; ++x) {
          if (std::hypot(x - pelvis_px[0], y - pelvis_px[1]) < 6) image.At(x, y, 0) = 255;
        }
      }
    }
    frames.push_back(std::move(image));
  }
  WriteVideo(path, label.clip.frame_rate_hz, frames);
}

}  // namespace foothold
