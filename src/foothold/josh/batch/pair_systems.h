// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/josh/batch/block.h"
#include "foothold/josh/batch/view.h"
#include "foothold/objective/pair_system.h"

namespace foothold::batch {

FOOTHOLD_HD CameraState StateOf(const Camera& camera) {
  const Rigid3d world_from_cam{
      {camera.rotation[0], camera.rotation[1], camera.rotation[2], camera.rotation[3]},
      {camera.center_m[0], camera.center_m[1], camera.center_m[2]}};
  return {
      world_from_cam, MatrixFromQuaternion(world_from_cam.rotation), camera.log_size, exp(camera.log_size)};
}

// Cameras and focal length that a sweep looks at.
FOOTHOLD_HD const Camera* CamerasOf(const View& view, const Chunk& chunk, Sweep sweep) {
  return (sweep == Sweep::kCandidate ? view.candidates : view.cameras) + chunk.first_camera;
}
FOOTHOLD_HD double FocalOf(const Chunk& chunk, const State& state, Sweep sweep) {
  return chunk.initial_focal_px *
         exp(sweep == Sweep::kCandidate ? state.candidate_log_focal : state.log_focal);
}
FOOTHOLD_HD Vec3d DepthModelOf(const View& view, const Chunk& chunk, int keyframe, double focal_px) {
  const int at = chunk.first_camera + keyframe;
  return DepthModel(view.median_depth_m[at], view.base_focal_px[at], focal_px);
}

// One over the divisor of the match term's mean.
template <ReleasedStage kStage>
FOOTHOLD_HD double MatchUnit(const State& state) {
  if (!(state.confidence > 0)) return 0;
  return 1 / (kStage == ReleasedStage::kReproject ? 2 * state.confidence : state.confidence);
}

// Relative views of all pairs, for SumTiles. Stage 1 has keyframe i as source; stage 2 has j in
// direction 0 and i in direction 1.
template <ReleasedStage kStage>
struct PreparePairs {
  static constexpr int kThreads = 64;
  static constexpr int kDirections = kStage == ReleasedStage::kReproject ? 2 : 1;

  View view;
  Sweep sweep;

  static constexpr size_t SharedBytes() { return 0; }
  int NumBlocks(const BatchCounts& most) const {
    return (kDirections * most.pairs + kThreads - 1) / kThreads;
  }

  template <class Block>
  FOOTHOLD_HD void operator()(Block& block, int index) const {
    block.For(kThreads, [&](int lane) {
      const int task = index * kThreads + lane;
      if (task < kDirections * view.counts->pairs) Prepare(task / kDirections, task % kDirections);
    });
  }

 private:
  FOOTHOLD_HD void Prepare(int index, int direction) const {
    const Pair& pair = view.pairs[index];
    const State& state = view.states[pair.chunk];
    if (!TakesPart(sweep, state)) return;
    const Chunk& chunk = view.chunks[pair.chunk];
    const bool source_first = kDirections == 1 || direction == 1;
    const int i_source = source_first ? pair.i : pair.j, i_target = source_first ? pair.j : pair.i;
    const Camera* cameras = CamerasOf(view, chunk, sweep);
    const CameraState source = StateOf(cameras[i_source]), target = StateOf(cameras[i_target]);
    const RelativeView relative = TargetFromSource(target, source);
    const double focal_px = FocalOf(chunk, state, sweep);
    DirectionModel& model = view.directions[2 * static_cast<int64_t>(index) + direction];
    model.source = MakePointModel<float>(
        relative.rotation, source.scale, focal_px, DepthModelOf(view, chunk, i_source, focal_px));
    model.target = MakePointModel<float>(
        Mat3d::Identity(), target.scale, focal_px, DepthModelOf(view, chunk, i_target, focal_px));
    model.translation_m = relative.translation.template Cast<float>();
    model.focal_px = static_cast<float>(focal_px);
  }
};

// Sums of a pair's tiles to its normal equations by the unknowns of its two cameras and the focal
// length, weighted as in the total.
template <ReleasedStage kStage>
struct PairSystems {
  static constexpr bool kReproject = kStage == ReleasedStage::kReproject;
  static constexpr int kThreads = 64;
  static constexpr int kDirections = kReproject ? 2 : 1;
  static constexpr int kRelative = 8;  // Columns of a relative system.
  static constexpr int kSums = kReproject ? kReprojectTileSums : kAlignTileSums;

