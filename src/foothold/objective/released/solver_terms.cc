// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/released/solver_terms.h"

#include <cmath>
#include <limits>
#include <map>

#include "foothold/objective/pair_system.h"
#include "foothold/objective/released/raw_body.h"

namespace foothold {
namespace {

bool SizeIsSane(const CameraState& camera) { return std::abs(camera.log_scale) < kMaxLogSize; }
bool FocalIsSane(const JointProblem& problem, double focal_px) {
  const FocalRange range = ReleasedFocalRange(problem);
  return focal_px >= range.min_px && focal_px <= range.max_px;
}
constexpr double kInsane = std::numeric_limits<double>::infinity();

Vec3d DepthModelOf(const JointProblem& problem, int keyframe, double focal_px) {
  return DepthModel(problem.median_depth_m[keyframe], problem.base_focal_px[keyframe], focal_px);
}

MatchEnd<float> EndOf(
    const JointProblem& problem, int keyframe, uint16_t x, uint16_t y, int anchor, float omega) {
  return MakeMatchEnd(x,
                      y,
                      static_cast<float>(problem.width) / 2,
                      static_cast<float>(problem.height) / 2,
                      problem.core_depth_m[static_cast<size_t>(keyframe) * problem.num_anchors() + anchor],
                      omega);
}

}  // namespace

PackedMatches PackProblemMatches(const JointProblem& problem) {
  const MatchArrays& from = problem.matches;
  MatchPacker packer(from.size(), problem.pairs.size());
  for (int p = 0; p < problem.num_pairs(); ++p) {
    const auto [i, j] = problem.pairs[p];
    packer.BeginPair(i, j);
    for (int64_t m = problem.offset[p]; m < problem.offset[p + 1]; ++m) {
      packer.Add(EndOf(problem, i, from.x1[m], from.y1[m], from.anchor1[m], from.omega1[m]),
                 EndOf(problem, j, from.x2[m], from.y2[m], from.anchor2[m], from.omega2[m]),
                 from.confidence[m]);
    }
  }
  return packer.Finish();
}

ReleasedMatchTerm::ReleasedMatchTerm(const JointProblem& problem,
                                     const Variables& variables,
                                     const PackedMatches& matches,
                                     ReleasedStage stage,
                                     const CuspAnnealing& annealing)
    : problem_(problem),
      variables_(variables),
      matches_(matches),
      stage_(stage),
      annealing_(annealing),
      kernel_(annealing.At(1)) {
  const Vec2d center{problem.width / 2.0, problem.height / 2.0};
  const Vec2d low{kMinProjection_px, kMinProjection_px}, high{kMaxProjection_px, kMaxProjection_px};
  limits_ = {kMinProjectDepth_m, 0, center, low - center, high - center};
  double confidence = 0;
  for (const float c : matches.confidence) confidence += c;
  if (confidence > 0) unit_ = 1 / (stage == ReleasedStage::kAlign ? confidence : 2 * confidence);
  for (const PackedPair& pair : matches.pairs) {
    blocks_.push_back(
        {variables.camera_blocks[pair.i], variables.camera_blocks[pair.j], variables.focal_block});
  }
}

int ReleasedMatchTerm::num_residuals() const {
  return static_cast<int>(problem_.matches.size()) * (stage_ == ReleasedStage::kAlign ? 3 : 4);
}

PairGeometry ReleasedMatchTerm::Geometry(
    const CameraState& target, const CameraState& source, int i_target, int i_source, double focal) const {
  const RelativeView relative = TargetFromSource(target, source);
  return {relative.rotation,
          relative.translation,
          source.scale,
          target.scale,
          focal,
          DepthModelOf(problem_, i_source, focal),
          DepthModelOf(problem_, i_target, focal)};
}

double ReleasedMatchTerm::Align(const ParameterView& view, int group, GroupSystem* system) const {
  const PackedPair& pair = matches_.pairs[group];
  const CameraState target = ReadCamera(variables_, view, pair.j);
  const CameraState source = ReadCamera(variables_, view, pair.i);
  if (!SizeIsSane(target) || !SizeIsSane(source)) return kInsane;
  const PairGeometry geometry = Geometry(target, source, pair.j, pair.i, ReadFocal(variables_, view));
  const AlignSums<double> sums = SumAlignment(matches_, group, geometry, kernel_, system != nullptr);
  if (system != nullptr) {
    auto chain = PairChain<8>(target, source, true);
    chain(kTargetLogScale, kCameraDof + kLogScale) = 1;
    AlignSystem(sums, geometry.translation_m, unit_).AddTo(chain, system);
  }
  return unit_ * sums.cost;
}

double ReleasedMatchTerm::Reproject(const ParameterView& view,
                                    int group,
                                    bool source_first,
                                    GroupSystem* system) const {
  const PackedPair& pair = matches_.pairs[group];
  const int i_target = source_first ? pair.j : pair.i, i_source = source_first ? pair.i : pair.j;
  const CameraState target = ReadCamera(variables_, view, i_target);
  const CameraState source = ReadCamera(variables_, view, i_source);
  const double focal = ReadFocal(variables_, view);
  if (!SizeIsSane(target) || !SizeIsSane(source) || !FocalIsSane(problem_, focal)) return kInsane;
  const PairGeometry geometry = Geometry(target, source, i_target, i_source, focal);
  const ReprojectSums<double> sums =
      SumReprojection(matches_, group, source_first, geometry, limits_, kernel_, system != nullptr);
  if (system != nullptr) {
    auto chain = PairChain<kNumReproject>(target, source, source_first);
    chain(kReprojectionLogFocal, kPairDof - 1) = 1;
    ReprojectSystem(sums, geometry.translation_m, unit_).AddTo(chain, system);
  }
  return unit_ * sums.cost;
}

double ReleasedMatchTerm::Evaluate(const ParameterView& view, int group, GroupSystem* system) const {
  if (stage_ == ReleasedStage::kAlign) return Align(view, group, system);
  return Reproject(view, group, false, system) + Reproject(view, group, true, system);
}

std::vector<ScaleGroup> ScaleGroups(const JointProblem& problem,
                                    const BodyModel& model,
                                    const JointParameters& parameters) {
  std::map<int, ScaleGroup> by_keyframe;
  for (size_t k = 0; k < problem.tracks.size(); ++k) {
    const JointTrack& track = problem.tracks[k];
    const double share = static_cast<double>(track.keyframes.size()) / problem.num_bodies();
    double confidence = 0;
    for (const AnchorContact& c : track.scale_contacts) confidence += c.confidence;
    if (!(confidence > 0)) continue;
    for (const AnchorContact& c : track.scale_contacts) {
      const RawSkeleton skeleton = PoseRawSkeleton(model, parameters.tracks[k], c.body);
      const Vec3d vertex = RawVertex(model, parameters.tracks[k].shape, skeleton, c.vertex);
      const size_t entry = static_cast<size_t>(c.keyframe) * problem.num_anchors() + c.anchor;
      ScaleGroup& group = by_keyframe[c.keyframe];
      group.keyframe = c.keyframe;
      group.entries.push_back(
          {problem.core_depth_m[entry], c.omega, vertex[2], share * c.confidence / confidence});
    }
  }
  std::vector<ScaleGroup> groups;
  for (auto& [keyframe, group] : by_keyframe) groups.push_back(std::move(group));
  return groups;
}

ReleasedScaleTerm::ReleasedScaleTerm(const JointProblem& problem,
                                     const BodyModel& model,
                                     const JointParameters& parameters,
                                     const Variables& variables,
                                     const CuspAnnealing& annealing)
    : problem_(problem),
      variables_(variables),
      annealing_(annealing),
      kernel_(annealing.At(1)),
      groups_(ScaleGroups(problem, model, parameters)) {
  for (const ScaleGroup& group : groups_) {
    blocks_.push_back({variables.camera_blocks[group.keyframe], variables.focal_block});
    num_entries_ += static_cast<int>(group.entries.size());
  }
}

double ReleasedScaleTerm::Evaluate(const ParameterView& view, int index, GroupSystem* system) const {
  const ScaleGroup& group = groups_[index];
  const CameraState camera = ReadCamera(variables_, view, group.keyframe);
  if (!SizeIsSane(camera)) return kInsane;
  const double size = camera.scale;
  if (!FocalIsSane(problem_, ReadFocal(variables_, view))) return kInsane;
  const double focal = ReadFocal(variables_, view), zoom = focal / problem_.initial_focal_px;
  const Vec3d depth = DepthModelOf(problem_, group.keyframe, focal);
  const CuspKernel kernel(kernel_);
  double cost = 0;
  for (const ScaleGroup::Entry& entry : group.entries) {
    const double scene = size * (entry.core_m + depth[0]) * entry.omega;
    const double body = entry.vertex_depth_m * zoom;
    const double residual = scene - body;
    double weight;
    cost += entry.weight * kernel.Cost(residual * residual, &weight);
    if (system == nullptr) continue;
    double row[kCameraDof + 1] = {};
    row[kLogScale] = scene;
    row[kCameraDof] = size * depth[2] * entry.omega - body;
    system->Add(1, row, &residual, entry.weight * weight);
  }
  return cost;
}

CameraPointsTerm::CameraPointsTerm(std::string name,
                                   std::vector<Group> groups,
                                   const Variables& variables,
                                   const CuspAnnealing& annealing)
    : name_(std::move(name)),
      groups_(std::move(groups)),
      variables_(variables),
      annealing_(annealing),
      kernel_(annealing.At(1)) {
  for (const Group& group : groups_) {
    blocks_.emplace_back();
    for (const int k : group.keyframes) blocks_.back().push_back(variables.camera_blocks[k]);
    num_residuals_ += 3 * static_cast<int>(group.residuals.size());
  }
}

double CameraPointsTerm::Evaluate(const ParameterView& view, int index, GroupSystem* system) const {
  const Group& group = groups_[index];
  const size_t count = group.keyframes.size();
  std::vector<CameraState> cameras;
  for (const int k : group.keyframes) cameras.push_back(ReadCamera(variables_, view, k));
  const CuspKernel kernel(kernel_);
  double cost = 0;
  for (const Residual& points : group.residuals) {
    Vec3d residual = Vec3d::Zero();
    GroupJacobian jacobian(3, system == nullptr ? 0 : system->size);
    for (size_t k = 0; k < count; ++k) {
      const double factor = group.factors[k];
      const Vec3d turned = cameras[k].rotation * points.in_cam[k];
      residual = residual + factor * (turned + cameras[k].world_from_cam.translation);
      if (system == nullptr) continue;
      const int column = static_cast<int>(k) * kCameraDof;
      jacobian.Add(0, column, Skew(turned), -factor);
      jacobian.Add(0, column + 3, Mat3d::Identity(), factor);
    }
    double weight;
    cost += points.weight * kernel.Cost(SquaredNorm(residual), &weight);
    if (system != nullptr) system->Add(3, jacobian.data(), residual.data, points.weight * weight);
  }
  return cost;
}

std::vector<CameraPointsTerm::Group> PlantedGroups(const JointProblem& problem,
                                                   const BodyModel& model,
                                                   const JointParameters& parameters) {
  std::map<std::pair<int, int>, CameraPointsTerm::Group> by_keyframes;
  for (size_t k = 0; k < problem.tracks.size(); ++k) {
    const JointTrack& track = problem.tracks[k];
    const TrackParameters& body = parameters.tracks[k];
    const double share = static_cast<double>(track.keyframes.size()) / problem.num_bodies();
    const auto vertex = [&](int t, int v) {
      return RawVertex(model, body.shape, PoseRawSkeleton(model, body, t), v);
    };
    for (const RepeatedContact& c : track.static_contacts) {
      const std::pair<int, int> at{track.keyframes[c.previous_body], track.keyframes[c.body]};
      CameraPointsTerm::Group& group = by_keyframes[at];
      group.keyframes = {at.first, at.second};
      group.factors = {-1, 1};
      group.residuals.push_back({{vertex(c.previous_body, c.vertex), vertex(c.body, c.vertex)},
                                 share / static_cast<double>(track.static_contacts.size())});
    }
  }
  std::vector<CameraPointsTerm::Group> groups;
  for (auto& [at, group] : by_keyframes) groups.push_back(std::move(group));
  return groups;
}

std::vector<CameraPointsTerm::Group> SmoothGroups(const JointProblem& problem,
                                                  const BodyModel& model,
                                                  const JointParameters& parameters) {
  std::vector<CameraPointsTerm::Group> groups;
  for (size_t k = 0; k < problem.tracks.size(); ++k) {
    const std::vector<int>& at = problem.tracks[k].keyframes;
    const int bodies = static_cast<int>(at.size());
    const double share = static_cast<double>(bodies) / problem.num_bodies();
    std::vector<RawSkeleton> skeletons;
    for (int t = 0; t < bodies; ++t) skeletons.push_back(PoseRawSkeleton(model, parameters.tracks[k], t));
    for (int t = 1; t + 1 < bodies; ++t) {
      CameraPointsTerm::Group group;
      group.keyframes = {at[t - 1], at[t], at[t + 1]};
      const double before = 1.0 / (at[t] - at[t - 1]), after = 1.0 / (at[t + 1] - at[t]);
      group.factors = {before, -before - after, after};
      for (int joint = 0; joint < kNumJoints; ++joint) {
        group.residuals.push_back({{skeletons[t - 1].joints_m[joint],
                                    skeletons[t].joints_m[joint],
                                    skeletons[t + 1].joints_m[joint]},
                                   share / ((bodies - 2) * kNumJoints)});
      }
      groups.push_back(std::move(group));
    }
  }
  return groups;
}

}  // namespace foothold
