// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace foothold {

// How far a run is, from its ledger alone.
struct RunStatus {
  std::string output;
  int64_t now_unix_s = 0;

  long units = 0, done = 0, partly = 0, rejected = 0, quarantined = 0, open = 0;
  std::map<std::string, long> reasons_rejected, reasons_quarantined, reasons_partly;  // Units by reason.
  long failed_attempts = 0;  // Of units still open: they are tried again.
  long damaged_records = 0;

  long labels = 0, frames = 0, clips_rejected = 0;
  // Share of the input frames that have labels, among finished units. Frames of a unit without labels are
  // estimated by its cost.
  double yield = 0;

  int64_t label_bytes = 0, ledger_bytes = 0;

  int64_t begin_unix_s = 0, last_record_unix_s = 0;  // 0: nothing was recorded yet.
  double rank_hours = 0;  // Recorded work, failed attempts included; a killed one is not recorded.

  // Of the last quarter of an hour of work.
  double window_s = 0, frames_per_s = 0, busy_ranks = 0;

  // Seconds of work that are left, divided by the ranks busy last; negative: unknown. The range should
  // hold the truth in four of five cases, if ranks stay as many.
  double eta_s = -1, eta_low_s = -1, eta_high_s = -1;

  struct Worker {  // A process that recorded something; or all of a host.
    std::string name, host;
    int rank = 0;
    long units = 0, frames = 0;
    double seconds = 0;
    double slowness = 0;  // Seconds per estimated cost, over the median of all; 1 is normal.
    int64_t last_record_unix_s = 0;
    double FramesPerSecond() const { return seconds > 0 ? frames / seconds : 0; }
  };
  std::vector<Worker> ranks;  // By name.
  std::vector<Worker> hosts;  // Slowest first.

  struct Interval {  // For plots.
    int64_t begin_unix_s = 0;
    double duration_s = 0;
    long units = 0, frames = 0;
    double busy_s = 0;
  };
  std::vector<Interval> history;

  long finished() const { return units - open; }
};

}  // namespace foothold
