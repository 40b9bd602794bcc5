// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/run_progress.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/base/median.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;
using Event = LedgerRecord::Event;

constexpr int64_t kMinute_s = 60;
constexpr int64_t kWindow_s = 15 * kMinute_s;
constexpr int64_t kPause_s = 10 * kMinute_s;  // Without any work: the run was interrupted.
constexpr double kNormal80 = 1.2816;          // Four of five lie within so many standard deviations.

// Complete lines from `offset` on; returns where the last one ends.
template <class Use>
int64_t ReadLines(const std::string& path, int64_t offset, const Use& use) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(offset);
  std::string line;
  // The last line is not whole before its end is written.
  while (std::getline(file, line) && !file.eof()) {
    use(line);
    offset += static_cast<int64_t>(line.size()) + 1;
  }
  return offset;
}

}  // namespace

RunProgress::RunProgress(std::string output, RunUnits units)
    : output_(std::move(output)),
      units_(std::move(units)),
      state_(units_.list->size()),
      cost_s_(units_.list->size()),
      work_(units_.list->size()) {
  for (size_t i = 0; i < cost_s_.size(); ++i)
    cost_s_[i] = std::max(1e-3F, static_cast<float>(units_.list->CostOf(i)));
}

void RunProgress::Refresh() {
  const std::string folder = output_ + "/ledger/records";
  std::error_code error;
  ledger_bytes_ = 0;
  std::vector<std::string> paths;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().filename().string().starts_with(".")) continue;
    paths.push_back(entry->path().string());
    const auto size = entry->file_size(error);
    if (!error) ledger_bytes_ += static_cast<int64_t>(size);
  }
  if (error) {
    throw Error(ErrorKind::kBadInput,
                "cannot read '" + folder + "': " + error.message() +
                    "; name the output folder of a label_corpus run");
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    int64_t& offset = offsets_[path];
    offset = ReadLines(path, offset, [this](const std::string& line) { Add(line); });
  }
}

void RunProgress::Add(std::string_view line) {
  RecordFacts facts;
  if (!ParseRecordFacts(line, &facts)) {
    ++damaged_records_;
    return;
  }
  const int64_t found = units_.index->Find(facts.head.unit_hash);
  if (found < 0) return;  // Of a corpus as it was before.
  const auto index = static_cast<size_t>(found);
  state_.Add(index, facts.head);
  AddToUnit(index, facts);
  if (facts.head.event != Event::kReopened && facts.head.event != Event::kQuarantined)
    AddToTime(facts, cost_s_[index]);
}

void RunProgress::AddToUnit(size_t index, const RecordFacts& facts) {
  UnitWork& unit = work_[index];
  const auto attempt = static_cast<uint16_t>(facts.head.attempt);
  if (facts.head.event == Event::kDone && attempt >= unit.attempt) {
    unit.attempt = attempt;
    unit.frames = static_cast<uint32_t>(facts.frames);
    unit.labels = static_cast<uint32_t>(facts.num_labels);
    unit.bytes = facts.label_bytes;
    unit.clips_rejected = static_cast<uint32_t>(facts.clips_rejected);
  }
  const bool tells =
      facts.head.partly || facts.head.event == Event::kRejected || facts.head.event == Event::kQuarantined;
  if (!tells || attempt < unit.cause_attempt) return;
  unit.cause_attempt = attempt;
  auto reason = std::find(reasons_.begin(), reasons_.end(), facts.reason);
  if (reason == reasons_.end()) reason = reasons_.insert(reasons_.end(), facts.reason);
  unit.reason = static_cast<uint16_t>(reason - reasons_.begin());
}

