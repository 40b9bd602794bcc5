// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/run_prune.h"

#include <filesystem>
#include <functional>
#include <system_error>

#include "foothold/base/atomic_file.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

class Pruner {
 public:
  Pruner(const PruneOptions& options, PruneOutcome* outcome)
      : options_(options),
        outcome_(outcome),
        limit_(fs::file_time_type::clock::now() - std::chrono::duration_cast<fs::file_time_type::duration>(
                                                      std::chrono::duration<double>(options.older_than_s))) {}

  // Removes the regular files below `folder` for which `counter_of` returns a counter, if they are old.
  void Walk(const std::string& folder, const std::function<long*(const std::string& name)>& counter_of) {
    std::error_code error;
    fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, error), end;
    for (; !error && entry != end; entry.increment(error)) {
      std::error_code ignored;
      if (!entry->is_regular_file(ignored)) continue;
      long* counter = counter_of(entry->path().filename().string());
      if (counter != nullptr) RemoveIfOld(*entry, counter);
    }
  }

 private:
  void RemoveIfOld(const fs::directory_entry& entry, long* counter) {
    std::error_code error;
    const auto modified = entry.last_write_time(error);
    if (error || modified > limit_) return;  // Gone, or in use.
    const auto bytes = entry.file_size(error);
    if (!options_.dry_run && !fs::remove(entry.path(), error) && error)
      throw StorageError(entry.path().string(), "cannot be removed", error.value());
    ++*counter;
    outcome_->bytes += static_cast<int64_t>(bytes);
  }

  const PruneOptions& options_;
  PruneOutcome* outcome_;
  fs::file_time_type limit_;
};

bool IsFinishedForGood(UnitStatus status) {
  return status == UnitStatus::kDone || status == UnitStatus::kPartly || status == UnitStatus::kRejected;
}

}  // namespace

PruneOutcome PruneRun(const std::string& output,
                      const RunUnits& units,
                      const LedgerState& state,
                      const PruneOptions& options) {
  PruneOutcome outcome;
  Pruner pruner(options, &outcome);
  pruner.Walk(output + "/labels", [&](const std::string& name) -> long* {
    if (name.starts_with(".")) return &outcome.temporaries;
    return options.timings && name.ends_with(".timing.json") ? &outcome.timings : nullptr;
  });
  pruner.Walk(output + "/ledger/claims", [&](const std::string& name) -> long* {
    uint64_t hash = 0;
    if (!HashOfKey(name.substr(0, name.rfind('.')), &hash)) return nullptr;
    const int64_t index = units.index->Find(hash);
    const bool finished = index >= 0 && IsFinishedForGood(state.StatusOf(static_cast<size_t>(index)));
    return finished ? &outcome.claims : nullptr;
  });
  if (state.all_finished())
    pruner.Walk(output + "/partial", [&](const std::string&) { return &outcome.partial; });
  return outcome;
}

}  // namespace foothold
