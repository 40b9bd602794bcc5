// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/ledger.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/base/fault.h"
#include "foothold/base/hash.h"
#include "foothold/base/log.h"
#include "foothold/corpus/quarantine_report.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

constexpr char kFormat[] = "foothold-ledger 2\n";
// Up to so many records files every reader reads them all; beyond, one makes snapshots for the others.
constexpr size_t kFewFiles = 32;
constexpr double kSnapshotLease_s = 120;
constexpr double kClockPeriod_s = 60;
constexpr int kMaxLogLines = 200;  // Of one claim.

// "<key>.<attempt>".
bool ParseClaimName(std::string_view name, uint64_t* hash, int* attempt) {
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || !HashOfKey(name.substr(0, dot), hash)) return false;
  const auto [end, error] = std::from_chars(name.data() + dot + 1, name.data() + name.size(), *attempt);
  return error == std::errc() && end == name.data() + name.size();
}

int LastAttempt(const UnitHistory& h) {
  return std::max({h.done, h.rejected, h.failed, h.quarantined, h.reopened});
}

}  // namespace

const OptionTable& LedgerOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<LedgerOptions>(
          "ledger", "Work distribution over ranks and jobs, through files below the output.")
          .Add("heartbeat_s",
               &LedgerOptions::heartbeat_s,
               0.01,
               3600,
               "Seconds between signs of life of a rank.")
          .DoesNotAffectLabels()
          .Add("lease_heartbeats",
               &LedgerOptions::lease_heartbeats,
               2,
               1000,
               "A unit whose rank gave no sign of life for so many heartbeats is taken over.")
          .DoesNotAffectLabels()
          .Add("max_attempts",
               &LedgerOptions::max_attempts,
               1,
               100,
               "Failed attempts after which a unit is quarantined.")
          .DoesNotAffectLabels()
          .Add("retry_failed", &LedgerOptions::retry_failed, "Try rejected and quarantined units again.")
          .DoesNotAffectLabels()
          .Build();
  return table;
}

RunUnits MakeRunUnits(std::shared_ptr<const UnitList> list) {
  RunUnits units;
  units.index = std::make_shared<const UnitIndex>(*list);
  units.hash = HashText(list->Fingerprint());
  units.list = std::move(list);
  return units;
}

Ledger::Ledger(std::string folder,
               LedgerOptions options,
               std::string process_name,
               RunUnits units,
               std::shared_ptr<LedgerFiles> files)
    : folder_(std::move(folder)),
      options_(options),
      process_name_(std::move(process_name)),
      units_(std::move(units)),
      files_(std::move(files)),
      state_(units_.list->size()),
      reader_(files_.get(), folder_, units_.index.get(), units_.hash) {
  for (const char* name : {"claims", "records", "quarantine", "clock"})
    files_->MakeFolder(folder_ + "/" + name);
  RequireFormat();
  probe_path_ = folder_ + "/clock/" + process_name_ + "-" + std::to_string(getpid());
  if (reader_.ReadSnapshot(&state_)) {
    Follow(kSnapshotLease_s);
  } else {
    Refresh();
  }
}

Ledger::~Ledger() {
  if (heartbeat_ != nullptr) SetLogTap({});
  heartbeat_.reset();
  files_->Remove(probe_path_);
}

void Ledger::RequireFormat() {
  const std::string path = folder_ + "/format", text = files_->Read(path, 0);
  if (text == kFormat) return;
  LedgerFiles::Facts facts;
  const bool is_old = text.empty() && files_->Stat(folder_ + "/options.conf", &facts);
  if (text.empty() && !is_old) return files_->Replace(path, kFormat);
  throw Error(ErrorKind::kUsage,
              folder_ + ": the ledger is of another version of Foothold (" +
                  (is_old ? "0.2 or older" : "'" + text.substr(0, text.find('\n')) + "'") +
                  "); finish it with that version, or choose another --output");
}

void Ledger::RequireSameOptions(const std::string& text) {
  const std::string path = folder_ + "/options.conf";
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    AtomicFile file(path);
    std::ofstream stream(file.temporary_path());
    stream << text << std::flush;
    if (!stream) throw StorageError(path, "cannot be written", errno);
    stream.close();
    file.Commit();  // Another rank may be first; then its text counts, below.
  }
  if (ReadFile(path) == text) return;
  throw Error(ErrorKind::kUsage,
              "options differ from those that the labels in this folder were made with (" + path +
                  "); use the same options or another --output");
}