  struct Scratch {
    double sums[kDirections * kSums];
    Mat<double, kRelative, kRelative> hessian[kDirections];  // Both triangles.
    Vec<double, kRelative> gradient[kDirections];
    Mat<double, kRelative, kPairDof> chain[kDirections], product[kDirections];
  };

  View view;

  static constexpr size_t SharedBytes() { return sizeof(Scratch); }
  int NumBlocks(const BatchCounts& most) const { return most.pairs; }

  template <class Block>
  FOOTHOLD_HD void operator()(Block& block, int index) const {
    if (index >= view.counts->pairs) return;
    const Pair pair = view.pairs[index];
    const State& state = view.states[pair.chunk];
    if (!TakesPart(Sweep::kLinearize, state)) return;
    const Chunk& chunk = view.chunks[pair.chunk];
    Scratch& s = *block.template Shared<Scratch>();
    block.For(kDirections * kSums, [&](int k) {
      double sum = 0;
      for (int t = 0; t < pair.tiles.count; ++t) {
        sum += view.tile_sums[static_cast<int64_t>(pair.tiles.first + t) * kMaxTileSums + k];
      }
      s.sums[k] = sum;
    });
    block.For(kDirections, [&](int d) { Relative(chunk, pair, d, &s); });
    block.For(kDirections * kRelative * kPairDof, [&](int i) {
      const int d = i / (kRelative * kPairDof), row = i / kPairDof % kRelative, column = i % kPairDof;
      double sum = 0;
      for (int k = 0; k < kRelative; ++k) sum += s.hessian[d](row, k) * s.chain[d](k, column);
      s.product[d](row, column) = sum;
    });
    const double factor = chunk.weight[kMatchTerm] * MatchUnit<kStage>(state);
    double* hessian = view.systems + pair.system;
    double* gradient = hessian + kPairDof * kPairDof;
    block.For(kPairDof * kPairDof, [&](int i) {
      const int a = i / kPairDof, b = i % kPairDof;
      double sum = 0;
      for (int d = 0; d < kDirections; ++d) {
        for (int k = 0; k < kRelative; ++k) sum += s.chain[d](k, a) * s.product[d](k, b);
      }
      hessian[i] = factor * sum;
    });
    block.For(kPairDof, [&](int a) {
      double sum = 0;
      for (int d = 0; d < kDirections; ++d) {
        for (int k = 0; k < kRelative; ++k) sum += s.chain[d](k, a) * s.gradient[d][k];
      }
      gradient[a] = factor * sum;
    });
  }

 private:
  FOOTHOLD_HD void Relative(const Chunk& chunk, const Pair& pair, int d, Scratch* s) const {
    const bool source_first = !kReproject || d == 1;
    const Camera* cameras = CamerasOf(view, chunk, Sweep::kLinearize);
    const CameraState source = StateOf(cameras[source_first ? pair.i : pair.j]);
    const CameraState target = StateOf(cameras[source_first ? pair.j : pair.i]);
    RelativeSystem<kRelative> system;
    s->chain[d] = PairChain<kRelative>(target, source, source_first);
    if constexpr (kReproject) {
      ReprojectSums<double> sums;
      const double* in = s->sums + d * kSums + 1;  // In the order of SumAt.
      for (double& m : sums.moment) m = *in++;
      for (double& g : sums.gradient) g = *in++;
      system = ReprojectSystem(sums, TargetFromSource(target, source).translation, 1);
      s->chain[d](kReprojectionLogFocal, kPairDof - 1) = 1;
    } else {
      AlignSums<double> sums;
      for (int k = 1; k < kSums; ++k) sums.moment[k - 1] = s->sums[k];
      system = AlignSystem(sums, TargetFromSource(target, source).translation, 1);
      s->chain[d](kTargetLogScale, kCameraDof + kLogScale) = 1;
    }
    for (int a = 0; a < kRelative; ++a) {
      for (int b = 0; b <= a; ++b) s->hessian[d](a, b) = s->hessian[d](b, a) = system.hessian(a, b);
    }
    s->gradient[d] = system.gradient;
  }
};

}  // namespace foothold::batch
