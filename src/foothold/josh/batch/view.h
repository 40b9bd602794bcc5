// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "foothold/geometry/host_device.h"
#include "foothold/objective/match_kernel.h"
#include "foothold/objective/released/objective.h"

namespace foothold::batch {

// A batch of joint optimisation problems ("chunks") as flat arrays of plain numbers that host and
// device see alike. Everything that belongs to a chunk lies together, chunk after chunk; a chunk's
// arithmetic refers to nothing outside it, so its result has the same bits in any batch.
//
// Unknowns of a chunk, n = 7 N + 1: per keyframe rotation 3, position 3 (left perturbation of
// world_from_cam), log size 1; last the log of the focal length over its initial value.
constexpr int kUnknownsPerCamera = 7;
constexpr int kMaxGroupCameras = 3;
constexpr int kMaxGroupUnknowns = 3 * kUnknownsPerCamera;
constexpr int kNumTerms = 4;  // match, scale, static, smooth: the order of costs and weights.
enum Term : int { kMatchTerm = 0, kScaleTerm = 1, kPlantedTerm = 2, kSmoothTerm = 3 };
constexpr int kNumStages = 2;

// The matches of a pair are summed in tiles of at most so many, each by kTileThreads threads.
constexpr int kTileMatches = 4096;
constexpr int kTileThreads = 128;
// Most sums of a tile: stage 2, both directions. AlignSums or ReprojectSums with the cost first.
constexpr int kAlignTileSums = kNumMoments + 1;
constexpr int kReprojectTileSums = kNumReprojectMoments + kNumReproject + 1;
constexpr int kMaxTileSums = 2 * kReprojectTileSums;

struct BatchCounts {
  int chunks, pairs, tiles, groups, blocks;
};

// [first, first + count) of some array.
struct Range {
  int first, count;
};

struct Chunk {
  int num_keyframes, num_anchors, root;
  int fixed_size;  // Keyframe whose size is fixed, or -1.
  Range pairs, tiles, blocks;
  Range groups[kNumTerms];                       // Of the human terms; [kMatchTerm] is empty.
  int first_camera;                              // Of cameras, medians and base focals.
  int first_unknown;                             // Of vectors over unknowns.
  int64_t first_core, first_match, first_entry;  // Of core depths, raw matches and matrix entries.
  float half_width, half_height;                 // Principal point.
  double initial_focal_px;
  // Logs over initial_focal_px: start and range.
  double log_focal, min_log_focal, max_log_focal;
  double weight[kNumTerms];
  int max_iterations[kNumStages];

  FOOTHOLD_HD int num_unknowns() const { return kUnknownsPerCamera * num_keyframes + 1; }
};

// A pair of keyframes i < j. Its normal equations (unknowns of i, of j, focal: 15) are a group system.
struct Pair {
  int chunk, i, j;
  Range tiles;
  int64_t system;
};

// Part of a pair's matches. Packed entries are padded with confidence 0 to a multiple of kTileThreads.
struct Tile {
  int chunk, pair;
  int64_t first_match, first_packed;
  int count, padded;
};

// Residuals of a human term that see the same keyframes (ascending). Their normal equations: unknowns
// of each keyframe, and the focal length in the scale term.
struct Group {
  int chunk, term;
  int num_cameras;
  int camera[kMaxGroupCameras];
  double factor[kMaxGroupCameras];  // Static and smooth: sum_k factor_k (R_k x_k + c_k).
  Range residuals;
  int64_t system;

