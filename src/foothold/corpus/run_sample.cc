// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/run_sample.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

namespace foothold {
namespace {

namespace fs = std::filesystem;
using Event = LedgerRecord::Event;

std::vector<size_t> ChosenUnits(const UnitIndex& index, std::vector<size_t> units, size_t most) {
  const auto by_hash = [&](size_t a, size_t b) { return index.HashOf(a) < index.HashOf(b); };
  most = std::min(most, units.size());
  std::partial_sort(units.begin(), units.begin() + static_cast<std::ptrdiff_t>(most), units.end(), by_hash);
  units.resize(most);
  return units;
}

bool Decides(Event event, UnitStatus status) {
  switch (status) {
    case UnitStatus::kDone:
    case UnitStatus::kPartly:
      return event == Event::kDone;
    case UnitStatus::kRejected:
      return event == Event::kRejected;
    case UnitStatus::kQuarantined:
      return event == Event::kQuarantined;
    case UnitStatus::kOpen:
      return false;
  }
  return false;
}

// The deciding records of the units that are keys of `records`.
void ReadDecisions(const std::string& folder,
                   const UnitIndex& index,
                   const LedgerState& state,
                   std::map<size_t, LedgerRecord>* records) {
  std::error_code error;
  std::string line;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::ifstream file(entry->path(), std::ios::binary);
    while (std::getline(file, line)) {
      RecordHead head;
      if (!ParseRecordHead(line, &head)) continue;
      const int64_t found = index.Find(head.unit_hash);
      const auto wanted = records->find(static_cast<size_t>(found));
      if (found < 0 || wanted == records->end() || head.attempt < wanted->second.attempt) continue;
      LedgerRecord record;
      if (Decides(head.event, state.StatusOf(wanted->first)) && ParseRecord(line, &record))
        wanted->second = std::move(record);
    }
  }
}

}  // namespace

RunSample SampleRun(const std::string& output,
                    const RunUnits& units,
                    const LedgerState& state,
                    size_t most_labelled,
                    size_t most_without) {
  std::vector<size_t> labelled, without;
  for (size_t i = 0; i < state.size(); ++i) {
    const UnitStatus status = state.StatusOf(i);
    if (status != UnitStatus::kOpen)
      (status == UnitStatus::kDone || status == UnitStatus::kPartly ? labelled : without).push_back(i);
  }
  labelled = ChosenUnits(*units.index, std::move(labelled), most_labelled);
  without = ChosenUnits(*units.index, std::move(without), most_without);
  std::map<size_t, LedgerRecord> records;
  for (const auto* chosen : {&labelled, &without}) {
    for (const size_t unit : *chosen) records[unit].attempt = 0;
  }
  ReadDecisions(output + "/ledger/records", *units.index, state, &records);
  RunSample sample;
  for (const size_t unit : labelled) sample.labelled.push_back({units.list->At(unit), records[unit]});
  for (const size_t unit : without) sample.without.push_back({units.list->At(unit), records[unit]});
  return sample;
}

}  // namespace foothold
