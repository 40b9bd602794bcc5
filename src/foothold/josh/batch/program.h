// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/josh/batch/human_groups.h"
#include "foothold/josh/batch/minimizer.h"
#include "foothold/josh/batch/pack.h"
#include "foothold/josh/batch/tile_sums.h"

namespace foothold::batch {

// The whole algorithm as a sequence of launches; host and device differ in `launch` alone, which is
// called with kernels in order and runs kernel(block, i) for i < kernel.NumBlocks(...).

// Costs of the terms at the cameras of the sweep.
template <ReleasedStage kStage, class Launch>
void LaunchCosts(const View& view, Sweep sweep, Launch&& launch) {
  launch(PreparePairs<kStage>{view, sweep});
  launch(SumTiles<kStage, false>{view, sweep});
  launch(SumGroups<false>{view, sweep});
}

template <class Launch>
void LaunchReport(const View& view, bool at_end, Launch&& launch) {
  LaunchCosts<ReleasedStage::kAlign>(view, Sweep::kReport, launch);
  launch(Report<ReleasedStage::kAlign>{view, at_end});
  LaunchCosts<ReleasedStage::kReproject>(view, Sweep::kReport, launch);
  launch(Report<ReleasedStage::kReproject>{view, at_end});
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

// Everything around the attempts; `run_attempts` runs those of a stage, given as its template argument.
template <class Launch, class RunAttempts>
void LaunchProgram(const View& view, Launch&& launch, const RunAttempts& run_attempts) {
  launch(PackTiles{view});
  launch(BeginBatch{view});
  LaunchReport(view, false, launch);
  launch(BeginStage<ReleasedStage::kAlign>{view});
  run_attempts.template operator()<ReleasedStage::kAlign>();
  launch(EndStage<ReleasedStage::kAlign>{view});
  launch(BeginStage<ReleasedStage::kReproject>{view});
  run_attempts.template operator()<ReleasedStage::kReproject>();
  launch(EndStage<ReleasedStage::kReproject>{view});
  LaunchReport(view, true, launch);
}

}  // namespace foothold::batch
