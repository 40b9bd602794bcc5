// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/contacts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "foothold/base/parallel.h"

namespace foothold {
namespace {

constexpr double kSurfaceNoise = 0.02;  // Relative depth error of a pointmap.
constexpr double kBodyNoise_m = 0.03;   // Of a touching vertex across the surface.
constexpr double kMinDepth_m = 0.1;
constexpr double kSearchRadius_m = 0.25;
constexpr double kModeBandwidth = 0.08;  // Of the log scale.
constexpr double kMaxLogScale = 7;       // A thousandth to a thousand.

// Up in the world: from the ground, or the mean direction from pelvis to neck.
Vec3d UpInWorld(const Variables& variables, const ParameterView& view, const Observations& observations) {
  if (observations.ground.known) return observations.ground.up_in_world;
  Vec3d sum = Vec3d::Zero();
  for (size_t b = 0; b < variables.bodies.size(); ++b) {
    const BodyState body = ReadBody(variables, view, static_cast<int>(b));
    const Vec3d spine = body.skeleton.joints_m[kNeck] - body.skeleton.joints_m[kPelvis];
    const double length = Norm(spine);
    if (!(length > 1e-3)) continue;
    const Rigid3d camera = ReadCamera(variables, view, variables.bodies[b].keyframe).world_from_cam;
    sum = sum + Rotate(camera.rotation, (1 / length) * spine);
  }
  const double norm = Norm(sum);
  return norm > 1e-3 ? (1 / norm) * sum : Vec3d{0, -1, 0};
}

// Log of foot depth over scaled surface depth.
double LogRatio(const FootContact& foot, const SupportSurface& surface, double focal, double log_scale) {
  return ContactScaleResidual<double>(surface.plane, foot.center_in_cam, focal, log_scale, nullptr);
}

std::vector<FootContact> FeetOfBody(const Variables& variables,
                                    const ParameterView& view,
                                    const Observations& observations,
                                    int body_index,
                                    SurfaceSearch search) {
  const BodyVariable& variable = variables.bodies[body_index];
  const Keyframe& keyframe = observations.keyframes[variable.keyframe];
  std::array<FootContact, 2> feet;
  for (const Contact& contact : observations.people[variable.person].contacts) {
    if (contact.keyframe != variable.keyframe || !(contact.confidence > 0)) continue;
    if (contact.vertex >= variables.body_model->num_vertices) continue;
    feet[NearestFootVertex(*variables.body_model, contact.vertex) / 2].contacts.push_back(&contact);
  }
  std::vector<FootContact> found;
  if (feet[0].contacts.empty() && feet[1].contacts.empty()) return found;
  const BodyState body = ReadBody(variables, view, body_index);
  Pinholed pinhole = observations.camera.pinhole;
  pinhole.focal_px = ReadFocal(variables, view);
  for (FootContact& foot : feet) {
    if (foot.contacts.empty()) continue;
    foot.body = body_index;
    foot.center_in_cam = Vec3d::Zero();
    for (const Contact* contact : foot.contacts) {
      const Vec3d vertex = VertexWithJacobian(
          *variables.body_model, body.skeleton, body.shape, body.pose_in_cam, contact->vertex, nullptr);
      foot.center_in_cam = foot.center_in_cam + (1.0 / static_cast<double>(foot.contacts.size())) * vertex;
    }
    if (!(foot.center_in_cam[2] > kMinDepth_m)) continue;
    const Vec2d pixel = Project(pinhole, foot.center_in_cam);
    const double radius = kSearchRadius_m * pinhole.focal_px / foot.center_in_cam[2];
    search.radius_px = std::clamp(radius, 6.0, std::max(6.0, 0.1 * keyframe.depth_m.width));
    // Beyond the frame there is no surface to stand on.
    if (pixel[0] < -search.radius_px || pixel[1] < -search.radius_px ||
        pixel[0] > keyframe.depth_m.width + search.radius_px ||
        pixel[1] > keyframe.depth_m.height + search.radius_px) {
      continue;
    }
    foot.surfaces = FindSupportSurfaces(keyframe, pinhole, pixel, search);
    if (!foot.surfaces.empty()) found.push_back(std::move(foot));
  }
  return found;
}

}  // namespace

int NearestFootVertex(const BodyModel& model, int vertex) {
  int best = 0;
  double best_distance = std::numeric_limits<double>::infinity();
  for (int k = 0; k < 4; ++k) {
    const Vec3f apart = model.template_m[vertex] - model.template_m[model.foot_vertices[k]];
    const double distance = SquaredNorm(apart);
    if (distance < best_distance) {
      best = k;
      best_distance = distance;
    }
  }
  return best;
}

std::vector<FootContact> FindFootContacts(const Variables& variables,
                                          const ParameterView& view,
                                          const Observations& observations,
                                          double min_confidence,
                                          int threads) {
  const Vec3d up_in_world = UpInWorld(variables, view, observations);
  std::vector<std::vector<FootContact>> found(variables.bodies.size());
  ParallelFor(static_cast<int>(found.size()), threads, [&](int b) {
    SurfaceSearch search;
    search.min_confidence = min_confidence;
    const Rigid3d camera = ReadCamera(variables, view, variables.bodies[b].keyframe).world_from_cam;
    search.up_in_cam = Rotate(Conjugate(camera.rotation), up_in_world);
    found[b] = FeetOfBody(variables, view, observations, b, search);
  });
  std::vector<FootContact> feet;
  for (auto& of_body : found) std::move(of_body.begin(), of_body.end(), std::back_inserter(feet));
  return feet;
}

bool MetricScale(const Variables& variables,
                 const ParameterView& view,
                 const std::vector<FootContact>& feet,
                 double* log_factor) {
  const double focal = ReadFocal(variables, view);
  std::vector<std::pair<double, double>> votes;  // Log ratio, weight.
  for (const FootContact& foot : feet) {
    const double log_scale = ReadCamera(variables, view, variables.bodies[foot.body].keyframe).log_scale;
    for (const SupportSurface& surface : foot.surfaces) {
      const double ratio = LogRatio(foot, surface, focal, log_scale);
      if (std::abs(ratio) < kMaxLogScale) votes.emplace_back(ratio, surface.share);
    }
  }
  double best = 0;
  for (const auto& [center, own] : votes) {
    double density = 0, mean = 0;
    for (const auto& [ratio, weight] : votes) {
      const double u = (ratio - center) / (2 * kModeBandwidth);
      if (!(u * u < 1)) continue;
      density += weight * (1 - u * u);
      mean += weight * (1 - u * u) * ratio;
    }
    if (density > best) {
      best = density;
      *log_factor = mean / density;
    }
  }
  return best > 0;
}

std::vector<ScaleContact> ChooseSurfaces(const Variables& variables,
                                         const ParameterView& view,
                                         const std::vector<FootContact>& feet,
                                         double tolerance) {
  const double focal = ReadFocal(variables, view);
  std::vector<ScaleContact> contacts;
  for (const FootContact& foot : feet) {
    const CameraState camera = ReadCamera(variables, view, variables.bodies[foot.body].keyframe);
    const SupportSurface* best = nullptr;
    double best_score = 0;
    for (const SupportSurface& surface : foot.surfaces) {
      const double error = LogRatio(foot, surface, focal, camera.log_scale) / tolerance;
      if (!(std::abs(error) < 3)) continue;
      const double score = surface.share * std::exp(-error * error / 2);
      if (score > best_score) {
        best_score = score;
        best = &surface;
      }
    }
    if (best == nullptr) continue;
    ScaleContact contact;
    contact.body = foot.body;
    contact.plane = best->plane;
    // How much a vertex's error across the surface counts against its distance from the camera.
    const Vec3d normal{contact.plane.a * focal, contact.plane.b * focal, contact.plane.c};
    const double body_noise = kBodyNoise_m * Norm(normal) / camera.scale;
    contact.sigma = std::clamp(std::hypot(kSurfaceNoise, body_noise), kSurfaceNoise, 1.0);
    for (const Contact* observed : foot.contacts) {
      contact.vertex = observed->vertex;
      contact.confidence = observed->confidence;
      contacts.push_back(contact);
    }
  }
  return contacts;
}

std::vector<StaticContact> FindStaticContacts(const Variables& variables, const Observations& observations) {
  std::vector<StaticContact> contacts;
  for (size_t p = 0; p < variables.people.size(); ++p) {
    std::map<int, int> body_at_keyframe;
    for (const int body : variables.people[p].bodies)
      body_at_keyframe[variables.bodies[body].keyframe] = body;
    std::map<std::pair<int, int>, double> planted;  // (keyframe, vertex): confidence.
    for (const Contact& contact : observations.people[p].contacts) {
      if (contact.stationary && contact.confidence > 0 &&
          contact.vertex < variables.body_model->num_vertices) {
        planted[{contact.keyframe, contact.vertex}] = contact.confidence;
      }
    }
    for (const auto& [key, confidence] : planted) {
      const auto next = planted.find({key.first + 1, key.second});
      const auto first = body_at_keyframe.find(key.first);
      const auto second = body_at_keyframe.find(key.first + 1);
      if (next == planted.end() || first == body_at_keyframe.end() || second == body_at_keyframe.end())
        continue;
      contacts.push_back({first->second, second->second, key.second, std::sqrt(confidence * next->second)});
    }
  }
  return contacts;
}

}  // namespace foothold
