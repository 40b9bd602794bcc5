// SPDX-License-Identifier: Apache-2.0
// Noise on exact observations; docs/synthetic.md states every distribution.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "foothold/scene/synthetic_chain.h"
#include "foothold/scene/synthetic_signal.h"
#include "foothold/scene/synthetic_state.h"

namespace foothold {

const OptionTable& NoiseOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<NoiseOptions>("noise", "Noise on synthetic observations.")
          .Add("match_px", &NoiseOptions::match_px, 0, 100, "Standard deviation of a match, per axis.")
          .Add("match_outliers",
               &NoiseOptions::match_outliers,
               0,
               1,
               "Share of matches that are gross outliers.")
          .Add("depth_smooth",
               &NoiseOptions::depth_smooth,
               0,
               0.3,
               "Standard deviation of the smooth relative distortion of depth.")
          .Add("depth_scale_min",
               &NoiseOptions::depth_scale_min,
               0.01,
               100,
               "Smallest depth scale of a keyframe.")
          .Add("depth_scale_max",
               &NoiseOptions::depth_scale_max,
               0.01,
               100,
               "Largest depth scale of a keyframe.")
          .Add("body_depth",
               &NoiseOptions::body_depth,
               0,
               0.3,
               "Standard deviation of a body's relative depth.")
          .Add("joint_rotation_rad",
               &NoiseOptions::joint_rotation_rad,
               0,
               1,
               "Root mean square angle of every joint's error.")
          .Add("shape", &NoiseOptions::shape, 0, 5, "Standard deviation of a shape coefficient.")
          .Add("wrong_contacts", &NoiseOptions::wrong_contacts, 0, 1, "Share of feet with wrong contacts.")
          .Add("focal", &NoiseOptions::focal, 0, 0.5, "Largest relative error of the focal length.")
          .Build();
  return table;
}

namespace {

using synthetic::SmoothNoise;

constexpr double kOutlierFar_px = 20;       // A gross outlier lies at least this far off.
constexpr double kBodyNoiseSigma_s = 0.25;  // Kernel of the bodies' smooth noise: correlated over 0.5 s.
constexpr double kMaxBodyDepth = 0.35;      // Largest relative depth error of a body.
constexpr int kDepthKnots = 5;              // Of the depth distortion's control grid, across the image.

void NoiseMatches(
    const NoiseOptions& options, int width, int height, RandomStream* random, Observations* noisy) {
  for (KeyframePair& pair : noisy->pairs) {
    for (PixelMatch& match : pair.matches) {
      if (random->Bernoulli(options.match_outliers)) {
        const float exact_x = match.x_j, exact_y = match.y_j;
        do {
          match.x_j = static_cast<float>(random->Uniform(0, width - 1));
          match.y_j = static_cast<float>(random->Uniform(0, height - 1));
        } while (std::hypot(match.x_j - exact_x, match.y_j - exact_y) < kOutlierFar_px);
        continue;
      }
      match.x_j += static_cast<float>(options.match_px * random->Normal());
      match.y_j += static_cast<float>(options.match_px * random->Normal());
    }
  }
}

// Smooth field over an image: cubic B-spline over a grid of independent normal knots, standard
// deviation 1.
class SmoothField {
 public:
  SmoothField(int width, int height, RandomStream* random) : width_(width), height_(height) {
    for (double& knot : knots_) knot = random->Normal();
  }
  double At(int x, int y) const {
    const Weights wx = WeightsAt(x * (kDepthKnots - 1.0) / (width_ - 1.0));
    const Weights wy = WeightsAt(y * (kDepthKnots - 1.0) / (height_ - 1.0));
    double sum = 0, energy = 0;
    for (int j = 0; j < 4; ++j) {
      for (int i = 0; i < 4; ++i) {
        const double w = wx.w[i] * wy.w[j];
        sum += w * knots_[(wy.first + j) * kSide + wx.first + i];
        energy += w * w;
      }
    }
    return sum / std::sqrt(energy);
  }

