// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/josh/batch/block.h"
#include "foothold/josh/batch/pair_systems.h"
#include "foothold/objective/released/cusp.h"

namespace foothold::batch {

// Costs of the groups of the human terms and, with derivatives, their normal equations, weighted as in
// the total. Bodies are frozen: every residual is a function of cameras and constant points.
template <bool kDerivatives>
struct SumGroups {
  static constexpr int kThreads = kDerivatives ? 256 : 64;
  static constexpr int kTile = 32;  // Residuals whose derivatives are in shared memory at a time.
  static constexpr int kMaxColumns = 3 * kUnknownsPerCamera + 1;

  struct Tile {
    ResidualState states[kTile];
    double weight[kTile];
    Vec3d columns[kTile][kMaxColumns + 1];  // The last of a residual is its value.
  };

  View view;
  Sweep sweep;

  static constexpr size_t SharedBytes() {
    return (kSumLanes + 1) * sizeof(double) + (kDerivatives ? sizeof(Tile) : 0);
  }
  int NumBlocks(const BatchCounts& most) const { return most.groups; }

  template <class Block>
  FOOTHOLD_HD void operator()(Block& block, int index) const {
    if (index >= view.counts->groups) return;
    const Group& group = view.groups[index];
    const State& state = view.states[group.chunk];
    if (!TakesPart(sweep, state)) return;
    const Chunk& chunk = view.chunks[group.chunk];
    const Cusp cusp = sweep == Sweep::kReport ? state.last_human_cusp : state.human_cusp;
    const CuspKernel kernel({cusp.gamma, cusp.epsilon});
    double* costs = view.residual_costs + group.residuals.first;
    const auto evaluate = [&](int r, ResidualState* out) {
      const GroupResidual& residual = view.residuals[group.residuals.first + r];
      if (group.term == kScaleTerm) {
        Scale(chunk, state, group, residual, out);
      } else {
        Points(chunk, group, residual, out);
      }
      double weight;
      const double r2 =
          out->value[0] * out->value[0] + out->value[1] * out->value[1] + out->value[2] * out->value[2];
      costs[r] = residual.weight * kernel.Cost(r2, &weight);
      return residual.weight * weight;
    };
    double* scratch = block.template Shared<double>();
    if constexpr (kDerivatives) {
      Tile& tile = *reinterpret_cast<Tile*>(scratch + kSumLanes + 1);
      for (int first = 0; first < group.residuals.count; first += kTile) {
        const int count = group.residuals.count - first < kTile ? group.residuals.count - first : kTile;
        block.For(count, [&](int r) { tile.weight[r] = evaluate(first + r, &tile.states[r]); });
        AddTile(block, chunk, group, count, first == 0, &tile);
      }
    } else {
      block.For(group.residuals.count, [&](int r) {
        ResidualState unused;
        evaluate(r, &unused);
      });
    }
    const double cost = SumInOrder(block, group.residuals.count, scratch, [&](int r) { return costs[r]; });
    block.Once([&] { view.group_cost[index] = cost; });
  }

 private:
  // The normal equations of the residuals of a tile; row `unknowns` is the gradient.
  template <class Block>
  FOOTHOLD_HD void AddTile(
      Block& block, const Chunk& chunk, const Group& group, int count, bool first, Tile* tile) const {
    const int unknowns = group.num_unknowns(), columns = unknowns + 1;
    block.For(count * columns, [&](int i) {
      const int r = i / columns, a = i % columns;
      const ResidualState& at = tile->states[r];
      tile->columns[r][a] =
          a < unknowns ? Column(group, at, a) : Vec3d{at.value[0], at.value[1], at.value[2]};
    });
    double* system = view.systems + group.system;
    const double weight = chunk.weight[group.term];
    block.For(columns * unknowns, [&](int i) {
      const int a = i / unknowns, b = i % unknowns;
      if (a < unknowns && b > a) return;
      double sum = 0;
      for (int r = 0; r < count; ++r) sum += tile->weight[r] * Dot(tile->columns[r][a], tile->columns[r][b]);
      system[i] = (first ? 0 : system[i]) + weight * sum;
    });
  }

  // Depth of the scene under a touching vertex less that of the vertex.
  FOOTHOLD_HD void Scale(const Chunk& chunk,
                         const State& state,
                         const Group& group,
                         const GroupResidual& residual,
                         ResidualState* out) const {
    const double core = residual.data[0], omega = residual.data[1], vertex_depth = residual.data[2];
    const double size = exp(CamerasOf(view, chunk, sweep)[group.camera[0]].log_size);
    const double focal_px = FocalOf(chunk, state, sweep), zoom = focal_px / chunk.initial_focal_px;
    const Vec3d depth = DepthModelOf(view, chunk, group.camera[0], focal_px);
    const double scene = size * (core + depth[0]) * omega, body = vertex_depth * zoom;
    out->value[0] = scene - body;
    out->value[1] = out->value[2] = 0;
    out->turned_m[0][0] = scene;
    out->turned_m[0][1] = size * depth[2] * omega - body;
  }

  FOOTHOLD_HD void Points(const Chunk& chunk,
                          const Group& group,
                          const GroupResidual& residual,
                          ResidualState* out) const {
    Vec3d value = Vec3d::Zero();
    for (int k = 0; k < group.num_cameras; ++k) {
      const Camera& camera = CamerasOf(view, chunk, sweep)[group.camera[k]];
      const double* x = residual.data + 3 * k;
      const Quatd rotation{camera.rotation[0], camera.rotation[1], camera.rotation[2], camera.rotation[3]};
      const Vec3d turned = MatrixFromQuaternion(rotation) * Vec3d{x[0], x[1], x[2]};
      const Vec3d center{camera.center_m[0], camera.center_m[1], camera.center_m[2]};
      value = value + group.factor[k] * (turned + center);
      for (int c = 0; c < 3; ++c) out->turned_m[k][c] = turned[c];
    }
    for (int c = 0; c < 3; ++c) out->value[c] = value[c];
  }

  // Derivative of the residual by unknown `a` of the group.
  FOOTHOLD_HD static Vec3d Column(const Group& group, const ResidualState& at, int a) {
    const int camera = a / kUnknownsPerCamera, within = a % kUnknownsPerCamera;
    if (group.term == kScaleTerm) {
      const bool focal = camera == group.num_cameras;
      return {focal ? at.turned_m[0][1] : (within == kLogScale ? at.turned_m[0][0] : 0), 0, 0};
    }
    const double factor = group.factor[camera];
    if (within == kLogScale) return Vec3d::Zero();
    Vec3d axis = Vec3d::Zero();
    axis[within % 3] = factor;
    if (within >= 3) return axis;
    return Cross(axis, Vec3d{at.turned_m[camera][0], at.turned_m[camera][1], at.turned_m[camera][2]});
  }
};

}  // namespace foothold::batch
