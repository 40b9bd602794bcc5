// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/run_check.h"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <set>
#include <tuple>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "foothold/base/parallel.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;
using Kind = RunProblem::Kind;

// A label that a finished unit recorded.
struct Recorded {
  const LabelFile* label;
  size_t unit;
};

bool IsFinishedWithLabels(UnitStatus status) {
  return status == UnitStatus::kDone || status == UnitStatus::kPartly;
}

class Checker {
 public:
  Checker(const std::string& output, const RunUnits& units, const RunCheckOptions& options, RunCheck* check)
      : folder_(output + "/labels"), units_(units), options_(options), check_(check) {}

  void Run() {
    Collect();
    ParallelFor(static_cast<int>(recorded_.size()), options_.threads, [this](int i) {
      CheckLabel(recorded_[static_cast<size_t>(i)]);
    });
    FindUnrecorded();
    std::sort(check_->problems.begin(), check_->problems.end(), [](const auto& a, const auto& b) {
      return std::tie(a.path, a.kind) < std::tie(b.path, b.kind);
    });
  }

 private:
  void Add(Kind kind, const std::string& path, int64_t unit, const std::string& what) {
    const std::string id = unit < 0 ? "" : " (unit '" + units_.list->At(static_cast<size_t>(unit)).id + "')";
    const std::lock_guard lock(mutex_);
    check_->problems.push_back({kind, path, unit, folder_ + "/" + path + ": " + what + id});
  }

  // Labels of finished units, each once, by path. Those of parts are not kept after the join.
  void Collect() {
    for (const RunRecords::Labels& attempt : check_->records.labels) {
      const bool counts = attempt.done &&
                          IsFinishedWithLabels(check_->records.state.StatusOf(attempt.unit)) &&
                          units_.list->At(attempt.unit).kind != Unit::Kind::kPart;
      for (const LabelFile& label : attempt.files) {
        if (counts) {
          recorded_.push_back({&label, attempt.unit});
        } else {
          others_.push_back(label.path);
        }
      }
    }
    std::stable_sort(recorded_.begin(), recorded_.end(), [](const Recorded& a, const Recorded& b) {
      return a.label->path < b.label->path;
    });
    std::sort(others_.begin(), others_.end());
    DropRepetitions();
    check_->labels = static_cast<long>(recorded_.size());
    for (const Recorded& recorded : recorded_) {
      check_->frames += recorded.label->frames;
      check_->bytes += recorded.label->bytes;
    }
  }

  // Two attempts at one unit may both have finished, with the same labels.
  void DropRepetitions() {
    std::vector<Recorded> kept;
    for (const Recorded& next : recorded_) {
      if (kept.empty() || kept.back().label->path != next.label->path) {
        kept.push_back(next);
      } else if (kept.back().unit != next.unit) {
        Add(Kind::kConflict, next.label->path, static_cast<int64_t>(next.unit), "two units recorded it");
      } else if (!(*kept.back().label == *next.label)) {
        Add(Kind::kConflict,
            next.label->path,
            static_cast<int64_t>(next.unit),
            "two attempts recorded different bytes");
      }
    }
    recorded_ = std::move(kept);
  }

  void CheckLabel(const Recorded& recorded) {
    const LabelFile& label = *recorded.label;
    const std::string path = folder_ + "/" + label.path;
    const auto unit = static_cast<int64_t>(recorded.unit);
    std::error_code error;
    const auto bytes = static_cast<int64_t>(fs::file_size(path, error));
    if (error) return Add(Kind::kMissing, label.path, unit, error.message());
    if (bytes != label.bytes) {
      return Add(Kind::kSize,
                 label.path,
                 unit,
                 "has " + std::to_string(bytes) + " bytes, recorded were " + std::to_string(label.bytes));
    }
    if (options_.deep) CheckContent(path, label, unit);
  }

  void CheckContent(const std::string& path, const LabelFile& label, int64_t unit) {
    std::string hash;
    try {
      hash = HashFile(path);
    } catch (const Error& error) {
      return Add(Kind::kChecksum, label.path, unit, error.what());
    }
    if (hash != label.xxh3)
      return Add(
          Kind::kChecksum, label.path, unit, "has the checksum " + hash + ", recorded was " + label.xxh3);
    Validate(label.path, unit);
  }

  void Validate(const std::string& path, int64_t unit) {
    if (!options_.validate) return;
    const std::vector<std::string> problems = options_.validate(folder_ + "/" + path);
    if (!problems.empty()) Add(Kind::kInvalid, path, unit, problems.front());
  }

  bool IsRecorded(const std::string& path) const {
    const auto found = std::lower_bound(
        recorded_.begin(), recorded_.end(), path, [](const Recorded& recorded, const std::string& text) {
          return recorded.label->path < text;
        });
    if (found != recorded_.end() && found->label->path == path) return true;
    return std::binary_search(others_.begin(), others_.end(), path);
  }