 private:
  static constexpr int kSide = kDepthKnots + 3;
  struct Weights {
    int first;
    double w[4];
  };
  static Weights WeightsAt(double position) {
    const int first = std::min(static_cast<int>(position), kDepthKnots - 1);
    const double t = position - first, s = 1 - t;
    return {first,
            {s * s * s / 6,
             (3 * t * t * t - 6 * t * t + 4) / 6,
             (3 * s * s * s - 6 * s * s + 4) / 6,
             t * t * t / 6}};
  }
  int width_, height_;
  std::array<double, kSide * kSide> knots_;
};

void NoiseDepth(const NoiseOptions& options, RandomStream* random, Observations* noisy) {
  for (Keyframe& keyframe : noisy->keyframes) {
    ImageF& depth = keyframe.depth_m;
    const double low = std::log(options.depth_scale_min), high = std::log(options.depth_scale_max);
    const double scale = std::exp(random->Uniform(low, high));
    const SmoothField field(depth.width, depth.height, random);
    for (int y = 0; y < depth.height; ++y) {
      for (int x = 0; x < depth.width; ++x) {
        const double gain = scale * std::exp(options.depth_smooth * field.At(x, y));
        depth.At(x, y) = static_cast<float>(gain * depth.At(x, y));
      }
    }
  }
}

Quatd Disturb(const Quatd& rotation,
              const std::array<std::vector<double>, 3>& noise,
              int frame,
              double gain) {
  return Normalized(rotation *
                    ExpQuaternion(gain * Vec3d{noise[0][frame], noise[1][frame], noise[2][frame]}));
}

// `focal_ratio`: assumed focal over true focal; a body of known size seems that much farther away.
void NoiseBody(const NoiseOptions& options,
               const BodyModel& body,
               double focal_ratio,
               const Clip& clip,
               RandomStream* random,
               PersonObservations* person) {
  const BodyShape exact_shape = person->shape;
  for (double& s : person->shape) s += options.shape * random->Normal();
  const Vec3d exact_pelvis = RestPelvis(body, exact_shape);
  const Vec3d noisy_pelvis = RestPelvis(body, person->shape);
  const double sigma = kBodyNoiseSigma_s * clip.frame_rate_hz;
  const std::vector<double> depth = SmoothNoise(clip.num_frames(), sigma, random);
  std::array<std::array<std::vector<double>, 3>, kNumJoints> turns;
  for (auto& joint : turns) {
    for (auto& axis : joint) axis = SmoothNoise(clip.num_frames(), sigma, random);
  }
  const double per_axis = options.joint_rotation_rad / std::sqrt(3.0);
  for (PersonFrame& entry : person->frames) {
    BodyPose& pose = entry.body_in_cam;
    const double error = std::clamp(options.body_depth * depth[entry.frame], -kMaxBodyDepth, kMaxBodyDepth);
    Vec3d pelvis = pose.translation_m + exact_pelvis;
    pelvis[2] *= focal_ratio;
    pose.translation_m = (1 + error) * pelvis - noisy_pelvis;
    pose.root = Disturb(pose.root, turns[0], entry.frame, per_axis);
    for (int k = 1; k < kNumJoints; ++k) {
      pose.joints[k - 1] = Disturb(pose.joints[k - 1], turns[k], entry.frame, per_axis);
    }
  }
}

// Whole feet are wrong: a touching foot is reported as in the air or another one as touching; and
// apart from that, standing is mistaken for moving and the other way round.
void NoiseContacts(const NoiseOptions& options,
                   const BodyModel& body,
                   const synthetic::Person& exact,
                   const Observations& noisy,
                   RandomStream* random,
                   PersonObservations* person) {
  std::set<int> seen;
  for (const PersonFrame& entry : person->frames) seen.insert(entry.frame);
  std::map<std::pair<int, int>, Contact> touching;  // By keyframe, vertex.
  for (const Contact& contact : person->contacts) touching[{contact.keyframe, contact.vertex}] = contact;
  person->contacts.clear();
  const std::array<std::vector<int>, 2> vertices = {synthetic::ContactVertices(body, exact.feet[0]),
                                                    synthetic::ContactVertices(body, exact.feet[1])};
  for (int k = 0; k < static_cast<int>(noisy.keyframes.size()); ++k) {
    if (seen.count(noisy.keyframes[k].frame) == 0) continue;
    for (const std::vector<int>& foot : vertices) {
      const bool wrong = random->Bernoulli(options.wrong_contacts);
      const bool flip = random->Bernoulli(options.wrong_contacts);
      bool any = false;
      for (int vertex : foot) any |= touching.count({k, vertex}) > 0;
      if (any == wrong) continue;  // In the air and right, or touching and missed.
      for (int vertex : foot) {
        const auto found = touching.find({k, vertex});
        if (any && found == touching.end()) continue;
        Contact contact = any ? found->second : Contact{k, vertex, 1.0F, false};
        contact.stationary = contact.stationary != flip;
        person->contacts.push_back(contact);
      }
    }
  }
  std::sort(person->contacts.begin(), person->contacts.end(), [](const Contact& a, const Contact& b) {
    return std::pair(a.keyframe, a.vertex) < std::pair(b.keyframe, b.vertex);
  });
}

}  // namespace

Observations AddNoise(const SyntheticClip& clip,
                      const BodyModel& body,
                      const NoiseOptions& options,
                      uint64_t seed) {
  SyntheticClip noisy;
  noisy.observations = clip.observations;
  noisy.world = clip.world;
  MakeNoisy(body, options, seed, &noisy);
  return std::move(noisy.observations);
}

void MakeNoisy(const BodyModel& body, const NoiseOptions& options, uint64_t seed, SyntheticClip* clip) {
  const SyntheticClip::World& world = *clip->world;
  Observations& noisy = clip->observations;
  noisy.source = "synthetic noisy";
  RandomStream focal(seed, "noise focal");
  const double focal_ratio = 1 + focal.Uniform(-options.focal, options.focal);
  noisy.camera.pinhole.focal_px *= focal_ratio;
  RandomStream matches(seed, "noise matches");
  NoiseMatches(options, world.sensor.width, world.sensor.height, &matches, &noisy);
  RandomStream depth(seed, "noise depth");
  NoiseDepth(options, &depth, &noisy);
  for (PersonObservations& person : noisy.people) {
    RandomStream random(seed, "noise person " + std::to_string(person.id));
    NoiseBody(options, body, focal_ratio, noisy.clip, &random, &person);
    NoiseContacts(options, body, world.people[person.id], noisy, &random, &person);
  }
  noisy.camera.world_from_cam = world.camera == "static"
                                    ? std::vector<Rigid3d>(noisy.clip.num_frames(), Rigid3d::Identity())
                                    : synthetic::ChainCameras(noisy, world.camera == "rotating");
  noisy.camera.metric = false;
  noisy.ground = GroundPlane();
}

}  // namespace foothold
