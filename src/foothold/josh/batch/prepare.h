// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/josh/batch/layout.h"
#include "foothold/josh/released_batch.h"
#include "foothold/scene/joint_problem.h"

namespace foothold::batch {

// What the host works out of one problem: everything but the matches, which go over as they are. All
// offsets count from the chunk's own beginning.
struct PreparedChunk {
  Chunk chunk{};
  Size size;
  std::vector<Pair> pairs;
  std::vector<Tile> tiles;
  std::vector<Group> groups;
  std::vector<GroupResidual> residuals;
  std::vector<MatrixBlock> blocks;
  std::vector<BlockPart> parts;
  std::vector<Camera> cameras;
};

// Panels of SolveStep must fit in shared memory.
constexpr int kMaxKeyframes = 96;

// `problem` is valid and has at most kMaxKeyframes keyframes.
PreparedChunk PrepareChunk(const JointProblem& problem,
                           const BodyModel& model,
                           const ReleasedBatchOptions& options);

// Steps that a stage may try, rejected ones included.
int NumAttempts(const ReleasedBatchOptions& options, int stage);

// Writes chunk c of a batch to the input arrays; `before` is the size of the chunks before it.
void WriteChunk(const JointProblem& problem,
                const PreparedChunk& prepared,
                const Size& before,
                const View& view);

// Reads chunk `index` of a batch, whose first camera is `first_camera`.
ReleasedBatchResult ReadChunk(const JointProblem& problem,
                              const PreparedChunk& prepared,
                              int index,
                              int first_camera,
                              const View& view);

}  // namespace foothold::batch
