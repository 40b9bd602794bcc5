// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/ledger.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/base/log.h"
#include "foothold/corpus/ledger_record.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

double ModificationTime_s(const struct stat& status) {
  return static_cast<double>(status.st_mtim.tv_sec) + 1e-9 * static_cast<double>(status.st_mtim.tv_nsec);
}

void MakeFolder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw StorageError(path, "the folder cannot be made", error.value());
}

// Name of a file in a folder without its last extension: "<unit>.<attempt>" gives "<unit>".
std::vector<fs::path> FilesIn(const std::string& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (!entry->path().filename().string().starts_with('.')) files.push_back(entry->path());
  }
  if (error) throw StorageError(folder, "the folder cannot be read", error.value());
  std::sort(files.begin(), files.end());
  return files;
}

int AttemptOf(const fs::path& file) { return std::atoi(file.extension().string().substr(1).c_str()); }

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

Ledger::Ledger(std::string folder, LedgerOptions options, std::string process_name)
    : folder_(std::move(folder)), options_(options), process_name_(std::move(process_name)) {
  for (const char* name : {"claims", "records", "quarantine", "lifted", "clock"})
    MakeFolder(folder_ + "/" + name);
  probe_path_ = folder_ + "/clock/" + process_name_ + "-" + std::to_string(getpid());
  Refresh();
}

