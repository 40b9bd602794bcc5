// SPDX-License-Identifier: Apache-2.0
#include "support/random_joint_problem.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/random.h"
#include "foothold/geometry/transform.h"

namespace foothold {
namespace {

constexpr int kBlock = 8;                      // Pixels per anchor and side.
constexpr double kFloor_m = 1.5, kRoom_m = 6;  // y down; walls at +-kRoom_m, the ceiling far.

// Depth along the optical axis at which a ray through a pixel meets the room.
class Room {
 public:
  explicit Room(RandomStream* random) {
    for (double& phase : phase_) phase = random->Uniform(0, 6.28);
  }
  double Depth(const Rigid3d& world_from_cam, const Vec3d& ray_in_cam) const {
    const Vec3d direction = Rotate(world_from_cam.rotation, ray_in_cam);
    const Vec3d& origin = world_from_cam.translation;
    double depth = 1e9;
    Meet(kFloor_m - origin[1], direction[1], &depth);
    Meet(-2 * kRoom_m - origin[1], direction[1], &depth);
    for (const int axis : {0, 2}) {
      Meet(kRoom_m - origin[axis], direction[axis], &depth);
      Meet(-kRoom_m - origin[axis], direction[axis], &depth);
    }
    const Vec3d point = origin + depth * direction;
    // Bumps, so that walls are not planes.
    return depth * (1 + 0.03 * std::sin(2 * point[0] + phase_[0]) * std::sin(3 * point[1] + phase_[1]) *
                            std::sin(2 * point[2] + phase_[2]));
  }

 private:
  static void Meet(double distance, double speed, double* depth) {
    const double at = distance / speed;
    if (speed * distance > 0 && at < *depth) *depth = at;
  }
  double phase_[3];
};

// The world behind a problem, and what it looks like.
class Builder {
 public:
  Builder(const RandomProblemOptions& options, const BodyModel& model)
      : options_(options), model_(model), random_(options.seed, "random_joint_problem"), room_(&random_) {}

  JointProblem Build() {
    problem_.width = options_.width;
    problem_.height = options_.height;
    problem_.anchors_x = options_.width / kBlock;
    problem_.anchors_y = options_.height / kBlock;
    focal_px_ = 0.9 * options_.width;
    problem_.initial_focal_px = focal_px_ * (1 + options_.focal_error);
    MakeCameras();
    for (int i = 0; i < options_.keyframes; ++i) MakeDepths(i);
    MakeTree();
    MakePairs();
    for (int p = 0; p < options_.people; ++p) MakePerson();
    return std::move(problem_);
  }

 private:
  Vec3d Ray(double x, double y) const {
    return {(x - options_.width / 2.0) / focal_px_, (y - options_.height / 2.0) / focal_px_, 1};
  }
  Vec2d Project(const Vec3d& in_cam) const {
    return {focal_px_ * in_cam[0] / in_cam[2] + options_.width / 2.0,
            focal_px_ * in_cam[1] / in_cam[2] + options_.height / 2.0};
  }
  bool Inside(const Vec2d& pixel) const {
    return pixel[0] >= 0 && pixel[1] >= 0 && pixel[0] <= options_.width - 1 &&
           pixel[1] <= options_.height - 1;
  }
  int AnchorOf(int x, int y) const {
    return std::min(y / kBlock, problem_.anchors_y - 1) * problem_.anchors_x +
           std::min(x / kBlock, problem_.anchors_x - 1);
  }
  double TrueDepth(int keyframe, double x, double y) const {
    return room_.Depth(cameras_[keyframe], Ray(x, y));
  }
  double AnchorDepth(int keyframe, int anchor) const {
    const int x = anchor % problem_.anchors_x, y = anchor / problem_.anchors_x;
    return TrueDepth(keyframe, kBlock * x + kBlock / 2.0, kBlock * y + kBlock / 2.0);
  }
  // Depth at a pixel over that at its anchor.
  float Omega(int keyframe, int x, int y) const {
    return static_cast<float>(TrueDepth(keyframe, x, y) / AnchorDepth(keyframe, AnchorOf(x, y)));
  }

