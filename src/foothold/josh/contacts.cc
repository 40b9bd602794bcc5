// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/contacts.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
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
constexpr int kMaxSamplesPerSide = 24;  // Of a search window.
constexpr int kFewestSamples = 20;
constexpr int kReweightings = 6;

struct DepthPixel {
  double x, y;  // Minus the search centre, in window radii.
  double inverse_depth;
  double weight;
};

std::vector<DepthPixel> CollectPixels(const Keyframe& keyframe,
                                      const Vec2d& pixel,
                                      double radius_px,
                                      double min_confidence) {
  const ImageF& depth = keyframe.depth_m;
  const int step = std::max(1, static_cast<int>(std::ceil(2 * radius_px / kMaxSamplesPerSide)));
  const int x0 = std::max(0, static_cast<int>(std::floor(pixel[0] - radius_px)));
  const int x1 = std::min(depth.width - 1, static_cast<int>(std::ceil(pixel[0] + radius_px)));
  const int y0 = std::max(0, static_cast<int>(std::floor(pixel[1] - radius_px)));
  const int y1 = std::min(depth.height - 1, static_cast<int>(std::ceil(pixel[1] + radius_px)));
  std::vector<DepthPixel> pixels;
  for (int y = y0; y <= y1; y += step) {
    for (int x = x0; x <= x1; x += step) {
      const double confidence = keyframe.confidence.At(x, y);
      const double d = depth.At(x, y);
      if (!(confidence > min_confidence) || !(d > 0)) continue;
      const double dx = (x - pixel[0]) / radius_px, dy = (y - pixel[1]) / radius_px;
      pixels.push_back({dx, dy, 1 / d, confidence * std::exp(-2 * (dx * dx + dy * dy))});
    }
  }
  return pixels;
}

double WeightedMedianInverseDepth(const std::vector<DepthPixel>& pixels) {
  std::vector<std::pair<double, double>> sorted;
  double total = 0;
  for (const DepthPixel& p : pixels) {
    sorted.emplace_back(p.inverse_depth, p.weight);
    total += p.weight;
  }
  std::sort(sorted.begin(), sorted.end());
  double sum = 0;
  for (const auto& [value, weight] : sorted) {
    sum += weight;
    if (2 * sum >= total) return value;
  }
  return sorted.back().first;
}

