// SPDX-License-Identifier: Apache-2.0
#include "foothold/scene/pair_alignment.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/median.h"

namespace foothold {
namespace {

constexpr int kReweightings = 20;
constexpr size_t kFewest = 8;  // Matches.

// Unit eigenvector of the largest eigenvalue of a symmetric 4 x 4 matrix (cyclic Jacobi).
Quatd LargestEigenvector(Mat4d m) {
  Mat4d vectors = Mat4d::Identity();
  for (int sweep = 0; sweep < 30; ++sweep) {
    for (int p = 0; p < 4; ++p) {
      for (int q = p + 1; q < 4; ++q) {
        if (std::fabs(m(p, q)) < 1e-300) continue;
        const double theta = (m(q, q) - m(p, p)) / (2 * m(p, q));
        const double t = (theta >= 0 ? 1.0 : -1.0) / (std::fabs(theta) + std::sqrt(theta * theta + 1));
        const double c = 1 / std::sqrt(t * t + 1), s = t * c;
        for (int k = 0; k < 4; ++k) {
          const double mkp = m(k, p), mkq = m(k, q);
          m(k, p) = c * mkp - s * mkq;
          m(k, q) = s * mkp + c * mkq;
        }
        for (int k = 0; k < 4; ++k) {
          const double mpk = m(p, k), mqk = m(q, k);
          m(p, k) = c * mpk - s * mqk;
          m(q, k) = s * mpk + c * mqk;
          const double vkp = vectors(k, p), vkq = vectors(k, q);
          vectors(k, p) = c * vkp - s * vkq;
          vectors(k, q) = s * vkp + c * vkq;
        }
      }
    }
  }
  int best = 0;
  for (int k = 1; k < 4; ++k) {
    if (m(k, k) > m(best, best)) best = k;
  }
  return Normalized(Quatd{vectors(0, best), vectors(1, best), vectors(2, best), vectors(3, best)});
}

// Matched points of a pair in each keyframe's own camera, by the given depth at the nearest pixel.
void MatchedPoints(const Observations& observations,
                   const KeyframePair& pair,
                   bool directions,
                   std::vector<Vec3d>* in_i,
                   std::vector<Vec3d>* in_j) {
  const auto point = [&](int keyframe, double x, double y, Vec3d* out) {
    const Keyframe& key = observations.keyframes[keyframe];
    const int px = static_cast<int>(std::lround(x)), py = static_cast<int>(std::lround(y));
    if (!key.depth_m.Contains(px, py) || !(key.confidence.At(px, py) > 0)) return false;
    const Vec3d ray = Unproject(observations.camera.pinhole, Vec2d{x, y});
    *out = directions ? Normalized(ray) : static_cast<double>(key.depth_m.At(px, py)) * ray;
    return true;
  };
  for (const PixelMatch& match : pair.matches) {
    Vec3d a, b;
    if (!point(pair.i, match.x_i, match.y_i, &a) || !point(pair.j, match.x_j, match.y_j, &b)) continue;
    in_i->push_back(a);
    in_j->push_back(b);
  }
}

// i_from_j by iterative reweighting: Geman-McClure on the error relative to depth, its width falling to
// three times the median error.
PairAlignment AlignPoints(const std::vector<Vec3d>& in_i,
                          const std::vector<Vec3d>& in_j,
                          bool rotation_only) {
  std::vector<double> base(in_i.size()), weights(in_i.size());
  for (size_t k = 0; k < in_i.size(); ++k) weights[k] = base[k] = 1 / SquaredNorm(in_i[k]);
  PairAlignment alignment;
  Similarity3d& i_from_j = alignment.i_from_j;
  i_from_j = FitSimilarity(in_j, in_i, weights, rotation_only);
  for (int step = 0; step < kReweightings; ++step) {
    std::vector<double> errors(in_i.size());
    for (size_t k = 0; k < in_i.size(); ++k) errors[k] = Norm(in_i[k] - i_from_j * in_j[k]) / Norm(in_i[k]);
    alignment.median_error = UpperMedian(errors);
    const double width = std::max(1e-9, 3 * alignment.median_error);
    for (size_t k = 0; k < in_i.size(); ++k) {
      const double ratio = errors[k] / width;
      weights[k] = base[k] / ((1 + ratio * ratio) * (1 + ratio * ratio));
    }
    i_from_j = FitSimilarity(in_j, in_i, weights, rotation_only);
  }
  return alignment;
}

}  // namespace

Similarity3d FitSimilarity(const std::vector<Vec3d>& points_in_a,
                           const std::vector<Vec3d>& points_in_b,
                           const std::vector<double>& weights,
                           bool rotation_only) {
  double total = 0;
  Vec3d mean_a{0, 0, 0}, mean_b{0, 0, 0};
  for (size_t k = 0; k < weights.size(); ++k) {
    total += weights[k];
    mean_a = mean_a + weights[k] * points_in_a[k];
    mean_b = mean_b + weights[k] * points_in_b[k];
  }
  mean_a = rotation_only ? Vec3d{0, 0, 0} : mean_a / total;
  mean_b = rotation_only ? Vec3d{0, 0, 0} : mean_b / total;
  Mat3d s = Mat3d::Zero();  // Sum of w a b^T, centred.
  double spread_a = 0;
  for (size_t k = 0; k < weights.size(); ++k) {
    const Vec3d a = points_in_a[k] - mean_a, b = points_in_b[k] - mean_b;
    spread_a += weights[k] * SquaredNorm(a);
    for (int r = 0; r < 3; ++r) {
      for (int c = 0; c < 3; ++c) s(r, c) += weights[k] * a[r] * b[c];
    }
  }
  const Mat4d n = {s(0, 0) + s(1, 1) + s(2, 2),
                   s(1, 2) - s(2, 1),
                   s(2, 0) - s(0, 2),
                   s(0, 1) - s(1, 0),
                   s(1, 2) - s(2, 1),
                   s(0, 0) - s(1, 1) - s(2, 2),
                   s(0, 1) + s(1, 0),
                   s(2, 0) + s(0, 2),
                   s(2, 0) - s(0, 2),
                   s(0, 1) + s(1, 0),
                   -s(0, 0) + s(1, 1) - s(2, 2),
                   s(1, 2) + s(2, 1),
                   s(0, 1) - s(1, 0),
                   s(2, 0) + s(0, 2),
                   s(1, 2) + s(2, 1),
                   -s(0, 0) - s(1, 1) + s(2, 2)};
  Similarity3d b_from_a = Similarity3d::Identity();
  b_from_a.rotation = LargestEigenvector(n);
  if (rotation_only) return b_from_a;
  const Mat3d rotation = MatrixFromQuaternion(b_from_a.rotation);
  double trace = 0;
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 3; ++c) trace += rotation(r, c) * s(c, r);
  }
  b_from_a.scale = trace / spread_a;
  b_from_a.translation = mean_b - b_from_a.scale * (rotation * mean_a);
  return b_from_a;
}

std::optional<PairAlignment> AlignPair(const Observations& observations,
                                       const KeyframePair& pair,
                                       bool rotation_only) {
  std::vector<Vec3d> in_i, in_j;
  MatchedPoints(observations, pair, rotation_only, &in_i, &in_j);
  if (in_i.size() < kFewest) return std::nullopt;
  return AlignPoints(in_i, in_j, rotation_only);
}

}  // namespace foothold
