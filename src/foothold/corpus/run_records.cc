// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/run_records.h"

#include <algorithm>

#include "foothold/base/error.h"

namespace foothold {
namespace {

using Event = LedgerRecord::Event;

void AddCause(size_t index, LedgerRecord record, RunRecords* run) {
  RunRecords::Cause& cause = run->causes[index];
  if (record.attempt < cause.attempt) return;
  cause = {record.attempt, std::move(record.reason), std::move(record.message)};
}

void AddRecord(std::string_view line, const UnitIndex& units, RunRecords* run) {
  RecordHead head;
  if (!ParseRecordHead(line, &head)) {
    ++run->damaged_records;
    return;
  }
  const int64_t found = units.Find(head.unit_hash);
  if (found < 0) {
    ++run->records_of_other_units;
    return;
  }
  const auto index = static_cast<size_t>(found);
  run->state.Add(index, head);
  LedgerRecord record;
  if (head.event == Event::kReopened || !ParseRecord(line, &record)) return;
  const bool done = head.event == Event::kDone;
  if (done || !record.labels.empty())
    run->labels.push_back({index, head.attempt, done, std::move(record.labels)});
  const bool is_cause = head.partly || head.event == Event::kRejected || head.event == Event::kQuarantined;
  if (is_cause) AddCause(index, std::move(record), run);
}

}  // namespace

RunRecords ReadRunRecords(const std::string& output, const RunUnits& units) {
  const std::string folder = output + "/ledger/records";
  const std::unique_ptr<LedgerFiles> files = MakeLedgerFiles();
  RunRecords run;
  run.state = LedgerState(units.list->size());
  std::vector<std::string> names = files->List(folder);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::string text = files->Read(folder + "/" + name, 0);
    std::string_view rest = text;
    for (size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      AddRecord(rest.substr(0, end), *units.index, &run);
      rest.remove_prefix(end + 1);
    }
  }
  // Attempts from before a reopening count no more.
  std::erase_if(run.labels, [&](const RunRecords::Labels& labels) {
    return labels.attempt <= run.state.HistoryOf(labels.unit).reopened;
  });
  std::erase_if(run.causes, [&](const auto& entry) {
    const UnitStatus status = run.state.StatusOf(entry.first);
    return status == UnitStatus::kOpen || status == UnitStatus::kDone;
  });
  return run;
}

LedgerState ReadRunState(const std::string& output, const RunUnits& units) {
  const std::unique_ptr<LedgerFiles> files = MakeLedgerFiles();
  RecordReader reader(files.get(), output + "/ledger", units.index.get(), units.hash);
  LedgerState state(units.list->size());
  reader.ReadSnapshot(&state);
  reader.ReadNew("", &state);
  return state;
}

}  // namespace foothold
