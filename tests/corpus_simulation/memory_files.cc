// SPDX-License-Identifier: Apache-2.0
#include "corpus_simulation/memory_files.h"

namespace foothold {
namespace {

std::pair<std::string, std::string> Split(const std::string& path) {
  const size_t slash = path.rfind('/');
  return {path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

class MemoryFiles::MemoryWriter : public LedgerFiles::Writer {
 public:
  MemoryWriter(MemoryFiles* files, std::string path) : files_(files), path_(std::move(path)) {}
  void Append(const std::string& text) override {
    files_->Count(&files_->for_writing, 1);
    File& file = files_->files_[path_];
    // Who made a claim is a process of another machine to every other.
    file.text += text.starts_with("{\"process\":") ? "{\"process\":\"elsewhere\"}\n" : text;
    file.modified_s = files_->now_s;
  }
  void AppendDurably(const std::string& text) override {
    files_->Count(&files_->for_writing, 1);  // fsync
    Append(text);
  }

 private:
  MemoryFiles* files_;
  std::string path_;
};

std::unique_ptr<LedgerFiles::Writer> MemoryFiles::CreateNew(const std::string& path) {
  Count(&for_creating, 1);
  const auto [entry, is_new] = files_.try_emplace(path, File{"", now_s});
  if (!is_new) return nullptr;
  Count(&for_creating, 1);  // close, some day
  const auto [folder, name] = Split(path);
  folders_[folder].insert(name);
  return std::make_unique<MemoryWriter>(this, path);
}

bool MemoryFiles::Stat(const std::string& path, Facts* facts) {
  Count(&for_stat, 1);
  const auto found = files_.find(path);
  if (found == files_.end()) return false;
  *facts = {static_cast<int64_t>(found->second.text.size()), found->second.modified_s};
  return true;
}

std::vector<std::string> MemoryFiles::List(const std::string& folder) {
  const auto& names = folders_[folder];
  Count(&for_listing, 3 + names.size() / 500);  // open, a read for 32 KiB of names, close
  return {names.begin(), names.end()};
}

std::string MemoryFiles::Read(const std::string& path, int64_t offset) {
  Count(&for_reading, 1);
  const auto found = files_.find(path);
  if (found == files_.end()) return "";
  Count(&for_reading, 2 + (found->second.text.size() >> 20));
  return found->second.text.substr(static_cast<size_t>(offset));
}

void MemoryFiles::Replace(const std::string& path, const std::string& text) {
  Count(&for_replacing, 9);  // create, close; open, write, close; open, fsync, close; rename
  files_[path] = {text, now_s};
  const auto [folder, name] = Split(path);
  folders_[folder].insert(name);
}

void MemoryFiles::Remove(const std::string& path) {
  ++operations;
  files_.erase(path);
  const auto [folder, name] = Split(path);
  folders_[folder].erase(name);
}

bool MemoryFiles::Touch(const std::string& path) {
  Count(&for_touching, 1);
  const auto found = files_.find(path);
  if (found == files_.end()) return false;
  found->second.modified_s = now_s;
  return true;
}

}  // namespace foothold