  FOOTHOLD_HD int num_unknowns() const {
    return num_cameras * kUnknownsPerCamera + (term == kScaleTerm ? 1 : 0);
  }
};
struct GroupResidual {
  double weight;
  // Scale: core depth, omega, depth of the vertex. Otherwise the point in each camera, metres.
  double data[3 * kMaxGroupCameras];
};
// A group's system: hessian s x s row-major (lower triangle), gradient s.
FOOTHOLD_HD int64_t SystemSize(int unknowns) { return static_cast<int64_t>(unknowns) * (unknowns + 1); }

// One nonzero block of a chunk's matrix, row >= column, and the group systems that it is the sum of.
struct MatrixBlock {
  int chunk;
  int row, column;  // First unknown.
  int rows, columns;
  Range parts;
};
struct BlockPart {
  int64_t system;
  int unknowns;     // Of the group.
  int row, column;  // Inside it.
};

struct Camera {
  double rotation[4];  // world_from_cam, unit quaternion wxyz.
  double center_m[3];
  double log_size;
};

struct Cusp {
  double gamma, epsilon, offset;
};

enum Phase : int { kLinearize = 0, kRetry = 1, kDone = 2 };

// Where the minimiser of one chunk stands.
struct State {
  int phase;
  int termination;  // A SolverSummary::Termination.
  int iteration;    // Of the current linearisation.
  int rejected_in_a_row;
  int num_accepted, num_rejected, num_non_finite, num_records;
  bool solved;  // Whether the candidate is a finite step.
  double damping, damping_growth;
  double cost, term_cost[kNumTerms];  // At the linearisation; weighted total, unweighted terms.
  double step_norm, predicted_decrease;
  double log_focal, candidate_log_focal;  // Over the initial focal length.
  double confidence;                      // Sum over all matches.
  // Of the match and of the human terms, at this iteration and fully annealed.
  Cusp match_cusp, human_cusp, last_match_cusp[kNumStages], last_human_cusp;
};

// One line of SolverSummary::iterations.
struct Record {
  int iteration, accepted;
  double cost, term_cost[kNumTerms], damping, step_norm;
};

struct StageResult {
  int termination, num_accepted, num_rejected, num_non_finite, num_records;
  double log_focal;
  // Unweighted, fully annealed, with the match term of this stage: before and after both stages.
  double initial_term[kNumTerms], final_term[kNumTerms];
};

// What a tile needs to know of the relative view of its pair, one direction.
struct DirectionModel {
  PointModel<float> source, target;  // `target` in stage 1 only.
  Vec<float, 3> translation_m;
  float focal_px;
};

// A residual of a group at the present cameras.
struct ResidualState {
  double value[3];
  double turned_m[3][3];  // R_k x_k; scale: derivatives by log size and log focal in [0][0], [0][1].
};

struct RawMatches {
  uint16_t *x1, *y1, *x2, *y2, *anchor1, *anchor2;
  float *omega1, *omega2, *confidence;
};

// Packed matches lie in groups of kTileThreads, field after field, so that a thread reaches all fields of
// its match from one address. A tile begins with a group.
enum PackedField { kX, kY, kCore, kOmegaM1, kFieldsPerEnd, kConfidence = 2 * kFieldsPerEnd, kPackedFields };
constexpr int kPackedGroup = kPackedFields * kTileThreads;
// Of match `at`: its first field; the others follow kTileThreads apart.
FOOTHOLD_HD constexpr int64_t PackedOffset(int64_t at) {
  return at / kTileThreads * kPackedGroup + at % kTileThreads;
}

// Pointers to all arrays. Input is written by the host before, output read by it after a run.
struct View {
  // Input.
  BatchCounts* counts;  // [1]
  Chunk* chunks;
  Pair* pairs;
  Tile* tiles;
  Group* groups;
  GroupResidual* residuals;
  MatrixBlock* blocks;
  BlockPart* parts;
  Camera* initial_cameras;
  float *median_depth_m, *base_focal_px, *core_depth_m;
  RawMatches raw;
  // Work.
  float* packed;            // [packed matches][kPackedFields], in groups.
  double* tile_confidence;  // [tile]
  Camera *cameras, *candidates;
  State* states;               // [chunk]
  DirectionModel* directions;  // [pair][2]
  double* tile_sums;           // [tile][kMaxTileSums]
  double* tile_cost;           // [tile]
  double* residual_costs;
  double* group_cost;  // [group]
  double* systems;
  double *matrix, *factor;          // Of a chunk: n x n, and (n + 1) x n; row-major, lower triangle.
  double *gradient, *scale, *step;  // Of a chunk: n.
  // Output.
  StageResult* results;  // [chunk][2]
  Camera* results_cameras[kNumStages];
  Record* records;  // [chunk][2][max_records]
  // Records of a stage and chunk.
  int max_records;
};

// Which cameras and which sharpness of the kernels a sweep over the residuals is for.
enum class Sweep {
  kLinearize,  // Accepted cameras, with derivatives; of chunks in phase kLinearize.
  kCandidate,  // Candidate cameras; of chunks that have one.
  kReport,     // Accepted cameras, fully annealed; of all chunks.
};
FOOTHOLD_HD bool TakesPart(Sweep sweep, const State& state) {
  if (sweep == Sweep::kReport) return true;
  if (sweep == Sweep::kLinearize) return state.phase == kLinearize;
  return state.phase != kDone && state.solved;
}

}  // namespace foothold::batch
