// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/batch/prepare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "foothold/objective/relative_twist.h"
#include "foothold/objective/released/solver_terms.h"

namespace foothold::batch {
namespace {

Camera MakeCamera(const Mat3d& world_from_cam, const Vec3d& center_m, double log_size) {
  const Quatd q = QuaternionFromMatrix(world_from_cam);
  return {{q.w, q.x, q.y, q.z}, {center_m[0], center_m[1], center_m[2]}, log_size};
}

void SetStart(const JointProblem& problem, PreparedChunk* out) {
  const JointParameters parameters = InitialParameters(problem);
  const ReleasedCameras cameras = ComputeCameras(problem, parameters);
  for (int i = 0; i < problem.num_keyframes(); ++i) {
    out->cameras.push_back(
        MakeCamera(cameras.rotation[i], (1 / cameras.global) * cameras.center_m[i], parameters.log_size[i]));
  }
  Chunk& chunk = out->chunk;
  // Without people nothing but the smallest size, which the released code divides by, tells the scale. At
  // the start all are equal.
  chunk.fixed_size = problem.tracks.empty() ? 0 : -1;
  const FocalRange range = ReleasedFocalRange(problem);
  chunk.initial_focal_px = problem.initial_focal_px;
  chunk.log_focal = std::log(cameras.focal_px / problem.initial_focal_px);
  chunk.min_log_focal = std::log(range.min_px / problem.initial_focal_px);
  chunk.max_log_focal = std::log(range.max_px / problem.initial_focal_px);
}

// Tiles of equal size, so that no pair ends in a small one.
void AddPairs(const JointProblem& problem, PreparedChunk* out) {
  for (int p = 0; p < problem.num_pairs(); ++p) {
    const int64_t begin = problem.offset[p], count = problem.offset[p + 1] - begin;
    const int64_t num_tiles = (count + kTileMatches - 1) / kTileMatches;
    const auto [i, j] = problem.pairs[p];
    out->pairs.push_back({0, i, j, {static_cast<int>(out->tiles.size()), static_cast<int>(num_tiles)}, 0});
    for (int64_t t = 0; t < num_tiles; ++t) {
      const int64_t first = count * t / num_tiles, last = count * (t + 1) / num_tiles;
      Tile tile{0, p, begin + first, out->size.packed, static_cast<int>(last - first), 0};
      tile.padded = (tile.count + kTileThreads - 1) / kTileThreads * kTileThreads;
      out->size.packed += tile.padded;
      out->tiles.push_back(tile);
    }
  }
}

void BeginGroup(int term, const std::vector<int>& keyframes, PreparedChunk* out) {
  Group group{};
  group.term = term;
  group.num_cameras = static_cast<int>(keyframes.size());
  std::copy(keyframes.begin(), keyframes.end(), group.camera);
  group.residuals = {static_cast<int>(out->residuals.size()), 0};
  out->groups.push_back(group);
}

void AddScaleGroups(const std::vector<ScaleGroup>& groups, PreparedChunk* out) {
  for (const ScaleGroup& from : groups) {
    BeginGroup(kScaleTerm, {from.keyframe}, out);
    for (const ScaleGroup::Entry& entry : from.entries) {
      out->residuals.push_back({entry.weight, {entry.core_m, entry.omega, entry.vertex_depth_m}});
    }
    out->groups.back().residuals.count = static_cast<int>(from.entries.size());
  }
}

void AddPointGroups(int term, const std::vector<CameraPointsTerm::Group>& groups, PreparedChunk* out) {
  for (const CameraPointsTerm::Group& from : groups) {
    BeginGroup(term, from.keyframes, out);
    std::copy(from.factors.begin(), from.factors.end(), out->groups.back().factor);
    for (const CameraPointsTerm::Residual& residual : from.residuals) {
      GroupResidual to{residual.weight, {}};
      for (size_t k = 0; k < residual.in_cam.size(); ++k) {
        std::copy(residual.in_cam[k].data, residual.in_cam[k].data + 3, to.data + 3 * k);
      }
      out->residuals.push_back(to);
    }
    out->groups.back().residuals.count = static_cast<int>(from.residuals.size());
  }
}

void AddHumanGroups(const JointProblem& problem, const BodyModel& model, PreparedChunk* out) {
  const JointParameters parameters = InitialParameters(problem);
  const auto close = [&](int term, size_t first) {
    out->chunk.groups[term] = {static_cast<int>(first), static_cast<int>(out->groups.size() - first)};
  };
  size_t first = out->groups.size();
  AddScaleGroups(ScaleGroups(problem, model, parameters), out);
  close(kScaleTerm, first);
  first = out->groups.size();
  AddPointGroups(kPlantedTerm, PlantedGroups(problem, model, parameters), out);
  close(kPlantedTerm, first);
  first = out->groups.size();
  AddPointGroups(kSmoothTerm, SmoothGroups(problem, model, parameters), out);
  close(kSmoothTerm, first);
}

// Gathers, for every nonzero block of the matrix, where its parts lie.
class BlockList {
 public:
  explicit BlockList(int num_keyframes) : focal_(num_keyframes) {
    for (int k = 0; k <= num_keyframes; ++k) parts_[{k, k}];  // Diagonal blocks are always there.
  }
  // A system over the unknowns of `cameras`, ascending, and of the focal length if `with_focal`.
  void Add(int64_t system, std::vector<int> cameras, bool with_focal) {
    const int unknowns = static_cast<int>(cameras.size()) * kUnknownsPerCamera + (with_focal ? 1 : 0);
    if (with_focal) cameras.push_back(focal_);
    for (size_t a = 0; a < cameras.size(); ++a) {
      for (size_t b = 0; b <= a; ++b) {
        parts_[{cameras[a], cameras[b]}].push_back({system,
                                                    unknowns,
                                                    static_cast<int>(a) * kUnknownsPerCamera,
                                                    static_cast<int>(b) * kUnknownsPerCamera});
      }
    }
  }
  void Write(PreparedChunk* out) const {
    const auto width = [&](int camera) { return camera == focal_ ? 1 : kUnknownsPerCamera; };
    for (const auto& [at, parts] : parts_) {
      MatrixBlock block{};
      block.row = at.first * kUnknownsPerCamera;
      block.column = at.second * kUnknownsPerCamera;
      block.rows = width(at.first);
      block.columns = width(at.second);
      block.parts = {static_cast<int>(out->parts.size()), static_cast<int>(parts.size())};
      out->blocks.push_back(block);
      out->parts.insert(out->parts.end(), parts.begin(), parts.end());
    }
  }