void RunProgress::AddToTime(const RecordFacts& facts, double cost) {
  const bool done = facts.head.event == Event::kDone;
  const double begin_s = static_cast<double>(facts.time_unix_s) - facts.seconds;
  begin_unix_s_ = begin_unix_s_ == 0 ? static_cast<int64_t>(begin_s)
                                     : std::min(begin_unix_s_, static_cast<int64_t>(begin_s));
  last_unix_s_ = std::max(last_unix_s_, facts.time_unix_s);
  seconds_ += facts.seconds;

  const auto [minute, is_new] = minutes_.try_emplace(facts.time_unix_s / kMinute_s);
  Minute& sums = minute->second;
  sums.begin_s = is_new ? begin_s : std::min(sums.begin_s, begin_s);
  sums.busy_s += facts.seconds;
  sums.last_unix_s = std::max(sums.last_unix_s, facts.time_unix_s);
  ++sums.units;
  sums.frames += facts.frames;

  WorkerSums& worker = workers_[facts.process];
  worker.host = facts.host;
  worker.rank = facts.rank;
  ++worker.units;
  worker.frames += facts.frames;
  worker.seconds += facts.seconds;
  worker.last_unix_s = std::max(worker.last_unix_s, facts.time_unix_s);
  if (!done) return;
  worker.done_seconds += facts.seconds;
  worker.done_cost += cost;
  ratio_seconds_ += facts.seconds;
  ratio_cost_ += cost;
  const double ratio = facts.seconds / cost, before = ratio - ratio_mean_;
  ratio_mean_ += before / static_cast<double>(++num_ratios_);
  ratio_sum_squares_ += before * (ratio - ratio_mean_);
}

RunStatus RunProgress::Status(int64_t now_unix_s) const {
  RunStatus status;
  status.output = output_;
  status.now_unix_s = now_unix_s;
  status.damaged_records = damaged_records_;
  status.ledger_bytes = ledger_bytes_;
  status.begin_unix_s = begin_unix_s_;
  status.last_record_unix_s = last_unix_s_;
  status.rank_hours = seconds_ / 3600;
  CountUnits(&status);
  MeasureRate(&status);
  EstimateEnd(&status);
  ListWorkers(&status);
  return status;
}

void RunProgress::CountUnits(RunStatus* status) const {
  status->units = static_cast<long>(state_.size());
  status->done = static_cast<long>(state_.Count(UnitStatus::kDone));
  status->partly = static_cast<long>(state_.Count(UnitStatus::kPartly));
  status->rejected = static_cast<long>(state_.Count(UnitStatus::kRejected));
  status->quarantined = static_cast<long>(state_.Count(UnitStatus::kQuarantined));
  status->open = static_cast<long>(state_.Count(UnitStatus::kOpen));
  double cost_with_labels = 0, cost_without = 0, frames_missing = 0;
  for (size_t i = 0; i < work_.size(); ++i) {
    const UnitWork& unit = work_[i];
    const std::string& reason = reasons_[unit.reason];
    switch (state_.StatusOf(i)) {
      case UnitStatus::kOpen:
        if (state_.HistoryOf(i).failed > state_.HistoryOf(i).reopened) ++status->failed_attempts;
        continue;
      case UnitStatus::kRejected:
        ++status->reasons_rejected[reason];
        cost_without += cost_s_[i];
        continue;
      case UnitStatus::kQuarantined:
        ++status->reasons_quarantined[reason];
        cost_without += cost_s_[i];
        continue;
      case UnitStatus::kPartly:
        ++status->reasons_partly[reason];
        // Clips without labels count as long as those with.
        frames_missing += unit.labels == 0 ? 0 : double(unit.frames) * unit.clips_rejected / unit.labels;
        break;
      case UnitStatus::kDone:
        break;
    }
    status->labels += unit.labels;
    status->frames += unit.frames;
    status->label_bytes += unit.bytes;
    status->clips_rejected += unit.clips_rejected;
    cost_with_labels += cost_s_[i];
  }
  const double with_labels = static_cast<double>(status->frames);
  if (cost_with_labels > 0)
    frames_missing += (with_labels + frames_missing) * cost_without / cost_with_labels;
  status->yield = with_labels > 0 ? with_labels / (with_labels + frames_missing) : 0;
}