Ledger::~Ledger() {
  if (records_descriptor_ >= 0) close(records_descriptor_);
  unlink(probe_path_.c_str());
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

void Ledger::Refresh() {
  for (const fs::path& path : FilesIn(folder_ + "/records")) {
    if (path.string() != records_path_) ReadRecords(path.string(), &records_files_[path.string()]);
  }
  lifted_.clear();
  for (const fs::path& path : FilesIn(folder_ + "/lifted")) {
    int& last = lifted_[path.stem().string()];
    last = std::max(last, AttemptOf(path));
  }
  quarantined_.clear();
  for (const fs::path& path : FilesIn(folder_ + "/quarantine")) quarantined_[path.stem().string()] = true;
}

// Reads whole lines beyond the known offset; a last line without its end is still being written, or was
// when its process died, and waits.
void Ledger::ReadRecords(const std::string& path, RecordsFile* file) {
  std::ifstream stream(path, std::ios::binary);
  stream.seekg(file->offset);
  std::ostringstream buffer;
  if (stream.peek() != std::ifstream::traits_type::eof()) buffer << stream.rdbuf();
  const std::string text = buffer.str();
  size_t begin = 0;
  for (size_t end = text.find('\n'); end != std::string::npos;
       begin = end + 1, end = text.find('\n', begin)) {
    LedgerRecord record;
    if (ParseRecord(text.substr(begin, end - begin), &record)) {
      Remember(record);
    } else {
      LogWarning(path + ": a damaged record is ignored; its unit may be done again");
    }
  }
  file->offset += static_cast<int64_t>(begin);
}

void Ledger::Remember(const LedgerRecord& record) {
  if (record.event == LedgerRecord::Event::kDone) {
    final_records_.emplace(record.unit_key, record);
  } else {
    failed_attempts_[record.unit_key].emplace(record.attempt, record);
  }
}

int Ledger::FirstAttempt(const std::string& key) const {
  const auto lifted = lifted_.find(key);
  return lifted == lifted_.end() ? 1 : lifted->second + 1;
}

const LedgerRecord* Ledger::FinalRecordOf(const Unit& unit) const {
  const std::string key = unit.Key();
  const auto done = final_records_.find(key);
  if (done != final_records_.end()) return &done->second;
  const auto failed = failed_attempts_.find(key);
  if (failed == failed_attempts_.end()) return nullptr;
  for (const auto& [attempt, record] : failed->second) {
    if (attempt >= FirstAttempt(key) && record.event == LedgerRecord::Event::kRejected) return &record;
  }
  return nullptr;
}

Ledger::Status Ledger::StatusOf(const Unit& unit) const {
  if (const LedgerRecord* record = FinalRecordOf(unit)) {
    return record->event == LedgerRecord::Event::kDone ? Status::kDone : Status::kRejected;
  }
  return quarantined_.count(unit.Key()) > 0 ? Status::kQuarantined : Status::kOpen;
}

std::unique_ptr<Ledger::Claim> Ledger::TryClaim(const Unit& unit) {
  const std::string key = unit.Key();
  const int first = FirstAttempt(key);
  bool refreshed = false;
  for (int attempt = first;;) {
    if (StatusOf(unit) != Status::kOpen) return nullptr;
    const auto& failed = failed_attempts_[key];
    const auto failure = failed.find(attempt);
    const std::string path = folder_ + "/claims/" + key + "." + std::to_string(attempt);
    if (failure == failed.end()) {
      if (CreateClaim(path)) return std::unique_ptr<Claim>(new Claim(this, unit, attempt, path));
      if (LeaseOf(path) == Lease::kAlive) return nullptr;
      if (!refreshed) {
        // The holder may have finished since the last look: its record came before its last heartbeat.
        Refresh();
        refreshed = true;
        continue;
      }
    }
    ++attempt;
    if (attempt - first < options_.max_attempts) continue;
    const bool recorded = failure != failed.end();
    Quarantine(
        unit,
        attempt - 1,
        recorded ? failure->second.reason : "process_died",
        recorded ? failure->second.message : "the last process that worked on this unit died without a word");
    return nullptr;
  }
}

bool Ledger::CreateClaim(const std::string& path) {
  const int descriptor = open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
  if (descriptor < 0 && errno == EEXIST) return false;
  if (descriptor < 0) throw StorageError(path, "cannot be made", errno);
  const std::string text = DescribeThisProcess(process_name_);
  const bool written = write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int write_error = errno;
  if (close(descriptor) == 0 && written) return true;
  unlink(path.c_str());
  throw StorageError(path, "cannot be written", written ? errno : write_error);
}

// Both times come from the file server, so the clocks of the hosts do not matter. Opening instead of
// stat makes NFS look at the server's attributes, not at cached ones.
Ledger::Lease Ledger::LeaseOf(const std::string& claim_path) {
  struct stat claim {};
  struct stat probe {};
  const int descriptor = open(claim_path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return Lease::kAlive;  // Given back this moment; the next round finds it free.
  std::string text(4096, '\0');
  const ssize_t length = read(descriptor, text.data(), text.size());
  text.resize(static_cast<size_t>(std::max<ssize_t>(0, length)));
  const bool known = fstat(descriptor, &claim) == 0;
  close(descriptor);
  if (!known) return Lease::kAlive;
  if (IsDeadNeighbour(text)) return Lease::kOver;

  const int probe_descriptor = open(probe_path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
  if (probe_descriptor < 0) throw StorageError(probe_path_, "cannot be made", errno);
  const bool touched = futimens(probe_descriptor, nullptr) == 0 && fstat(probe_descriptor, &probe) == 0;
  const int probe_error = errno;
  close(probe_descriptor);
  if (!touched) throw StorageError(probe_path_, "cannot be touched", probe_error);
  const double age_s = ModificationTime_s(probe) - ModificationTime_s(claim);
  return age_s > options_.heartbeat_s * options_.lease_heartbeats ? Lease::kOver : Lease::kAlive;
}

void Ledger::Append(const LedgerRecord& record) {
  for (int i = 0; records_descriptor_ < 0; ++i) {
    records_path_ = folder_ + "/records/" + process_name_ + "-" + std::to_string(getpid()) + "-" +
                    std::to_string(i) + ".jsonl";
    records_descriptor_ =
        open(records_path_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_CLOEXEC, 0666);
    if (records_descriptor_ < 0 && errno != EEXIST)
      throw StorageError(records_path_, "cannot be made", errno);
  }
  const off_t end = lseek(records_descriptor_, 0, SEEK_END);
  const std::string line = FormatRecord(record) + "\n";
  const ssize_t written = write(records_descriptor_, line.data(), line.size());
  const int write_error = written < 0 ? errno : ENOSPC;
  if (written == static_cast<ssize_t>(line.size()) && fsync(records_descriptor_) == 0) return;
  const int error = written == static_cast<ssize_t>(line.size()) ? errno : write_error;
  // No half line before a later record.
  if (ftruncate(records_descriptor_, end) != 0) LogWarning(records_path_ + ": a half-written record remains");
  throw StorageError(records_path_, "cannot be written", error);
}

void Ledger::Quarantine(const Unit& unit,
                        int attempt,
                        const std::string& reason,
                        const std::string& message) {
  LedgerRecord record;
  record.unit_key = unit.Key();
  record.unit_id = unit.id;
  record.attempt = attempt;
  record.reason = reason;
  record.message = message;
  const std::string path = folder_ + "/quarantine/" + record.unit_key + ".json";
  AtomicFile file(path);
  std::ofstream stream(file.temporary_path());
  stream << FormatRecord(record) << "\n" << std::flush;
  if (!stream) throw StorageError(path, "cannot be written", errno);
  stream.close();
  if (file.Commit()) {
    LogWarning(unit.id + ": quarantined after attempt " + std::to_string(attempt) + ": " + reason + ": " +
               message);
  }
  quarantined_[record.unit_key] = true;
}

int Ledger::LiftQuarantine() {
  Refresh();
  // Units rejected at once have no quarantine file, but a record.
  std::map<std::string, int> last_attempts;
  for (const auto& [key, attempts] : failed_attempts_) {
    if (final_records_.count(key) > 0 || attempts.empty()) continue;
    const int last = attempts.rbegin()->first;
    const bool rejected = attempts.rbegin()->second.event == LedgerRecord::Event::kRejected;
    if (last >= FirstAttempt(key) && (rejected || quarantined_.count(key) > 0)) last_attempts[key] = last;
  }
  for (const auto& [key, unused] : quarantined_) {
    LedgerRecord record;
    if (ParseRecord(ReadFile(folder_ + "/quarantine/" + key + ".json"), &record)) {
      last_attempts[key] = std::max(last_attempts[key], record.attempt);
    }
  }
  for (const auto& [key, last] : last_attempts) {
    WriteFileAtomically(folder_ + "/lifted/" + key + "." + std::to_string(last), "");
    unlink((folder_ + "/quarantine/" + key + ".json").c_str());
  }
  Refresh();
  return static_cast<int>(last_attempts.size());
}

Ledger::Claim::Claim(Ledger* ledger, Unit unit, int attempt, std::string path)
    : ledger_(ledger),
      unit_(std::move(unit)),
      attempt_(attempt),
      path_(std::move(path)),
      heartbeat_(std::make_unique<Heartbeat>(path_, ledger->options_.heartbeat_s)) {}

Ledger::Claim::~Claim() {
  heartbeat_.reset();
  if (!finished_) unlink(path_.c_str());
}

void Ledger::Claim::Finish(LedgerRecord record) {
  FOOTHOLD_CHECK(!finished_, "a claim is finished once");
  record.unit_key = unit_.Key();
  record.unit_id = unit_.id;
  record.attempt = attempt_;
  ledger_->Append(record);
  ledger_->Remember(record);
  finished_ = true;
}

UnitQueue::UnitQueue(const Corpus& corpus, Ledger* ledger, int rank, int size)
    : corpus_(corpus), ledger_(ledger) {
  const int count = static_cast<int>(corpus.units.size());
  const auto start = static_cast<int>(static_cast<int64_t>(count) * rank / std::max(1, size));
  for (int i = 0; i < count; ++i) {
    const int index = (start + i) % count;
    if (ledger->StatusOf(corpus.units[index]) == Ledger::Status::kOpen) open_.push_back(index);
  }
}

std::unique_ptr<Ledger::Claim> UnitQueue::Next() {
  // At most one round; it goes on where the last one stopped, so that a round costs each unit one look.
  for (size_t looked = 0, round = open_.size(); looked < round; ++looked, ++cursor_) {
    if (cursor_ >= open_.size()) {
      cursor_ = 0;
      ledger_->Refresh();
      std::erase_if(open_, [this](int index) {
        return ledger_->StatusOf(corpus_.units[index]) != Ledger::Status::kOpen;
      });
      if (open_.empty()) return nullptr;
    }
    auto claim = ledger_->TryClaim(corpus_.units[open_[cursor_]]);
    if (claim == nullptr) continue;
    ++cursor_;
    return claim;
  }
  ledger_->Refresh();
  std::erase_if(
      open_, [this](int index) { return ledger_->StatusOf(corpus_.units[index]) != Ledger::Status::kOpen; });
  cursor_ = 0;
  return nullptr;
}

}  // namespace foothold