 private:
  int focal_;
  std::map<std::pair<int, int>, std::vector<BlockPart>> parts_;  // (row, column)
};

void AddBlocks(PreparedChunk* out) {
  BlockList blocks(out->chunk.num_keyframes);
  for (Pair& pair : out->pairs) {
    pair.system = out->size.systems;
    out->size.systems += SystemSize(kPairDof);
    blocks.Add(pair.system, {pair.i, pair.j}, true);
  }
  for (Group& group : out->groups) {
    group.system = out->size.systems;
    out->size.systems += SystemSize(group.num_unknowns());
    blocks.Add(group.system, {group.camera, group.camera + group.num_cameras}, group.term == kScaleTerm);
  }
  blocks.Write(out);
}

void SetSize(const JointProblem& problem, const ReleasedBatchOptions& options, PreparedChunk* out) {
  Size& size = out->size;
  size.chunks = 1;
  size.pairs = static_cast<int64_t>(out->pairs.size());
  size.tiles = static_cast<int64_t>(out->tiles.size());
  size.groups = static_cast<int64_t>(out->groups.size());
  size.residuals = static_cast<int64_t>(out->residuals.size());
  size.blocks = static_cast<int64_t>(out->blocks.size());
  size.parts = static_cast<int64_t>(out->parts.size());
  size.cameras = problem.num_keyframes();
  size.cores = static_cast<int64_t>(problem.core_depth_m.size());
  size.matches = static_cast<int64_t>(problem.matches.size());
  size.unknowns = out->chunk.num_unknowns();
  size.entries = size.unknowns * size.unknowns;
  size.max_unknowns = size.unknowns;
  // The start and every attempt.
  size.max_records = 1 + std::max(NumAttempts(options, 0), NumAttempts(options, 1));
}

template <class T>
void Copy(const std::vector<T>& from, T* to) {
  std::copy(from.begin(), from.end(), to);
}

void WriteMatches(const MatchArrays& from, int64_t at, const RawMatches& to) {
  Copy(from.x1, to.x1 + at);
  Copy(from.y1, to.y1 + at);
  Copy(from.x2, to.x2 + at);
  Copy(from.y2, to.y2 + at);
  Copy(from.anchor1, to.anchor1 + at);
  Copy(from.anchor2, to.anchor2 + at);
  Copy(from.omega1, to.omega1 + at);
  Copy(from.omega2, to.omega2 + at);
  Copy(from.confidence, to.confidence + at);
}

void Shift(int64_t by, Range* range) { range->first += static_cast<int>(by); }

// The cameras of a result as parameters of the released pose tree.
JointParameters ReadParameters(const JointProblem& problem, const Camera* cameras, double log_focal) {
  JointParameters parameters = InitialParameters(problem);
  std::vector<Mat3d> rotation;
  std::vector<Vec3d> center;
  for (int i = 0; i < problem.num_keyframes(); ++i) {
    const Camera& from = cameras[i];
    rotation.push_back(
        MatrixFromQuaternion(Quatd{from.rotation[0], from.rotation[1], from.rotation[2], from.rotation[3]}));
    center.push_back({from.center_m[0], from.center_m[1], from.center_m[2]});
    parameters.log_size[i] = from.log_size;
  }
  parameters.log_focal = std::log(problem.initial_focal_px) + log_focal;
  const double global = ComputeCameras(problem, parameters).global;
  for (Vec3d& c : center) c = global * c;
  SetCameras(problem, rotation, center, &parameters);
  return parameters;
}

int NumResiduals(const PreparedChunk& prepared, int term) {
  int count = 0;
  const Range groups = prepared.chunk.groups[term];
  for (int g = 0; g < groups.count; ++g) count += prepared.groups[groups.first + g].residuals.count;
  return term == kScaleTerm ? count : 3 * count;
}

// Both match terms and the human ones, as SolveReleased has them.
void ReadTerms(const JointProblem& problem,
               const PreparedChunk& prepared,
               const StageResult* results,
               SolverSummary* summary) {
  const double* weight = prepared.chunk.weight;
  const auto add = [&](const char* name, int stage, int term, int num_residuals) {
    summary->terms.push_back({name,
                              weight[term],
                              results[stage].initial_term[term],
                              results[stage].final_term[term],
                              num_residuals});
  };
  const int matches = static_cast<int>(problem.matches.size());
  add("l3d", 0, kMatchTerm, 3 * matches);
  add("l2d", 1, kMatchTerm, 4 * matches);
  add("scale", 0, kScaleTerm, NumResiduals(prepared, kScaleTerm));
  add("static", 0, kPlantedTerm, NumResiduals(prepared, kPlantedTerm));
  add("smooth", 0, kSmoothTerm, NumResiduals(prepared, kSmoothTerm));
}

std::string MessageOf(SolverSummary::Termination termination) {
  switch (termination) {
    case SolverSummary::Termination::kConverged:
      return "relative decrease below tolerance";
    case SolverSummary::Termination::kIterationLimit:
      return "iteration limit";
    case SolverSummary::Termination::kNoProgress:
      return "no step decreases the cost";
    case SolverSummary::Termination::kNonFinite:
      return "cost or gradient is not finite at an accepted state";
    case SolverSummary::Termination::kNothingToDo:
      return "nothing to optimise";
    case SolverSummary::Termination::kNotRun:
      break;
  }
  return "not run";
}

// Adds a stage to the summary; its termination is that of the last one.
void ReadStage(const JointProblem& problem,
               const PreparedChunk& prepared,
               int stage,
               const StageResult& result,
               const Record* records,
               SolverSummary* summary) {
  const std::string name = stage == 0 ? "stage1" : "stage2";
  summary->num_keyframes = problem.num_keyframes();
  summary->num_parameters =
      static_cast<int>(prepared.size.unknowns) - 6 - (problem.tracks.empty() ? 1 : 0) - (stage == 0 ? 1 : 0);
  summary->num_rejected_steps += result.num_rejected;
  summary->num_non_finite_steps += result.num_non_finite;
  summary->termination = static_cast<SolverSummary::Termination>(result.termination);
  summary->message = name + ": " + MessageOf(summary->termination);
  for (int r = 0; r < result.num_records; ++r) {
    const Record& from = records[r];
    std::vector<double> terms(from.term_cost, from.term_cost + kNumTerms);
    terms.insert(terms.begin() + (stage == 0 ? 1 : 0), 0.0);  // The match term of the other stage.
    summary->iterations.push_back({name,
                                   from.iteration,
                                   from.cost,
                                   std::move(terms),
                                   from.damping,
                                   from.step_norm,
                                   from.accepted != 0});
  }
}

}  // namespace

int NumAttempts(const ReleasedBatchOptions& options, int stage) {
  const int iterations = stage == 0 ? options.solve.align_iterations : options.solve.reproject_iterations;
  return iterations <= 0 ? 0 : iterations + options.spare_attempts;
}

PreparedChunk PrepareChunk(const JointProblem& problem,
                           const BodyModel& model,
                           const ReleasedBatchOptions& options) {
  PreparedChunk out;
  Chunk& chunk = out.chunk;
  chunk.num_keyframes = problem.num_keyframes();
  chunk.num_anchors = problem.num_anchors();
  chunk.root = problem.root;
  chunk.half_width = static_cast<float>(problem.width) / 2;
  chunk.half_height = static_cast<float>(problem.height) / 2;
  const ReleasedWeights& weights = options.solve.weights;
  const double weight[kNumTerms] = {weights.match, weights.scale, weights.planted, weights.smooth};
  std::copy(weight, weight + kNumTerms, chunk.weight);
  chunk.max_iterations[0] = options.solve.align_iterations;
  chunk.max_iterations[1] = options.solve.reproject_iterations;
  AddPairs(problem, &out);
  AddHumanGroups(problem, model, &out);
  AddBlocks(&out);
  SetStart(problem, &out);
  chunk.pairs = {0, static_cast<int>(out.pairs.size())};
  chunk.tiles = {0, static_cast<int>(out.tiles.size())};
  chunk.blocks = {0, static_cast<int>(out.blocks.size())};
  SetSize(problem, options, &out);
  return out;
}

void WriteChunk(const JointProblem& problem,
                const PreparedChunk& prepared,
                const Size& before,
                const View& view) {
  const int index = static_cast<int>(before.chunks);
  Chunk& chunk = view.chunks[index];
  chunk = prepared.chunk;
  Shift(before.pairs, &chunk.pairs);
  Shift(before.tiles, &chunk.tiles);
  Shift(before.blocks, &chunk.blocks);
  for (Range& groups : chunk.groups) Shift(before.groups, &groups);
  chunk.first_camera = static_cast<int>(before.cameras);
  chunk.first_unknown = static_cast<int>(before.unknowns);
  chunk.first_core = before.cores;
  chunk.first_match = before.matches;
  chunk.first_entry = before.entries;
  for (size_t p = 0; p < prepared.pairs.size(); ++p) {
    Pair& pair = view.pairs[before.pairs + p];
    pair = prepared.pairs[p];
    pair.chunk = index;
    Shift(before.tiles, &pair.tiles);
    pair.system += before.systems;
  }
  for (size_t t = 0; t < prepared.tiles.size(); ++t) {
    Tile& tile = view.tiles[before.tiles + t];
    tile = prepared.tiles[t];
    tile.chunk = index;
    tile.pair += static_cast<int>(before.pairs);
    tile.first_match += before.matches;
    tile.first_packed += before.packed;
  }
  for (size_t g = 0; g < prepared.groups.size(); ++g) {
    Group& group = view.groups[before.groups + g];
    group = prepared.groups[g];
    group.chunk = index;
    Shift(before.residuals, &group.residuals);
    group.system += before.systems;
  }
  for (size_t b = 0; b < prepared.blocks.size(); ++b) {
    MatrixBlock& block = view.blocks[before.blocks + b];
    block = prepared.blocks[b];
    block.chunk = index;
    Shift(before.parts, &block.parts);
  }
  for (size_t p = 0; p < prepared.parts.size(); ++p) {
    BlockPart& part = view.parts[before.parts + p];
    part = prepared.parts[p];
    part.system += before.systems;
  }
  Copy(prepared.residuals, view.residuals + before.residuals);
  Copy(prepared.cameras, view.initial_cameras + before.cameras);
  Copy(problem.median_depth_m, view.median_depth_m + before.cameras);
  Copy(problem.base_focal_px, view.base_focal_px + before.cameras);
  Copy(problem.core_depth_m, view.core_depth_m + before.cores);
  WriteMatches(problem.matches, before.matches, view.raw);
}

ReleasedBatchResult ReadChunk(const JointProblem& problem,
                              const PreparedChunk& prepared,
                              int index,
                              int first_camera,
                              const View& view) {
  ReleasedBatchResult out;
  ReleasedSolution& solution = out.solution;
  int* const iterations[kNumStages] = {&solution.align_iterations, &solution.reproject_iterations};
  JointParameters* const parameters[kNumStages] = {&solution.aligned, &solution.reprojected};
  ReadTerms(problem, prepared, view.results + static_cast<int64_t>(index) * kNumStages, &solution.summary);
  for (int stage = 0; stage < kNumStages; ++stage) {
    const int64_t at = static_cast<int64_t>(index) * kNumStages + stage;
    const StageResult& result = view.results[at];
    ReadStage(problem, prepared, stage, result, view.records + at * view.max_records, &solution.summary);
    *iterations[stage] = result.num_accepted;
    *parameters[stage] =
        ReadParameters(problem, view.results_cameras[stage] + first_camera, result.log_focal);
    if (solution.summary.termination == SolverSummary::Termination::kNonFinite && out.problem.empty()) {
      out.problem = solution.summary.message;
    }
  }
  return out;
}

}  // namespace foothold::batch