  void MakeCameras() {
    Rigid3d camera = Rigid3d::Identity();
    Vec3d step{options_.step_m, 0, 0};
    Vec3d turn{0, options_.turn_rad, 0};
    for (int i = 0; i < options_.keyframes; ++i) {
      cameras_.push_back(camera);
      for (int c = 0; c < 3; ++c) {
        step[c] = 0.9 * step[c] + 0.4 * options_.step_m * random_.Normal();
        turn[c] = 0.8 * turn[c] + 0.5 * options_.turn_rad * random_.Normal();
      }
      step[1] *= 0.3;
      turn[2] *= 0.3;
      camera.rotation = Normalized(camera.rotation * ExpQuaternion(turn));
      for (int c = 0; c < 3; ++c) {
        // Stays away from the walls.
        const double limit = c == 1 ? 0.7 : kRoom_m / 2;
        camera.translation[c] = std::clamp(camera.translation[c] + step[c], -limit, limit);
      }
    }
  }

  void MakeDepths(int keyframe) {
    const double size = std::exp(options_.size_noise * random_.Normal());
    std::vector<float> depths;
    for (int a = 0; a < problem_.num_anchors(); ++a) {
      depths.push_back(static_cast<float>(size * AnchorDepth(keyframe, a) *
                                          std::exp(options_.depth_noise * random_.Normal())));
    }
    problem_.core_depth_m.insert(problem_.core_depth_m.end(), depths.begin(), depths.end());
    const auto middle = depths.begin() + (static_cast<int64_t>(depths.size()) - 1) / 2;
    std::nth_element(depths.begin(), middle, depths.end());
    problem_.median_depth_m.push_back(*middle);
    problem_.base_focal_px.push_back(static_cast<float>(problem_.initial_focal_px));
  }

  // A chain to both sides of a random root.
  void MakeTree() {
    problem_.root = random_.UniformInt(0, options_.keyframes - 1);
    for (int i = problem_.root + 1; i < options_.keyframes; ++i) problem_.edges.push_back({i - 1, i});
    for (int i = problem_.root - 1; i >= 0; --i) problem_.edges.push_back({i + 1, i});
  }

  void MakePairs() {
    problem_.offset.push_back(0);
    for (int i = 0; i < options_.keyframes; ++i) {
      for (int j = i + 1; j <= std::min(i + options_.window, options_.keyframes - 1); ++j) {
        const bool split = options_.disconnected && i < options_.keyframes / 2 && j >= options_.keyframes / 2;
        if (split) continue;
        problem_.pairs.push_back({i, j});
        for (int m = 0; m < options_.matches_per_pair; ++m) MakeMatch(i, j);
        problem_.offset.push_back(static_cast<int64_t>(problem_.matches.size()));
      }
    }
  }

  void MakeMatch(int i, int j) {
    const int x1 = random_.UniformInt(0, options_.width - 1), y1 = random_.UniformInt(0, options_.height - 1);
    int x2 = random_.UniformInt(0, options_.width - 1), y2 = random_.UniformInt(0, options_.height - 1);
    if (!random_.Bernoulli(options_.outlier_share)) {
      const Vec3d in_world = cameras_[i] * (TrueDepth(i, x1, y1) * Ray(x1, y1));
      const Vec3d in_cam = Inverse(cameras_[j]) * in_world;
      if (in_cam[2] < 0.1) return;
      Vec2d seen = Project(in_cam);
      for (int a = 0; a < 2; ++a) seen[a] += options_.pixel_noise_px * random_.Normal();
      if (!Inside(seen)) return;
      x2 = static_cast<int>(std::lround(seen[0]));
      y2 = static_cast<int>(std::lround(seen[1]));
      if (std::abs(TrueDepth(j, x2, y2) / in_cam[2] - 1) > 0.05) return;  // Hidden.
    }
    MatchArrays& out = problem_.matches;
    out.x1.push_back(static_cast<uint16_t>(x1));
    out.y1.push_back(static_cast<uint16_t>(y1));
    out.x2.push_back(static_cast<uint16_t>(x2));
    out.y2.push_back(static_cast<uint16_t>(y2));
    out.anchor1.push_back(static_cast<uint16_t>(AnchorOf(x1, y1)));
    out.anchor2.push_back(static_cast<uint16_t>(AnchorOf(x2, y2)));
    out.omega1.push_back(Omega(i, x1, y1));
    out.omega2.push_back(Omega(j, x2, y2));
    out.confidence.push_back(static_cast<float>(random_.Uniform(0.2, 1)));
  }

