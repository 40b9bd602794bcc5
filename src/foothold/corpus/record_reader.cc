// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/record_reader.h"

#include "foothold/base/log.h"

namespace foothold {

RecordReader::RecordReader(LedgerFiles* files,
                           std::string ledger_folder,
                           const UnitIndex* index,
                           std::string units_hash)
    : files_(files), folder_(std::move(ledger_folder)), index_(index), units_hash_(std::move(units_hash)) {}

bool RecordReader::ReadSnapshot(LedgerState* state) {
  const std::string path = folder_ + "/snapshot";
  LedgerFiles::Facts facts;
  if (!files_->Stat(path, &facts)) return false;
  if (facts.modified_s == snapshot_modified_s_) return snapshot_usable_;
  snapshot_modified_s_ = facts.modified_s;
  offsets_are_of_snapshot_ = false;
  snapshot_usable_ = LedgerSnapshot::Parse(files_->Read(path, 0), units_hash_, state, nullptr);
  if (!snapshot_usable_) LogDebug(path + ": of other units, or damaged; all records are read instead");
  return snapshot_usable_;
}

size_t RecordReader::CountFiles() { return files_->List(folder_ + "/records").size(); }

void RecordReader::ReadNew(const std::string& own_name, LedgerState* state) {
  if (snapshot_usable_ && !offsets_are_of_snapshot_) {
    LedgerSnapshot::Parse(files_->Read(folder_ + "/snapshot", 0), units_hash_, state, &offsets_);
    offsets_are_of_snapshot_ = true;
  }
  for (const std::string& name : files_->List(folder_ + "/records")) {
    LedgerFiles::Facts facts;
    if (name == own_name || !files_->Stat(folder_ + "/records/" + name, &facts)) continue;
    if (facts.bytes > offsets_[name]) ReadFile(name, state);
  }
}

// Reads whole lines beyond the known offset; a last line without its end is still being written, or was
// when its process died, and waits.
void RecordReader::ReadFile(const std::string& name, LedgerState* state) {
  int64_t& offset = offsets_[name];
  const std::string path = folder_ + "/records/" + name, text = files_->Read(path, offset);
  std::string_view rest = text;
  int damaged = 0;
  for (size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    RecordHead head;
    if (ParseRecordHead(rest.substr(0, end), &head)) {
      const int64_t index = index_->Find(head.unit_hash);
      if (index >= 0) state->Add(static_cast<size_t>(index), head);  // Else a video that left the corpus.
    } else {
      ++damaged;
    }
    rest.remove_prefix(end + 1);
  }
  offset += static_cast<int64_t>(text.size() - rest.size());
  damaged_records_ += damaged;
  if (damaged > 0) {
    LogWarning(path + ": " + std::to_string(damaged) +
               " damaged records are ignored; their units may be done again");
  }
}

}  // namespace foothold