  // Label files lie in the folder that is named after their unit.
  void FindUnrecorded() {
    std::error_code error;
    for (auto entry = fs::recursive_directory_iterator(folder_, error);
         !error && entry != fs::recursive_directory_iterator();
         entry.increment(error)) {
      std::error_code ignored;
      const std::string name = entry->path().filename().string();
      if (entry->is_directory(ignored)) continue;
      if (name.starts_with('.')) {
        check_->temporaries.push_back(entry->path().string());
        continue;
      }
      const fs::path relative = entry->path().lexically_relative(folder_);
      if (relative.extension() != ".h5" || IsRecorded(relative.generic_string())) continue;
      const int64_t unit = units_.index->Find(UnitHash(relative.parent_path().generic_string()));
      const UnitStatus status =
          unit < 0 ? UnitStatus::kRejected : check_->records.state.StatusOf(static_cast<size_t>(unit));
      if (status == UnitStatus::kOpen || status == UnitStatus::kQuarantined) {
        ++check_->unfinished_labels;
        if (options_.deep) Validate(relative.generic_string(), unit);
      } else {
        Add(Kind::kOrphan, relative.generic_string(), unit, "no unit recorded it");
      }
    }
    if (error && error != std::errc::no_such_file_or_directory)
      throw Error(ErrorKind::kBadInput, folder_ + ": cannot be read: " + error.message());
  }

  std::string folder_;
  const RunUnits& units_;
  const RunCheckOptions& options_;
  RunCheck* check_;
  std::vector<Recorded> recorded_;
  std::vector<std::string> others_;  // Recorded by attempts that failed.
  std::mutex mutex_;
};

// <output>/set_aside/<path>, or the first free <path>.2, ...
void SetAside(const std::string& output, const std::string& path) {
  const fs::path from = fs::path(output) / "labels" / path;
  std::error_code error;
  fs::path to = fs::path(output) / "set_aside" / path;
  fs::create_directories(to.parent_path(), error);
  if (error) throw StorageError(to.parent_path().string(), "the folder cannot be made", error.value());
  const std::string first = to.string();
  for (int i = 2; fs::exists(to, error); ++i) to = first + "." + std::to_string(i);
  fs::rename(from, to, error);
  if (error) throw StorageError(from.string(), "cannot be moved to " + to.string(), error.value());
}

}  // namespace

const char* NameOf(RunProblem::Kind kind) {
  switch (kind) {
    case Kind::kMissing:
      return "missing";
    case Kind::kSize:
      return "wrong_size";
    case Kind::kChecksum:
      return "corrupt";
    case Kind::kInvalid:
      return "invalid";
    case Kind::kConflict:
      return "conflict";
    case Kind::kOrphan:
      return "orphan";
  }
  return "";
}

RunCheck CheckRun(const std::string& output, const RunUnits& units, const RunCheckOptions& options) {
  RunCheck check;
  check.records = ReadRunRecords(output, units);
  Checker(output, units, options, &check).Run();
  return check;
}

RepairOutcome RepairRun(const std::string& output, const RunCheck& check, Ledger* ledger) {
  RepairOutcome outcome;
  std::set<std::string> paths;
  std::vector<size_t> units;
  for (const RunProblem& problem : check.problems) {
    if (problem.kind != Kind::kMissing) paths.insert(problem.path);
    if (problem.unit >= 0 && problem.kind != Kind::kOrphan)
      units.push_back(static_cast<size_t>(problem.unit));
  }
  units = WithTheirJoins(ledger->units(), ledger->index(), std::move(units));
  // Files first: should this process die in between, they are missing at the next check.
  for (const std::string& path : paths) {
    std::error_code ignored;
    if (!fs::exists(fs::path(output) / "labels" / path, ignored)) continue;
    SetAside(output, path);
    ++outcome.set_aside;
  }
  ledger->Reopen(units, "repair");
  outcome.reopened = static_cast<long>(units.size());
  return outcome;
}

std::vector<size_t> WithTheirJoins(const UnitList& list, const UnitIndex& index, std::vector<size_t> units) {
  const auto joins = index.joins();
  for (size_t i = 0, count = units.size(); i < count; ++i) {
    if (list.At(units[i]).kind != Unit::Kind::kPart) continue;
    const auto join =
        std::lower_bound(joins.begin(), joins.end(), units[i], [](const JoinUnit& candidate, size_t part) {
          return candidate.index < part;
        });
    if (join != joins.end() && join->index - static_cast<size_t>(join->num_parts) <= units[i])
      units.push_back(join->index);
  }
  std::sort(units.begin(), units.end());
  units.erase(std::unique(units.begin(), units.end()), units.end());
  return units;
}

}  // namespace foothold