void RunProgress::MeasureRate(RunStatus* status) const {
  for (const auto& [minute, sums] : minutes_) {
    status->history.push_back({minute * kMinute_s, double(kMinute_s), sums.units, sums.frames, sums.busy_s});
  }
  if (minutes_.empty()) return;
  // Back from the last record, to the window's begin or to where the run was interrupted.
  double begin_s = static_cast<double>(last_unix_s_), busy_s = 0;
  long frames = 0;
  for (auto minute = minutes_.rbegin(); minute != minutes_.rend(); ++minute) {
    const auto end_s = static_cast<double>((minute->first + 1) * kMinute_s);
    if (end_s < begin_s - kPause_s) break;
    if (end_s <= static_cast<double>(last_unix_s_ - kWindow_s)) {
      // From record to record. What began before the first stands for what goes on after the last.
      begin_s = static_cast<double>(minute->second.last_unix_s);
      break;
    }
    begin_s = std::min(begin_s, minute->second.begin_s);
    busy_s += minute->second.busy_s;
    frames += minute->second.frames;
  }
  status->window_s = std::max(1.0, static_cast<double>(last_unix_s_) - begin_s);
  status->frames_per_s = static_cast<double>(frames) / status->window_s;
  status->busy_ranks = busy_s / status->window_s;
}

void RunProgress::EstimateEnd(RunStatus* status) const {
  if (status->open == 0) {
    status->eta_s = status->eta_low_s = status->eta_high_s = 0;
    return;
  }
  constexpr long kFewest = 3;
  if (num_ratios_ < kFewest || ratio_cost_ <= 0 || status->busy_ranks <= 0) return;
  double left = 0, left_squares = 0, largest = 0;
  for (size_t i = 0; i < cost_s_.size(); ++i) {
    if (state_.StatusOf(i) != UnitStatus::kOpen) continue;
    const double cost = cost_s_[i];
    left += cost;
    left_squares += cost * cost;
    largest = std::max(largest, cost);
  }
  const double ranks = std::max(1.0, status->busy_ranks), ratio = ratio_seconds_ / ratio_cost_;
  const double variance = ratio_sum_squares_ / static_cast<double>(num_ratios_ - 1);
  // Of the sum of units to come, and of the mean ratio that is only estimated.
  const double sigma_s =
      std::sqrt(variance * (left_squares + left * left / static_cast<double>(num_ratios_)));
  // The last ones keep only some ranks busy.
  const double tail_s = ratio * largest * (1 - 1 / ranks);
  status->eta_s = ratio * left / ranks;
  status->eta_low_s = std::max(0.0, status->eta_s - kNormal80 * sigma_s / ranks);
  status->eta_high_s = status->eta_s + kNormal80 * sigma_s / ranks + tail_s;
}

void RunProgress::ListWorkers(RunStatus* status) const {
  std::map<std::string, WorkerSums> hosts;
  std::vector<double> slowness;
  const auto slowness_of = [](const WorkerSums& sums) {
    return sums.done_cost > 0 ? sums.done_seconds / sums.done_cost : 0;
  };
  for (const auto& [name, sums] : workers_) {
    WorkerSums& host = hosts[sums.host];
    host.host = sums.host;
    host.units += sums.units;
    host.frames += sums.frames;
    host.seconds += sums.seconds;
    host.done_seconds += sums.done_seconds;
    host.done_cost += sums.done_cost;
    host.last_unix_s = std::max(host.last_unix_s, sums.last_unix_s);
    if (sums.done_cost > 0) slowness.push_back(slowness_of(sums));
  }
  const double median = slowness.empty() ? 0 : UpperMedian(slowness);
  const auto worker_of = [&](const std::string& name, const WorkerSums& sums) {
    return RunStatus::Worker{name,
                             sums.host,
                             sums.rank,
                             sums.units,
                             sums.frames,
                             sums.seconds,
                             median > 0 ? slowness_of(sums) / median : 0,
                             sums.last_unix_s};
  };
  for (const auto& [name, sums] : workers_) status->ranks.push_back(worker_of(name, sums));
  for (const auto& [name, sums] : hosts) status->hosts.push_back(worker_of(name, sums));
  std::stable_sort(status->hosts.begin(), status->hosts.end(), [](const auto& a, const auto& b) {
    return a.slowness > b.slowness;
  });
}

}  // namespace foothold
