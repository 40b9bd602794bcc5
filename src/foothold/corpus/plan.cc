// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/plan.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <unordered_map>

#include "foothold/corpus/ledger_record.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

// Seconds that finished units took, by id. What cannot be read is left out: this is an estimate.
std::unordered_map<std::string, double> MeasuredSeconds(const std::string& folder) {
  std::unordered_map<std::string, double> seconds;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (entry->path().extension() != ".jsonl") continue;
    std::ifstream file(entry->path());
    LedgerRecord record;
    for (std::string line; std::getline(file, line);) {
      // A unit whose labels were there already took no time.
      if (ParseRecord(line, &record) && record.event == LedgerRecord::Event::kDone && record.seconds > 0.1)
        seconds[record.unit_id] = record.seconds;
    }
  }
  return seconds;
}

void AddVideo(const ManifestRow& row, CorpusPlan* plan) {
  ++plan->num_videos;
  if (!row.unit.rejected_reason.empty()) {
    ++plan->num_rejected;
    ++plan->rejected[row.unit.rejected_reason];
    return;
  }
  plan->num_long += row.unit.kind == Unit::Kind::kJoin;
  const int end = row.unit.end < 0 ? row.facts.num_frames : row.unit.end;
  const int frames = std::max(0, end - row.unit.begin);
  const double duration_s = row.facts.frame_rate_hz > 0 ? frames / row.facts.frame_rate_hz : 0;
  plan->num_frames += frames;
  plan->duration_s += duration_s;
  const auto bound = std::upper_bound(kLengthBounds_s.begin(), kLengthBounds_s.end(), duration_s);
  ++plan->num_of_length[static_cast<size_t>(bound - kLengthBounds_s.begin())];
}

}  // namespace

double CorpusPlan::Hours(int ranks) const {
  return measured_over_estimate * std::max(cost_s / std::max(1, ranks), longest_unit_s) / 3600;
}

CorpusPlan MakePlan(const Manifest& manifest, const std::string& records_folder) {
  const std::unordered_map<std::string, double> measured_s = MeasuredSeconds(records_folder);
  CorpusPlan plan;
  double estimated_s = 0, taken_s = 0;
  for (size_t i = 0; i < manifest.size(); ++i) {
    const ManifestRow row = manifest.RowAt(i);
    if (row.unit.kind != Unit::Kind::kPart) AddVideo(row, &plan);
    if (!row.unit.rejected_reason.empty()) continue;
    ++plan.num_units;
    plan.cost_s += row.unit.cost_s;
    plan.longest_unit_s = std::max(plan.longest_unit_s, row.unit.cost_s);
    const auto measured = measured_s.find(row.unit.id);
    if (measured == measured_s.end()) continue;
    ++plan.num_measured;
    estimated_s += row.unit.cost_s;
    taken_s += measured->second;
  }
  if (estimated_s > 0 && taken_s > 0) plan.measured_over_estimate = taken_s / estimated_s;
  return plan;
}

}  // namespace foothold
