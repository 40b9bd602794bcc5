// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/quality.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "foothold/base/median.h"
#include "foothold/base/parallel.h"
#include "foothold/objective/relative_twist.h"

namespace foothold {
namespace {

constexpr double kInlier_px = 2;
constexpr double kUnseen_px = 1e4;  // Error of a point behind the other camera.

struct WeightedError {
  float error_px, weight;
};

// Errors of the source's points in the target's picture.
void AddErrors(const Variables& variables,
               const ParameterView& view,
               const MatchedPair& pair,
               bool source_first,
               std::vector<WeightedError>* errors) {
  const CameraState target = ReadCamera(variables, view, source_first ? pair.j : pair.i);
  const CameraState source = ReadCamera(variables, view, source_first ? pair.i : pair.j);
  const RelativeView relative = TargetFromSource(target, source);
  const double focal = ReadFocal(variables, view);
  for (const DepthMatch& match : pair.matches) {
    const MatchEnd<float> from = source_first ? FirstEnd(match) : SecondEnd(match);
    const MatchEnd<float> to = source_first ? SecondEnd(match) : FirstEnd(match);
    const float weight = source_first ? match.weight_i : match.weight_j;
    if (!(weight > 0)) continue;
    const double z = source.scale * from.core;
    const Vec3d point =
        relative.rotation * Vec3d{z * from.x / focal, z * from.y / focal, z} + relative.translation;
    const double error =
        point[2] > 0 ? std::hypot(focal * point[0] / point[2] - to.x, focal * point[1] / point[2] - to.y)
                     : kUnseen_px;
    errors->push_back({static_cast<float>(std::min(error, kUnseen_px)), weight});
  }
}

KeyframeQuality Summarize(std::vector<WeightedError> errors) {
  KeyframeQuality out;
  out.num_matches = static_cast<int>(errors.size());
  if (errors.empty()) return out;
  double inside = 0, all = 0;
  for (const WeightedError& e : errors) {
    all += e.weight;
    if (e.error_px < kInlier_px) inside += e.weight;
  }
  out.match_inlier_share = static_cast<float>(std::min(1.0, inside / all));
  const auto middle = errors.begin() + static_cast<std::ptrdiff_t>(errors.size() / 2);
  std::nth_element(errors.begin(), middle, errors.end(), [](const WeightedError& a, const WeightedError& b) {
    return a.error_px < b.error_px;
  });
  out.match_median_px = middle->error_px;
  return out;
}

void SummarizeContacts(const std::map<int, std::vector<float>>& by_keyframe, PersonQuality* out) {
  for (const auto& [keyframe, logs] : by_keyframe) {
    out->keyframe.push_back(keyframe);
    out->contact_log.push_back(UpperMedian(logs));
  }
  const size_t count = out->keyframe.size();
  if (count < 2) return;
  const float middle = UpperMedian(out->contact_log);
  std::vector<float> deviations;
  double mean_k = 0, mean_log = 0, kk = 0, kl = 0;
  for (size_t i = 0; i < count; ++i) {
    deviations.push_back(std::abs(out->contact_log[i] - middle));
    mean_k += out->keyframe[i] / static_cast<double>(count);
    mean_log += out->contact_log[i] / static_cast<double>(count);
  }
  for (size_t i = 0; i < count; ++i) {
    kk += (out->keyframe[i] - mean_k) * (out->keyframe[i] - mean_k);
    kl += (out->keyframe[i] - mean_k) * (out->contact_log[i] - mean_log);
  }
  out->contact_spread = 1.4826f * UpperMedian(deviations);
  out->contact_trend = static_cast<float>(kl / kk * (out->keyframe.back() - out->keyframe.front()));
}

void MeasureContacts(const Variables& variables,
                     const ParameterView& view,
                     const std::vector<ScaleContact>& contacts,
                     Quality* quality) {
  std::vector<std::map<int, std::vector<float>>> by_person(variables.people.size());
  const double focal = ReadFocal(variables, view);
  for (const ScaleContact& contact : contacts) {
    const BodyVariable& body = variables.bodies[contact.body];
    const BodyState state = ReadBody(variables, view, contact.body);
    const Vec3d vertex = VertexWithJacobian(
        *variables.body_model, state.skeleton, state.shape, state.pose_in_cam, contact.vertex, nullptr);
    const double log_scale = ReadCamera(variables, view, body.keyframe).log_scale;
    const double residual = ContactScaleResidual<double>(contact.plane, vertex, focal, log_scale, nullptr);
    by_person[body.person][body.keyframe].push_back(static_cast<float>(residual));
  }
  for (const auto& by_keyframe : by_person) {
    quality->people.emplace_back();
    SummarizeContacts(by_keyframe, &quality->people.back());
  }
}

}  // namespace

Quality MeasureFit(const Variables& variables,
                   const ParameterView& view,
                   const std::vector<MatchedPair>& pairs,
                   const std::vector<ScaleContact>& contacts,
                   int threads) {
  Quality quality;
  quality.known = true;
  const int count = static_cast<int>(variables.camera_blocks.size());
  std::vector<std::vector<int>> pairs_of(count);
  for (size_t p = 0; p < pairs.size(); ++p) {
    pairs_of[pairs[p].i].push_back(static_cast<int>(p));
    pairs_of[pairs[p].j].push_back(static_cast<int>(p));
  }
  quality.keyframes.resize(count);
  ParallelFor(count, threads, [&](int k) {
    std::vector<WeightedError> errors;
    for (const int p : pairs_of[k]) AddErrors(variables, view, pairs[p], pairs[p].i == k, &errors);
    quality.keyframes[k] = Summarize(std::move(errors));
  });
  MeasureContacts(variables, view, contacts, &quality);
  return quality;
}

void MeasureObservability(const Variables& variables,
                          const std::vector<WeightedTerm>& terms,
                          const std::vector<double>& values,
                          double prior_sigma,
                          int threads,
                          Quality* quality) {
  const int tangent = variables.layout.block(variables.focal_block).tangent_offset;
  const Uncertainty uncertainty = EstimateUncertainty(variables.layout, terms, values, {tangent}, threads);
  if (!uncertainty.defined) return;
  const double variance = uncertainty.variance[0];
  quality->condition = uncertainty.condition;
  quality->focal_sigma = std::sqrt(std::max(0.0, variance));
  quality->focal_from_prior = std::clamp(variance / (prior_sigma * prior_sigma), 0.0, 1.0);
}

}  // namespace foothold
