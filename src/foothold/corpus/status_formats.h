// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/corpus/run_status.h"

namespace foothold {

// Money for the recorded work; nothing is printed of it when the price is 0.
struct StatusPrice {
  double per_rank_hour = 0;
  std::string currency = "USD";
};

// docs/status.md lists the members.
std::string StatusAsJson(const RunStatus& status, const StatusPrice& price);
// Text of the Prometheus exposition format, for the text-file collector of its node exporter.
std::string StatusForPrometheus(const RunStatus& status, const StatusPrice& price);
// For people; `width` is the terminal's, for the progress bar.
std::string StatusAsText(const RunStatus& status, const StatusPrice& price, int width);

// "45 s", "12 min", "3.4 h", "2.1 days".
std::string DurationText(double seconds);
// "0 B", "12 MB", "3.4 GB".
std::string BytesText(int64_t bytes);
// "3 h to 5 h", or "not known yet".
std::string EtaText(const RunStatus& status);

}  // namespace foothold