  // Someone on the floor who turns and shuffles, standing on one foot and then the other.
  void MakePerson() {
    JointTrack track;
    for (double& s : track.initial.shape) s = 0.3 * random_.Normal();
    Vec3d place{random_.Uniform(-1.5, 1.5), 0, random_.Uniform(4, 5.5)};
    double heading_rad = random_.Uniform(-3, 3);
    std::vector<int> planted_before;
    const std::vector<int> soles = SoleVertices();
    for (int i = 0; i < options_.keyframes; ++i) {
      for (const int axis : {0, 2}) place[axis] += 0.02 * random_.Normal();
      heading_rad += 0.05 * random_.Normal();
      if (random_.Bernoulli(options_.leave_probability)) continue;
      const int body = static_cast<int>(track.keyframes.size());
      track.keyframes.push_back(i);
      AddBody(i, place, heading_rad, &track.initial);
      std::vector<int> planted;
      for (const int v : soles) {
        if (!random_.Bernoulli(0.6)) continue;
        planted.push_back(v);
        AddScaleContact(i, body, v, place, &track);
        if (std::find(planted_before.begin(), planted_before.end(), v) != planted_before.end()) {
          track.static_contacts.push_back({body, body - 1, v});
        }
      }
      planted_before = std::move(planted);
    }
    if (!track.keyframes.empty()) problem_.tracks.push_back(std::move(track));
  }

  std::vector<int> SoleVertices() const {
    std::vector<int> out;
    for (const std::vector<int>& side : model_.sole_vertices) {
      for (size_t k = 0; k < std::min<size_t>(side.size(), 4); ++k) out.push_back(side[k]);
    }
    return out;
  }

  // A body upright on the floor at `place`, as its keyframe sees it, a little off.
  void AddBody(int keyframe, const Vec3d& place, double heading_rad, TrackParameters* track) {
    const Rigid3d cam_from_world = Inverse(cameras_[keyframe]);
    // The model is y up, the world y down.
    const Quatd upright =
        ExpQuaternion(Vec3d{0, heading_rad, 0}) * ExpQuaternion(Vec3d{3.14159265358979, 0, 0});
    const Vec3d pelvis = model_.joint_template_m[kPelvis];
    double lowest = 0;
    for (const int v : SoleVertices())
      lowest = std::min(lowest, static_cast<double>(model_.template_m[v][1]));
    const double height_m = pelvis[1] - lowest;
    Vec3d at = cam_from_world * Vec3d{place[0], kFloor_m - height_m, place[2]};
    for (int c = 0; c < 3; ++c) at[c] += options_.body_noise_m * random_.Normal();
    track->root.push_back(Normalized(cam_from_world.rotation * upright));
    track->translation_m.push_back(at - pelvis);
    track->rotation.emplace_back();
    for (Mat3d& rotation : track->rotation.back()) {
      Vec3d angles;
      for (int c = 0; c < 3; ++c) angles[c] = 0.05 * random_.Normal();
      rotation = MatrixFromQuaternion(ExpQuaternion(angles));
    }
  }

  void AddScaleContact(int keyframe, int body, int vertex, const Vec3d& place, JointTrack* track) {
    const Vec3d in_cam = Inverse(cameras_[keyframe]) * Vec3d{place[0], kFloor_m, place[2]};
    if (in_cam[2] < 0.1) return;
    const Vec2d pixel = Project(in_cam);
    if (!Inside(pixel)) return;
    const int x = static_cast<int>(pixel[0]), y = static_cast<int>(pixel[1]);
    track->scale_contacts.push_back({keyframe,
                                     AnchorOf(x, y),
                                     Omega(keyframe, x, y),
                                     static_cast<float>(random_.Uniform(0.2, 1)),
                                     body,
                                     vertex});
  }

