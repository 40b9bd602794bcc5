// SPDX-License-Identifier: Apache-2.0
// The table "Corpus runs" of docs/performance.md: jobs of many ranks in virtual time, on the true ledger.
//
//   ledger_simulation [RANKS ...]      default: 64 128 256 512 1024 2048 4096
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "corpus_simulation/cluster_simulator.h"
#include "foothold/base/timer.h"

int main(int argc, char** argv) {
  std::vector<int> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::atoi(argv[i]));
  if (sizes.empty()) sizes = {64, 128, 256, 512, 1024, 2048, 4096};
  std::printf(
      "| ranks | units | hours | deaths | efficiency | idle tail | operations per unit | busiest minute |\n");
  std::printf("|--:|--:|--:|--:|--:|--:|--:|--:|\n");
  for (const int ranks : sizes) {
    const foothold::Timer timer;
    foothold::SimulatedCluster cluster;
    cluster.ranks = ranks;
    // A rank's view of the corpus is a byte for each unit, and here all ranks share one memory.
    cluster.units_per_rank = ranks <= 512 ? 200 : 102400 / ranks;
    const foothold::SimulatedJob job = foothold::Simulate(cluster);
    std::printf("| %d | %ld | %.1f | %ld | %.1f %% | %.2f %% | %.1f | %.0f/s |\n",
                ranks,
                job.units,
                job.makespan_s / 3600,
                job.deaths,
                100 * job.efficiency,
                100 * job.idle_tail,
                job.operations_per_unit,
                job.most_operations_per_s);
    std::fflush(stdout);
    if (job.unfinished > 0) {
      std::fprintf(stderr, "%ld units were left\n", job.unfinished);
      return 1;
    }
    std::fprintf(stderr, "(%.0f s; operations per unit:", timer.Seconds());
    for (const auto& [what, count] : job.operations_per_unit_for)
      std::fprintf(stderr, " %s %.1f", what.c_str(), count);
    std::fprintf(stderr, ")\n");
  }
  return 0;
}