// ---- Reading.

void Ledger::Refresh() {
  const double begin_s = ServerTime_s();
  reader_.ReadNew(records_name_, &state_);
  known_until_s_ = std::max(known_until_s_, begin_s);
}

void Ledger::WriteSnapshot() {
  RecordOffsets offsets = reader_.offsets();
  if (!records_name_.empty()) offsets[records_name_] = records_bytes_;
  files_->Replace(folder_ + "/snapshot", LedgerSnapshot::Format(state_, offsets, units_.hash));
}

void Ledger::Follow(double max_age_s) {
  if (reader_.CountFiles() <= kFewFiles) return Refresh();
  const bool usable = reader_.ReadSnapshot(&state_);
  // Whoever made it began to read at most so long before.
  if (usable) known_until_s_ = std::max(known_until_s_, reader_.snapshot_modified_s() - kSnapshotLease_s);
  if (usable && ServerTime_s() - reader_.snapshot_modified_s() < max_age_s) return;
  const std::string lock = folder_ + "/snapshot.lock";
  if (files_->CreateNew(lock) == nullptr) {
    // Somebody is at it. Two at a time would do no harm, so a lock that its owner left is just removed.
    LedgerFiles::Facts facts;
    if (files_->Stat(lock, &facts) && ServerTime_s() - facts.modified_s > kSnapshotLease_s)
      files_->Remove(lock);
    return;
  }
  Refresh();
  WriteSnapshot();
  files_->Remove(lock);
}

void Ledger::LookAtClaims(int folder) {
  for (const std::string& name : files_->List(folder_ + "/claims/" + UnitIndex::FolderName(folder))) {
    uint64_t hash = 0;
    int attempt = 0;
    if (!ParseClaimName(name, &hash, &attempt)) continue;
    const int64_t index = units_.index->Find(hash);
    if (index < 0 || state_.StatusOf(static_cast<size_t>(index)) != UnitStatus::kOpen) continue;
    const UnitHistory history = state_.HistoryOf(static_cast<size_t>(index));
    if (attempt > std::max(history.failed, history.reopened)) state_.Mark(static_cast<size_t>(index));
  }
}

// ---- Claims.

std::string Ledger::ClaimPath(const Unit& unit, uint64_t hash, int attempt) const {
  return folder_ + "/claims/" + UnitIndex::FolderName(UnitIndex::FolderOf(hash)) + "/" + unit.Key() + "." +
         std::to_string(attempt);
}

std::unique_ptr<Ledger::Claim> Ledger::TryClaim(size_t index, Effort effort) {
  if (state_.StatusOf(index) != UnitStatus::kOpen) return nullptr;
  Unit unit = units_.list->At(index);
  if (!FillMissingParts(index, &unit)) return nullptr;
  bool refreshed = false;
  int lost = 0;  // The last attempt whose holder is known to be lost.
  for (;;) {
    const UnitHistory history = state_.HistoryOf(index);
    if (history.status() != UnitStatus::kOpen) return nullptr;
    const int first = history.reopened + 1;
    const int attempt = std::max({first, history.failed + 1, lost + 1});
    if (auto claim = Create(index, unit, attempt)) {
      if (attempt - first < options_.max_attempts) return claim;
      claim->Abandon();  // Nobody else is to claim it.
      GiveUp(index, unit, first, attempt);
      return nullptr;
    }
    if (effort == Effort::kIfFree) return state_.Mark(index), nullptr;
    const std::string path = ClaimPath(unit, units_.index->HashOf(index), attempt);
    switch (LeaseOf(index, attempt, path, effort == Effort::kIfLost)) {
      case Lease::kAlive:
        return state_.Mark(index), nullptr;
      case Lease::kGone:  // Given back this moment; the next round finds it free.
        return state_.Unmark(index), nullptr;
      case Lease::kOver:
        break;
      case Lease::kOverUnread:  // The holder may have finished: its record came before its last heartbeat.
        if (!refreshed) Refresh();
        refreshed = true;
        if (!(state_.HistoryOf(index) == history)) continue;
        break;
    }
    lost = attempt;
  }
}

