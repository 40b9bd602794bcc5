// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/ledger_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/base/fault.h"
#include "foothold/base/log.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

double Modified_s(const struct stat& status) {
  return static_cast<double>(status.st_mtim.tv_sec) + 1e-9 * static_cast<double>(status.st_mtim.tv_nsec);
}

std::string FolderOf(const std::string& path) { return fs::path(path).parent_path().string(); }

// All of `text`, or the errno of the write that failed.
int WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    text.remove_prefix(static_cast<size_t>(count));
  }
  return 0;
}

class DescriptorWriter : public LedgerFiles::Writer {
 public:
  DescriptorWriter(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~DescriptorWriter() override { close(descriptor_); }

  void Append(const std::string& text) override {
    if (const int error = WriteAll(descriptor_, text)) throw StorageError(path_, "cannot be written", error);
  }

  void AppendDurably(const std::string& text) override {
    const off_t end = lseek(descriptor_, 0, SEEK_END);
    int error = FaultAt("record.begin");
    if (error == 0 && FaultIsNext("record.half_line"))
      error = WriteAll(descriptor_, std::string_view(text).substr(0, text.size() / 2));
    if (error == 0) error = FaultAt("record.half_line");
    if (error == 0) error = WriteAll(descriptor_, text);
    if (error == 0) error = FaultAt("record.written");
    if (error == 0 && fsync(descriptor_) != 0) error = errno;
    if (error == 0) {
      FaultAt("record.synced");
      return;
    }
    // No half line before a later record.
    if (ftruncate(descriptor_, end) != 0) LogWarning(path_ + ": a half-written record remains");
    throw StorageError(path_, "cannot be written", error);
  }

 private:
  int descriptor_;
  std::string path_;
};

class TrueFiles : public LedgerFiles {
 public:
  void MakeFolder(const std::string& path) override {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) throw StorageError(path, "the folder cannot be made", error.value());
  }

  std::unique_ptr<Writer> CreateNew(const std::string& path) override {
    if (const int error = FaultAt("claim.begin")) throw StorageError(path, "cannot be made", error);
    constexpr int kFlags = O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_CLOEXEC;
    int descriptor = open(path.c_str(), kFlags, 0666);
    if (descriptor < 0 && errno == ENOENT) {  // The first in its folder.
      MakeFolder(FolderOf(path));
      descriptor = open(path.c_str(), kFlags, 0666);
    }
    if (descriptor < 0 && errno == EEXIST) return nullptr;
    if (descriptor < 0) throw StorageError(path, "cannot be made", errno);
    FaultAt("claim.created");
    return std::make_unique<DescriptorWriter>(descriptor, path);
  }

  bool Stat(const std::string& path, Facts* facts) override {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) {
      if (errno == ENOENT || errno == ESTALE) return false;
      throw StorageError(path, "cannot be read", errno);
    }
    *facts = {static_cast<int64_t>(status.st_size), Modified_s(status)};
    return true;
  }

  std::vector<std::string> List(const std::string& folder) override {
    std::vector<std::string> names;
    std::error_code error;
    for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
      std::string name = entry->path().filename().string();
      if (!name.starts_with('.')) names.push_back(std::move(name));
    }
    if (error && error != std::errc::no_such_file_or_directory)
      throw StorageError(folder, "the folder cannot be read", error.value());
    return names;
  }

  std::string Read(const std::string& path, int64_t offset) override {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 && (errno == ENOENT || errno == ESTALE)) return "";
    if (descriptor < 0) throw StorageError(path, "cannot be read", errno);
    std::string text;
    constexpr size_t kPiece = 1 << 20;
    int error = 0;
    for (;;) {
      const size_t size = text.size();
      text.resize(size + kPiece);
      const ssize_t count = pread(descriptor, text.data() + size, kPiece, offset + static_cast<off_t>(size));
      text.resize(size + static_cast<size_t>(std::max<ssize_t>(0, count)));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) error = errno;
      if (count <= 0) break;
    }
    close(descriptor);
    if (error != 0) throw StorageError(path, "cannot be read", error);
    return text;
  }

  void Replace(const std::string& path, const std::string& text) override { WriteFileAtomically(path, text); }

  void Remove(const std::string& path) override { unlink(path.c_str()); }

  // A null time means now, by the file server's clock.
  bool Touch(const std::string& path) override { return utimensat(AT_FDCWD, path.c_str(), nullptr, 0) == 0; }

  double ServerTime_s(const std::string& probe_path) override {
    const int descriptor = open(probe_path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
    if (descriptor < 0) throw StorageError(probe_path, "cannot be made", errno);
    struct stat status {};
    const bool touched = futimens(descriptor, nullptr) == 0 && fstat(descriptor, &status) == 0;
    const int error = errno;
    close(descriptor);
    if (!touched) throw StorageError(probe_path, "cannot be touched", error);
    return Modified_s(status);
  }

  double Now_s() override {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }

  bool needs_heartbeat_thread() const override { return true; }
};

}  // namespace

std::unique_ptr<LedgerFiles> MakeLedgerFiles() { return std::make_unique<TrueFiles>(); }

}  // namespace foothold