// Inverse depth = coefficients . (x, y, 1), reweighted by Cauchy on the relative error.
Eigen::Vector3d FitInverseDepth(const std::vector<DepthPixel>& pixels, double median) {
  Eigen::Vector3d coefficients(0, 0, median);
  for (int round = 0; round < kReweightings; ++round) {
    // The kernel narrows from 20 % to the noise of the pointmap.
    const double width = std::max(kSurfaceNoise, 0.2 * std::pow(0.5, round)) * median;
    Eigen::Matrix3d normal = Eigen::Matrix3d::Zero();
    Eigen::Vector3d right = Eigen::Vector3d::Zero();
    double total = 0;
    for (const DepthPixel& p : pixels) {
      const Eigen::Vector3d row(p.x, p.y, 1);
      const double error = (row.dot(coefficients) - p.inverse_depth) / width;
      const double weight = p.weight / (1 + error * error);
      normal += weight * row * row.transpose();
      right += weight * p.inverse_depth * row;
      total += weight;
    }
    // A little flatness, for windows that see pixels in one place only.
    normal(0, 0) += 1e-3 * total;
    normal(1, 1) += 1e-3 * total;
    const Eigen::LDLT<Eigen::Matrix3d> solver(normal);
    const Eigen::Vector3d next = solver.solve(right);
    if (!next.allFinite()) break;
    coefficients = next;
  }
  return coefficients;
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

bool FitSurface(const Keyframe& keyframe,
                const Pinholed& pinhole,
                const Vec2d& pixel,
                const PlaneSearch& search,
                InverseDepthPlane<double>* plane) {
  std::vector<DepthPixel> pixels;
  double radius = search.radius_px;
  for (int attempt = 0; attempt < 4; ++attempt, radius *= 2) {
    pixels = CollectPixels(keyframe, pixel, radius, search.min_confidence);
    if (static_cast<int>(pixels.size()) >= kFewestSamples) break;
  }
  if (pixels.empty()) return false;
  radius = std::min(radius, 8 * search.radius_px);
  const double median = WeightedMedianInverseDepth(pixels);
  *plane = {0, 0, median};
  if (static_cast<int>(pixels.size()) < kFewestSamples) return true;
  const Eigen::Vector3d fit = FitInverseDepth(pixels, median);
  // Extrapolated far from what was seen, the plane is not to be believed.
  if (!(fit[2] > median / 2 && fit[2] < median * 2)) return true;
  const double a = fit[0] / radius, b = fit[1] / radius;
  *plane = {a, b, fit[2] - a * (pixel[0] - pinhole.center_x_px) - b * (pixel[1] - pinhole.center_y_px)};
  return true;
}

namespace {

// Contacts of one body, foot by foot: one surface for the vertices of a foot.
std::vector<ScaleContact> ContactsOfBody(const Variables& variables,
                                         const ParameterView& view,
                                         const Observations& observations,
                                         int body_index,
                                         double min_confidence) {
  const BodyVariable& variable = variables.bodies[body_index];
  const Keyframe& keyframe = observations.keyframes[variable.keyframe];
  std::array<std::vector<const Contact*>, 2> feet;
  for (const Contact& contact : observations.people[variable.person].contacts) {
    if (contact.keyframe != variable.keyframe || !(contact.confidence > 0)) continue;
    if (contact.vertex >= variables.body_model->num_vertices) continue;
    feet[NearestFootVertex(*variables.body_model, contact.vertex) / 2].push_back(&contact);
  }
  std::vector<ScaleContact> contacts;
  if (feet[0].empty() && feet[1].empty()) return contacts;
  const BodyState body = ReadBody(variables, view, body_index);
  Pinholed pinhole = observations.camera.pinhole;
  pinhole.focal_px = ReadFocal(variables, view);
  const double scale = ReadCamera(variables, view, variable.keyframe).scale;
  for (const std::vector<const Contact*>& foot : feet) {
    Vec3d center = Vec3d::Zero();
    for (const Contact* contact : foot) {
      center = center + (1.0 / static_cast<double>(foot.size())) * VertexWithJacobian(*variables.body_model,
                                                                                      body.skeleton,
                                                                                      body.shape,
                                                                                      body.pose_in_cam,
                                                                                      contact->vertex,
                                                                                      nullptr);
    }
    if (foot.empty() || !(center[2] > kMinDepth_m)) continue;
    const Vec2d pixel = Project(pinhole, center);
    PlaneSearch search;
    search.min_confidence = min_confidence;
    search.radius_px = std::clamp(0.25 * pinhole.focal_px / center[2], 6.0, 0.1 * keyframe.depth_m.width);
    // Beyond the frame there is no surface to stand on.
    if (pixel[0] < -search.radius_px || pixel[1] < -search.radius_px ||
        pixel[0] > keyframe.depth_m.width + search.radius_px ||
        pixel[1] > keyframe.depth_m.height + search.radius_px) {
      continue;
    }
    ScaleContact scale_contact;
    scale_contact.body = body_index;
    if (!FitSurface(keyframe, pinhole, pixel, search, &scale_contact.plane)) continue;
    const Vec3d normal{scale_contact.plane.a * pinhole.focal_px,
                       scale_contact.plane.b * pinhole.focal_px,
                       scale_contact.plane.c};
    const double relative_body_noise = kBodyNoise_m * Norm(normal) / scale;
    scale_contact.sigma = std::clamp(std::hypot(kSurfaceNoise, relative_body_noise), kSurfaceNoise, 1.0);
    for (const Contact* contact : foot) {
      scale_contact.vertex = contact->vertex;
      scale_contact.confidence = contact->confidence;
      contacts.push_back(scale_contact);
    }
  }
  return contacts;
}

}  // namespace

std::vector<ScaleContact> FindScaleContacts(const Variables& variables,
                                            const ParameterView& view,
                                            const Observations& observations,
                                            double min_confidence,
                                            int threads) {
  std::vector<std::vector<ScaleContact>> found(variables.bodies.size());
  ParallelFor(static_cast<int>(found.size()), threads, [&](int b) {
    found[b] = ContactsOfBody(variables, view, observations, b, min_confidence);
  });
  std::vector<ScaleContact> contacts;
  for (const auto& of_body : found) contacts.insert(contacts.end(), of_body.begin(), of_body.end());
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