// Of a join: which parts have no result. False while a part is unfinished.
bool Ledger::FillMissingParts(size_t index, Unit* unit) const {
  if (unit->kind != Unit::Kind::kJoin) return true;
  const size_t first = index - static_cast<size_t>(unit->num_parts);
  unit->missing_parts.clear();
  for (size_t part = first; part < index; ++part) {
    const UnitStatus status = state_.StatusOf(part);
    if (status == UnitStatus::kOpen) return false;
    if (status != UnitStatus::kDone && status != UnitStatus::kPartly)
      unit->missing_parts.push_back(static_cast<int>(part - first));
  }
  return true;
}

std::unique_ptr<Ledger::Claim> Ledger::Create(size_t index, const Unit& unit, int attempt) {
  const std::string path = ClaimPath(unit, units_.index->HashOf(index), attempt);
  std::unique_ptr<LedgerFiles::Writer> writer = files_->CreateNew(path);
  if (writer == nullptr) return nullptr;
  try {
    if (const int error = FaultAt("claim.write")) throw StorageError(path, "cannot be written", error);
    writer->Append(DescribeThisProcess(process_name_));
    FaultAt("claim.written");
  } catch (const Error&) {
    files_->Remove(path);
    throw;
  }
  StartHeartbeat();
  return std::unique_ptr<Claim>(new Claim(this, index, unit, attempt, std::move(writer)));
}

// Both times come from the file server, so the clocks of the hosts do not matter.
Ledger::Lease Ledger::LeaseOf(size_t index, int attempt, const std::string& claim_path, bool ask_for_holder) {
  LedgerFiles::Facts facts;
  if (!files_->Stat(claim_path, &facts)) return Lease::kGone;
  // Far in the future is old, too: the file server's clock was set back after the holder's last heartbeat.
  if (std::abs(ServerTime_s() - facts.modified_s) > options_.heartbeat_s * options_.lease_heartbeats)
    return known_until_s_ > facts.modified_s + 2 * options_.heartbeat_s ? Lease::kOver : Lease::kOverUnread;
  if (!ask_for_holder) return Lease::kAlive;
  const auto elsewhere = held_elsewhere_.find(index);
  if (elsewhere != held_elsewhere_.end() && elsewhere->second == attempt) return Lease::kAlive;
  const Holder holder = HolderOf(files_->Read(claim_path, 0));
  if (holder == Holder::kElsewhere) held_elsewhere_[index] = attempt;
  return holder == Holder::kDead ? Lease::kOverUnread : Lease::kAlive;
}

// The file server's clock is asked seldom; in between, time passes at the same pace here.
double Ledger::ServerTime_s() {
  const double own_s = files_->Now_s();
  if (own_s - clock_compared_s_ > kClockPeriod_s) {
    server_minus_own_s_ = files_->ServerTime_s(probe_path_) - own_s;
    clock_compared_s_ = own_s;
  }
  return own_s + server_minus_own_s_;
}

void Ledger::StartHeartbeat() {
  if (heartbeat_ != nullptr || !files_->needs_heartbeat_thread()) return;
  heartbeat_ = std::make_unique<Heartbeat>(options_.heartbeat_s, [this] { Beat(); });
  SetLogTap([this](const std::string& line) { OnLogLine(line); });
}

void Ledger::Beat() {
  std::string failed;
  {
    const std::lock_guard lock(mutex_);
    for (const Claim* claim : claims_) {
      if (!files_->Touch(claim->path_)) failed = claim->path_;
    }
  }
  if (!failed.empty()) LogWarning(failed + ": heartbeat failed; another rank may repeat this unit");
}

// A killed process cannot tell what it did last; its claim can.
void Ledger::OnLogLine(const std::string& line) {
  const std::lock_guard lock(mutex_);
  for (Claim* claim : claims_) {
    if (++claim->lines_ > kMaxLogLines) continue;
    try {
      claim->writer_->Append(line + "\n");
    } catch (const Error&) {
      claim->lines_ = kMaxLogLines;  // No work fails for want of a log.
    }
  }
}

// ---- Records.