  const RandomProblemOptions& options_;
  const BodyModel& model_;
  RandomStream random_;
  Room room_;
  double focal_px_ = 1;
  std::vector<Rigid3d> cameras_;  // world_from_cam
  JointProblem problem_;
};

}  // namespace

JointProblem MakeRandomProblem(const RandomProblemOptions& options, const BodyModel& model) {
  return Builder(options, model).Build();
}

RandomProblemOptions RandomProblemSizes(uint64_t seed) {
  RandomStream random(seed, "random_problem_sizes");
  RandomProblemOptions options;
  options.seed = seed;
  options.keyframes = random.Bernoulli(0.1) ? random.UniformInt(1, 3) : random.UniformInt(1, 60);
  options.people = random.UniformInt(0, 5);
  options.window = random.UniformInt(1, 10);
  options.matches_per_pair = random.Bernoulli(0.1) ? random.UniformInt(0, 3) : random.UniformInt(4, 120);
  options.width = 8 * random.UniformInt(4, 40);
  options.height = 8 * random.UniformInt(4, 30);
  if (random.Bernoulli(0.15)) options.step_m = 0;
  if (random.Bernoulli(0.15)) options.turn_rad = random.Bernoulli(0.5) ? 0 : 0.3;
  options.pixel_noise_px = random.Uniform(0, 3);
  options.depth_noise = random.Uniform(0, 0.2);
  options.size_noise = random.Uniform(0, 0.3);
  options.focal_error = random.Uniform(-0.4, 0.4);
  options.outlier_share = random.Bernoulli(0.1) ? 1 : random.Uniform(0, 0.6);
  options.leave_probability = random.Uniform(0, 0.6);
  options.disconnected = random.Bernoulli(0.15);
  return options;
}

BodyModel StickBodyModel() {
  // SMPL's tree; positions in metres, y up.
  constexpr int kParents[kNumJoints] = {-1, 0, 0, 0,  1,  2,  3,  4,  5,  6,  7,  8,
                                        9,  9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21};
  constexpr double kPlaces[kNumJoints][3] = {{0, 0, 0},
                                             {0.07, -0.09, 0},
                                             {-0.07, -0.09, 0},
                                             {0, 0.11, -0.02},
                                             {0.1, -0.47, 0},
                                             {-0.1, -0.47, 0},
                                             {0, 0.24, 0},
                                             {0.09, -0.87, -0.03},
                                             {-0.09, -0.87, -0.03},
                                             {0, 0.3, 0.02},
                                             {0.12, -0.93, 0.09},
                                             {-0.12, -0.93, 0.09},
                                             {0, 0.5, -0.02},
                                             {0.08, 0.4, -0.01},
                                             {-0.08, 0.4, -0.01},
                                             {0, 0.6, 0.03},
                                             {0.18, 0.43, -0.02},
                                             {-0.18, 0.43, -0.02},
                                             {0.44, 0.41, -0.05},
                                             {-0.44, 0.41, -0.05},
                                             {0.69, 0.42, -0.05},
                                             {-0.69, 0.42, -0.05},
                                             {0.77, 0.41, -0.06},
                                             {-0.77, 0.41, -0.06}};
  constexpr double kAround[4][3] = {
      {0.03, -0.02, 0.03}, {-0.03, -0.02, 0.03}, {0.03, -0.02, -0.04}, {0, 0.04, 0}};
  BodyModel model;
  model.num_shape = 2;
  model.skin_width = 4;
  model.content_hash = "stick";
  for (int k = 0; k < kNumJoints; ++k) {
    model.parents[k] = kParents[k];
    model.joint_template_m[k] = {kPlaces[k][0], kPlaces[k][1], kPlaces[k][2]};
    for (int s = 0; s < kNumShape; ++s) {
      // Taller, and wider.
      const bool along = s < model.num_shape;
      const Vec3d direction{s == 1 ? 0.04 * kPlaces[k][0] : 0, s == 0 ? 0.04 * kPlaces[k][1] : 0, 0};
      model.joint_dirs_m[k][s] = along ? direction : Vec3d::Zero();
    }
    for (const auto& offset : kAround) {
      const Vec3d at = model.joint_template_m[k] + Vec3d{offset[0], offset[1], offset[2]};
      model.template_m.push_back(at.Cast<float>());
      for (int s = 0; s < kNumShape; ++s)
        model.shape_dirs_m.push_back(model.joint_dirs_m[k][s].Cast<float>());
      model.skin_weights.insert(model.skin_weights.end(), {0.8f, 0.2f, 0, 0});
      const auto joint = static_cast<uint8_t>(k), parent = static_cast<uint8_t>(std::max(kParents[k], 0));
      model.skin_joints.insert(model.skin_joints.end(), {joint, parent, 0, 0});
    }
  }
  model.num_vertices = static_cast<int>(model.template_m.size());
  for (const int side : {0, 1}) {
    for (const int joint : {side == 0 ? kLeftAnkle : kRightAnkle, side == 0 ? kLeftFoot : kRightFoot}) {
      for (int v = 0; v < 3; ++v) model.sole_vertices[side].push_back(4 * joint + v);
    }
  }
  model.foot_vertices = {4 * kLeftAnkle + 2, 4 * kLeftFoot, 4 * kRightAnkle + 2, 4 * kRightFoot};
  return model;
}

}  // namespace foothold
