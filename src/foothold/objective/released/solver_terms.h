// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "foothold/objective/match_sums.h"
#include "foothold/objective/released/cusp.h"
#include "foothold/objective/released/objective.h"
#include "foothold/objective/variables.h"
#include "foothold/solver/energy_term.h"

namespace foothold {

// The released terms for a second-order minimiser: unknowns are absolute cameras and log sizes (camera
// blocks of variables.h) and the focal length, with bodies as they are. The same values as
// EvaluateReleased up to float rounding and the rounding-off of cusps, which annealing takes to nothing.

PackedMatches PackProblemMatches(const JointProblem& problem);

class ReleasedMatchTerm : public EnergyTerm {
 public:
  ReleasedMatchTerm(const JointProblem& problem,
                    const Variables& variables,
                    const PackedMatches& matches,
                    ReleasedStage stage,
                    const CuspAnnealing& annealing);

  std::string name() const override { return stage_ == ReleasedStage::kAlign ? "l3d" : "l2d"; }
  int num_residuals() const override;
  int num_groups() const override { return static_cast<int>(blocks_.size()); }
  const std::vector<int>& GroupBlocks(int group) const override { return blocks_[group]; }
  double Evaluate(const ParameterView& view, int group, GroupSystem* system) const override;
  void Anneal(double progress) override { kernel_ = annealing_.At(progress); }

 private:
  double Align(const ParameterView& view, int group, GroupSystem* system) const;
  double Reproject(const ParameterView& view, int group, bool source_first, GroupSystem* system) const;
  PairGeometry Geometry(
      const CameraState& target, const CameraState& source, int i_target, int i_source, double focal) const;

  const JointProblem& problem_;
  const Variables& variables_;
  const PackedMatches& matches_;
  ReleasedStage stage_;
  CuspAnnealing annealing_;
  MatchKernelParameters kernel_;
  ProjectionLimits limits_;
  double unit_ = 0;  // One over the divisor of the mean.
  std::vector<std::vector<int>> blocks_;
};

// Contacts of one keyframe: the depth of the scene under a touching vertex, and that of the vertex.
struct ScaleGroup {
  struct Entry {
    double core_m, omega, vertex_depth_m, weight;
  };
  int keyframe = 0;
  std::vector<Entry> entries;
};
std::vector<ScaleGroup> ScaleGroups(const JointProblem& problem,
                                    const BodyModel& model,
                                    const JointParameters& parameters);

// Depth of the scene under a touching vertex against that of the vertex.
class ReleasedScaleTerm : public EnergyTerm {
 public:
  ReleasedScaleTerm(const JointProblem& problem,
                    const BodyModel& model,
                    const JointParameters& parameters,
                    const Variables& variables,
                    const CuspAnnealing& annealing);

  std::string name() const override { return "scale"; }
  int num_residuals() const override { return num_entries_; }
  int num_groups() const override { return static_cast<int>(groups_.size()); }
  const std::vector<int>& GroupBlocks(int group) const override { return blocks_[group]; }
  double Evaluate(const ParameterView& view, int group, GroupSystem* system) const override;
  void Anneal(double progress) override { kernel_ = annealing_.At(progress); }

 private:
  const JointProblem& problem_;
  const Variables& variables_;
  CuspAnnealing annealing_;
  MatchKernelParameters kernel_;
  std::vector<ScaleGroup> groups_;
  std::vector<std::vector<int>> blocks_;
  int num_entries_ = 0;
};

// Distances between points that are fixed to cameras: sum_k factor_k (R_k x_k + c_k).
class CameraPointsTerm : public EnergyTerm {
 public:
  struct Residual {
    std::vector<Vec3d> in_cam;  // One per keyframe of the group.
    double weight = 0;
  };
  struct Group {
    std::vector<int> keyframes;
    std::vector<double> factors;
    std::vector<Residual> residuals;
  };

  CameraPointsTerm(std::string name,
                   std::vector<Group> groups,
                   const Variables& variables,
                   const CuspAnnealing& annealing);

  std::string name() const override { return name_; }
  int num_residuals() const override { return num_residuals_; }
  int num_groups() const override { return static_cast<int>(groups_.size()); }
  const std::vector<int>& GroupBlocks(int group) const override { return blocks_[group]; }
  double Evaluate(const ParameterView& view, int group, GroupSystem* system) const override;
  void Anneal(double progress) override { kernel_ = annealing_.At(progress); }

 private:
  std::string name_;
  std::vector<Group> groups_;
  std::vector<std::vector<int>> blocks_;
  const Variables& variables_;
  CuspAnnealing annealing_;
  MatchKernelParameters kernel_;
  int num_residuals_ = 0;
};

// The released static and smooth terms.
std::vector<CameraPointsTerm::Group> PlantedGroups(const JointProblem& problem,
                                                   const BodyModel& model,
                                                   const JointParameters& parameters);
std::vector<CameraPointsTerm::Group> SmoothGroups(const JointProblem& problem,
                                                  const BodyModel& model,
                                                  const JointParameters& parameters);

}  // namespace foothold