void Ledger::Append(std::vector<LedgerRecord> records) {
  for (int i = 0; records_ == nullptr; ++i) {
    records_name_ = process_name_ + "-" + std::to_string(getpid()) + "-" + std::to_string(i) + ".jsonl";
    records_ = files_->CreateNew(folder_ + "/records/" + records_name_);
  }
  static const std::string host = HostName();
  std::string text;
  for (LedgerRecord& record : records) {
    record.host = host;
    record.process = process_name_;
    record.rank = std::max(0, ErrorContext::Rank());
    record.time_unix_s = std::time(nullptr);
    text += FormatRecord(record) + "\n";
  }
  records_->AppendDurably(text);
  records_bytes_ += static_cast<int64_t>(text.size());
  for (const LedgerRecord& record : records) {
    const int64_t index = units_.index->Find(UnitHash(record.unit_id));
    if (index < 0) continue;
    state_.Add(static_cast<size_t>(index),
               RecordHead{record.event, 0, record.attempt, record.clips_rejected > 0});
  }
}

// The record counts; the report is for people, and first, so that no unit is given up without one.
// `attempt` is the one that is not made any more.
void Ledger::GiveUp(size_t index, const Unit& unit, int first_attempt, int attempt) {
  QuarantineReport report;
  report.unit = unit;
  for (int i = first_attempt; i < attempt; ++i)
    report.AddAttempt(i, files_->Read(ClaimPath(unit, units_.index->HashOf(index), i), 0));
  if (reproducer_) report.reproduce = reproducer_(unit);
  if (const int error = FaultAt("quarantine.begin"))
    throw StorageError(folder_ + "/quarantine", "cannot be written", error);
  files_->Replace(folder_ + "/quarantine/" + unit.Key() + ".json", report.Format());
  FaultAt("quarantine.reported");
  LedgerRecord record;
  record.event = LedgerRecord::Event::kQuarantined;
  record.unit_key = unit.Key();
  record.unit_id = unit.id;
  record.attempt = attempt;
  record.reason = report.reason;
  record.message = report.message;
  Append({record});
  LogWarning(unit.id + ": quarantined after " + std::to_string(attempt - first_attempt) +
             " attempts: " + report.reason + ": " + report.message);
}

void Ledger::Reopen(const std::vector<size_t>& units, const std::string& reason) {
  std::vector<LedgerRecord> records;
  for (const size_t index : units) {
    const Unit unit = units_.list->At(index);
    LedgerRecord& record = records.emplace_back();
    record.event = LedgerRecord::Event::kReopened;
    record.unit_key = unit.Key();
    record.unit_id = unit.id;
    record.attempt = std::max(1, LastAttempt(state_.HistoryOf(index)));
    record.reason = reason;
  }
  if (records.empty()) return;
  Append(records);
  for (const LedgerRecord& record : records)
    files_->Remove(folder_ + "/quarantine/" + record.unit_key + ".json");
}

Ledger::Claim::Claim(
    Ledger* ledger, size_t index, Unit unit, int attempt, std::unique_ptr<LedgerFiles::Writer> writer)
    : ledger_(ledger),
      index_(index),
      unit_(std::move(unit)),
      attempt_(attempt),
      path_(ledger->ClaimPath(unit_, ledger->index().HashOf(index), attempt)),
      writer_(std::move(writer)) {
  const std::lock_guard lock(ledger_->mutex_);
  ledger_->claims_.insert(this);
}

Ledger::Claim::~Claim() {
  {
    const std::lock_guard lock(ledger_->mutex_);
    ledger_->claims_.erase(this);
  }
  if (!finished_) ledger_->files_->Remove(path_);
}

void Ledger::GiveBackClaims() {
  const std::lock_guard lock(mutex_);
  for (const Claim* claim : claims_) files_->Remove(claim->path_);
}

void Ledger::Claim::Finish(LedgerRecord record) {
  FOOTHOLD_CHECK(!finished_, "a claim is finished once");
  record.unit_key = unit_.Key();
  record.unit_id = unit_.id;
  record.attempt = attempt_;
  if (record.event == LedgerRecord::Event::kFailed) {
    // For the report, should this be the last attempt.
    const std::lock_guard lock(ledger_->mutex_);
    writer_->Append(QuarantineReport::FailureLine(record));
  }
  ledger_->Append({std::move(record)});
  finished_ = true;
}

void Ledger::Claim::Abandon() { finished_ = true; }

}  // namespace foothold
