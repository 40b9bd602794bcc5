// SPDX-License-Identifier: Apache-2.0
#include "foothold/cli/corpus_run.h"

#include <algorithm>
#include <iostream>

#include "foothold/base/error.h"
#include "foothold/cli/output.h"

namespace foothold::cli {
namespace {

bool Matches(const RunRecords& records, size_t index, const UnitChoice& choice) {
  const UnitStatus status = records.state.StatusOf(index);
  const bool wanted = (status == UnitStatus::kRejected && choice.rejected) ||
                      (status == UnitStatus::kQuarantined && choice.quarantined) ||
                      (status == UnitStatus::kPartly && choice.partly);
  if (!wanted || choice.reason.empty()) return wanted;
  const auto cause = records.causes.find(index);
  return cause != records.causes.end() && cause->second.reason == choice.reason;
}

size_t IndexOf(const RunUnits& units, const std::string& id) {
  const int64_t index = units.index->Find(UnitHash(id));
  if (index >= 0) return static_cast<size_t>(index);
  throw Error(ErrorKind::kUsage,
              "the run has no unit '" + id + "'; ids are those of the corpus list, such as 2019/walk.mp4");
}

}  // namespace

std::unique_ptr<Ledger> OpenLedgerOfRun(const std::string& output, const RunUnits& units) {
  auto ledger = std::make_unique<Ledger>(output + "/ledger", LedgerOptions(), "tool-" + HostName(), units);
  ledger->Refresh();
  return ledger;
}

std::vector<size_t> Choose(const RunUnits& units, const RunRecords& records, const UnitChoice& choice) {
  std::vector<size_t> chosen;
  for (const std::string& id : choice.ids) {
    const size_t index = IndexOf(units, id);
    if (!Matches(records, index, choice)) {
      throw Error(ErrorKind::kUsage,
                  "the unit '" + id + "' is " + NameOf(records.state.StatusOf(index)) +
                      (choice.reason.empty() ? "" : ", or not for the reason " + choice.reason) +
                      "; there is nothing to open again");
    }
    chosen.push_back(index);
  }
  for (size_t i = 0; choice.ids.empty() && i < records.state.size(); ++i) {
    if (Matches(records, i, choice)) chosen.push_back(i);
  }
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

void ReopenAndPrint(const std::string& output, const RunUnits& units, const std::vector<size_t>& chosen) {
  const std::vector<size_t> all = WithTheirJoins(*units.list, *units.index, chosen);
  if (!all.empty()) OpenLedgerOfRun(output, units)->Reopen(all, "retry");
  std::cout << Count(static_cast<long>(all.size()), "unit")
            << (all.size() == 1 ? " is open again" : " are open again")
            << (all.empty() ? "\n" : "; running ranks take them up, or start label_corpus again\n");
}

}  // namespace foothold::cli
