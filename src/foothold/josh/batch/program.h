// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/josh/batch/human_groups.h"
#include "foothold/josh/batch/minimizer.h"
#include "foothold/josh/batch/pack.h"
#include "foothold/josh/batch/tile_sums.h"

namespace foothold::batch {

// The whole algorithm as a sequence of launches; host and device differ in `launch` alone, which is
// called with kernels in order and runs kernel(block, i) for i < kernel.NumBlocks(...).

template <class Launch>
void LaunchBegin(const View& view, Launch&& launch) {
  launch(PackTiles{view});
  launch(BeginBatch{view});
}

// Costs of the terms at the cameras of the sweep.
template <ReleasedStage kStage, class Launch>
void LaunchCosts(const View& view, Sweep sweep, Launch&& launch) {
  launch(PreparePairs<kStage>{view, sweep});
  launch(SumTiles<kStage, false>{view, sweep});
  launch(SumGroups<false>{view, sweep});
}

template <ReleasedStage kStage, class Launch>
void LaunchBeginStage(const View& view, Launch&& launch) {
  launch(BeginStage<kStage>{view});
  LaunchCosts<kStage>(view, Sweep::kReport, launch);
  launch(Report<kStage>{view, false});
}

// Repeated as often as a stage may try steps.
template <ReleasedStage kStage, class Launch>
void LaunchAttempt(const View& view, int max_unknowns, Launch&& launch) {
  launch(PreparePairs<kStage>{view, Sweep::kLinearize});
  launch(SumTiles<kStage, true>{view, Sweep::kLinearize});
  launch(PairSystems<kStage>{view});
  launch(SumGroups<true>{view, Sweep::kLinearize});
  launch(AssembleBlocks<kStage>{view});
  launch(SolveStep<kStage>{view, max_unknowns});
  LaunchCosts<kStage>(view, Sweep::kCandidate, launch);
  launch(Decide<kStage>{view});
}

template <ReleasedStage kStage, class Launch>
void LaunchEndStage(const View& view, Launch&& launch) {
  LaunchCosts<kStage>(view, Sweep::kReport, launch);
  launch(Report<kStage>{view, true});
}

}  // namespace foothold::batch
