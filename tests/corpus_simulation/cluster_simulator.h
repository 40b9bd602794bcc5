// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace foothold {

// A labelling job in virtual time: the true Ledger and UnitQueue of every rank, on files in memory; only
// the labelling itself is a pause.
struct SimulatedCluster {
  int ranks = 64;
  int units_per_rank = 200;
  // Lengths are spread evenly in the logarithm.
  double shortest_s = 6, longest_s = 600;
  double estimate_error = 0.3;    // Standard deviation of log(true / estimated cost).
  double straggler_share = 0.05;  // Ranks at half speed.
  double death_share = 0.02;      // Ranks that die at some time, and do not come back.
  double failure_share = 0.01;    // Attempts that fail, to be tried again.
  double operation_s = 0.002;     // Of the file server, for each operation.
  uint64_t seed = 1;
};

struct SimulatedJob {
  double makespan_s = 0;  // From the first rank's start to the last unit's end.
  double efficiency = 0;  // Time of attempts that finished / time in which ranks lived.
  double idle_tail = 0;   // Time after the ranks' last attempts / the same.
  // On the shared file system, all ranks together; and what for.
  double operations_per_unit = 0;
  std::map<std::string, double> operations_per_unit_for;
  double most_operations_per_s = 0;  // In the busiest minute, all ranks together.
  long units = 0, deaths = 0;
  long attempts = 0;    // Claims that were made.
  long unfinished = 0;  // Units that no rank finished: a bug.
};

SimulatedJob Simulate(const SimulatedCluster& cluster);

}  // namespace foothold
