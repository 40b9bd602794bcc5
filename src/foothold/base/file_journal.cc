// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/file_journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "foothold/base/bytes.h"
#include "foothold/base/hash.h"
#include "foothold/base/log.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMagic = 0x314c4e524a4846ull;  // Of each entry.
constexpr char kExtension[] = ".journal";
constexpr uint64_t kMaxKeyBytes = 4096;

struct EntryHead {
  uint64_t magic = kMagic;
  uint64_t key_bytes = 0;
  uint64_t bytes = 0;
  char checksum[32] = {};  // Of the key and what follows it.
};

std::string ChecksumOf(const std::string& key, const std::string& bytes) {
  Hasher hasher;
  hasher.Update(key.data(), key.size());
  hasher.Update(bytes.data(), bytes.size());
  return hasher.Hex();
}

bool ReadAt(int descriptor, int64_t offset, void* data, size_t size) {
  auto* bytes = static_cast<char*>(data);
  for (size_t done = 0; done < size;) {
    const ssize_t count = pread(descriptor, bytes + done, size - done, offset + static_cast<int64_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += static_cast<size_t>(count);
  }
  return true;
}

bool WriteAll(int descriptor, const std::string& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t count = write(descriptor, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    done += static_cast<size_t>(count);
  }
  return true;
}

std::string OwnName(int counter) {
  char host[64] = "host";
  gethostname(host, sizeof(host) - 1);
  return std::string(host) + "-" + std::to_string(getpid()) + "-" + std::to_string(counter);
}

std::vector<std::string> FilesWith(const std::string& folder, const std::string& prefix) {
  std::vector<std::string> paths;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(kExtension)) paths.push_back(entry->path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

FileJournal::FileJournal(std::string folder, std::string name, const std::string& identity, double interval_s)
    : folder_(std::move(folder)),
      name_(std::move(name)),
      identity_(HashText(identity).substr(0, 16)),
      interval_s_(interval_s) {
  for (const std::string& path : FilesWith(folder_, name_ + "." + identity_ + ".")) Index(path);
}

FileJournal::~FileJournal() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (flusher_.joinable()) flusher_.join();
  if (descriptor_ >= 0) close(descriptor_);
}

void FileJournal::Index(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  struct stat status {};
  const int64_t size = fstat(descriptor, &status) == 0 ? status.st_size : 0;
  EntryHead head;
  for (int64_t offset = 0; ReadAt(descriptor, offset, &head, sizeof(head));) {
    if (head.magic != kMagic || head.key_bytes > kMaxKeyBytes) break;
    const int64_t data = offset + static_cast<int64_t>(sizeof(head) + head.key_bytes);
    if (data > size || head.bytes > static_cast<uint64_t>(size - data)) break;
    std::string key(head.key_bytes, '\0');
    if (!ReadAt(descriptor, offset + static_cast<int64_t>(sizeof(head)), key.data(), key.size())) break;
    places_[key] = {path, data, head.bytes, std::string(head.checksum, sizeof(head.checksum))};
    offset = data + static_cast<int64_t>(head.bytes);
  }
  close(descriptor);
}

bool FileJournal::Find(const std::string& key, std::string* bytes) {
  const std::lock_guard lock(mutex_);
  if (const auto waiting = unwritten_.find(key); waiting != unwritten_.end()) {
    *bytes = waiting->second;
    return true;
  }
  const auto at = places_.find(key);
  if (at == places_.end()) return false;
  const Place& place = at->second;
  const int descriptor = open(place.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  bytes->resize(place.size);
  const bool read = ReadAt(descriptor, place.offset, bytes->data(), bytes->size());
  close(descriptor);
  return read && ChecksumOf(key, *bytes) == place.checksum;
}

void FileJournal::Keep(const std::string& key, std::string bytes) {
  const std::lock_guard lock(mutex_);
  if (broken_) return;
  unwritten_[key] = std::move(bytes);
  if (SecondsSinceFlush() >= interval_s_) {
    FlushLocked();
  } else if (!flusher_.joinable()) {
    try {
      flusher_ = std::thread([this] { FlushLater(); });
    } catch (const std::system_error&) {  // Out of threads: the next entry is written with this one.
    }
  }
}

// What is kept before a long step must not wait for its end.
void FileJournal::FlushLater() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, std::chrono::duration<double>(interval_s_), [this] { return stop_; })) {
    if (!unwritten_.empty() && SecondsSinceFlush() >= interval_s_) FlushLocked();
  }
}

bool FileJournal::Due() {
  const std::lock_guard lock(mutex_);
  return !broken_ && SecondsSinceFlush() >= interval_s_;
}

void FileJournal::DropUnwritten(const std::string& prefix) {
  const std::lock_guard lock(mutex_);
  std::erase_if(unwritten_, [&](const auto& entry) { return entry.first.starts_with(prefix); });
}

void FileJournal::Flush() {
  const std::lock_guard lock(mutex_);
  FlushLocked();
}

double FileJournal::SecondsSinceFlush() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - last_flush_).count();
}

// Not synced to the disk: a killed process loses nothing by that, and a machine that fails only time.
void FileJournal::FlushLocked() {
  last_flush_ = std::chrono::steady_clock::now();
  std::error_code error;
  if (descriptor_ < 0 && !unwritten_.empty()) fs::create_directories(folder_, error);
  for (int i = 0; descriptor_ < 0 && !unwritten_.empty() && !broken_; ++i) {
    own_path_ = folder_ + "/" + name_ + "." + identity_ + "." + OwnName(i) + kExtension;
    descriptor_ = open(own_path_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    broken_ = descriptor_ < 0 && errno != EEXIST;
  }
  for (auto& [key, bytes] : unwritten_) {
    if (broken_) break;
    EntryHead head;
    head.key_bytes = key.size();
    head.bytes = bytes.size();
    const std::string checksum = ChecksumOf(key, bytes);
    std::memcpy(head.checksum, checksum.data(), sizeof(head.checksum));
    broken_ = !WriteAll(descriptor_, ByteWriter().Put(head).Take() + key) || !WriteAll(descriptor_, bytes);
    const int64_t data = own_size_ + static_cast<int64_t>(sizeof(head) + key.size());
    if (!broken_) places_[key] = {own_path_, data, bytes.size(), checksum};
    own_size_ = data + static_cast<int64_t>(bytes.size());
  }
  if (broken_) {
    LogWarning(folder_ + ": partial results cannot be kept: " + std::strerror(errno) +
               "; if this process dies, the unit begins anew");
  }
  unwritten_.clear();
}

void FileJournal::Remove() {
  const std::lock_guard lock(mutex_);
  for (const std::string& path : FilesWith(folder_, name_ + ".")) unlink(path.c_str());
  places_.clear();
  unwritten_.clear();
  broken_ = true;  // Nothing is kept from now on.
}

}  // namespace foothold
