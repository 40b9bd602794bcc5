// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "foothold/base/fault.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

std::string RemedyOf(int error_number) {
  switch (error_number) {
    case ENOSPC:
      return "free some space or choose another output directory";
    case EDQUOT:
      return "free some of your quota or choose another output directory";
    case EROFS:
      return "the file system is mounted read-only; choose another output directory";
    case EACCES:
    case EPERM:
      return "check the directory's owner and permissions";
    case EIO:
      return "the disk or file server failed; check it before running again";
    case ENOENT:
    case ENOTDIR:
      return "create the directory first";
    case ESTALE:
      return "the file server lost the directory; mount it again";
    default:
      return "check the output directory";
  }
}

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags, mode_t mode = 0)
      : descriptor_(open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~Descriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return descriptor_; }
  bool ok() const { return descriptor_ >= 0; }
  // Some file servers report a failed write only at close.
  bool Close() { return close(std::exchange(descriptor_, -1)) == 0; }

 private:
  int descriptor_;
};

std::string DirectoryOf(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

void SyncFile(const std::string& path, const std::string& final_path) {
  if (const int error = FaultAt("file.written")) throw StorageError(final_path, "cannot be written", error);
  Descriptor file(path, O_RDWR);
  if (!file.ok() || fsync(file.get()) != 0 || !file.Close())
    throw StorageError(final_path, "cannot be written", errno);
  if (const int error = FaultAt("file.synced")) throw StorageError(final_path, "cannot be written", error);
}

// Directories of some network file systems refuse fsync (EINVAL); they order metadata themselves.
bool SyncDirectory(const std::string& directory) {
  const Descriptor descriptor(directory, O_RDONLY | O_DIRECTORY);
  return descriptor.ok() && (fsync(descriptor.get()) == 0 || errno == EINVAL);
}

// Hidden; unique over the processes and hosts that share the directory; keeps the extension, by
// which some libraries choose a format.
std::string TemporaryPathFor(const std::string& final_path) {
  static std::atomic<unsigned> counter{0};
  char host[64] = "host";
  gethostname(host, sizeof(host) - 1);
  const fs::path path(final_path);
  const std::string stem = path.stem().string().substr(0, 120);
  return (path.parent_path() / ("." + stem + ".tmp-" + host + "-" + std::to_string(getpid()) + "-" +
                                std::to_string(counter++) + path.extension().string()))
      .string();
}

// link(2) over NFS can report EEXIST after a retransmission although it succeeded the first time:
// then both names are one file.
bool AreSameFile(const std::string& a, const std::string& b) {
  struct stat stat_a {};
  struct stat stat_b {};
  return stat(a.c_str(), &stat_a) == 0 && stat(b.c_str(), &stat_b) == 0 && stat_a.st_dev == stat_b.st_dev &&
         stat_a.st_ino == stat_b.st_ino;
}

}  // namespace

Error StorageError(const std::string& path, const std::string& what, int error_number) {
  return Error(ErrorKind::kStorage,
               path + ": " + what + ": " + std::strerror(error_number) + "; " + RemedyOf(error_number));
}

AtomicFile::AtomicFile(std::string final_path) : final_path_(std::move(final_path)) {
  for (;;) {
    temporary_path_ = TemporaryPathFor(final_path_);
    Descriptor file(temporary_path_, O_CREAT | O_EXCL | O_WRONLY, 0666);
    if (file.ok()) {
      FaultAt("file.created");
      return;
    }
    // A leftover of a dead process that had our process id: take the next name.
    if (errno != EEXIST) throw StorageError(final_path_, "cannot be created", errno);
  }
}

AtomicFile::~AtomicFile() {
  if (!done_) unlink(temporary_path_.c_str());
}

bool AtomicFile::Commit() {
  FOOTHOLD_CHECK(!done_, final_path_ + " was committed before");
  SyncFile(temporary_path_, final_path_);
  bool linked = link(temporary_path_.c_str(), final_path_.c_str()) == 0;
  int link_error = linked ? 0 : errno;
  FaultAt("file.linked");
  if (link_error == EPERM || link_error == EOPNOTSUPP || link_error == ENOSYS) {
    // No hard links here (exFAT, some FUSE mounts): the same promise by a rename that never replaces.
    linked =
        renameat2(AT_FDCWD, temporary_path_.c_str(), AT_FDCWD, final_path_.c_str(), RENAME_NOREPLACE) == 0;
    link_error = linked ? 0 : errno;
  }
  if (!linked && link_error == EEXIST && AreSameFile(temporary_path_, final_path_)) linked = true;
  if (!linked && link_error != EEXIST) throw StorageError(final_path_, "cannot be committed", link_error);
  done_ = true;
  unlink(temporary_path_.c_str());
  if (!linked) return false;
  FaultAt("file.committed");
  if (!SyncDirectory(DirectoryOf(final_path_))) {
    const int sync_error = errno;
    unlink(final_path_.c_str());
    throw StorageError(final_path_, "cannot be committed", sync_error);
  }
  return true;
}

void AtomicFile::CommitReplacing() {
  FOOTHOLD_CHECK(!done_, final_path_ + " was committed before");
  SyncFile(temporary_path_, final_path_);
  if (rename(temporary_path_.c_str(), final_path_.c_str()) != 0) {
    throw StorageError(final_path_, "cannot be committed", errno);
  }
  done_ = true;
  if (!SyncDirectory(DirectoryOf(final_path_))) throw StorageError(final_path_, "cannot be committed", errno);
}

void WriteFileAtomically(const std::string& path, const std::string& text) {
  AtomicFile file(path);
  {
    Descriptor descriptor(file.temporary_path(), O_WRONLY | O_TRUNC);
    bool ok = descriptor.ok();
    for (size_t written = 0; ok && written < text.size();) {
      const ssize_t count = write(descriptor.get(), text.data() + written, text.size() - written);
      if (count < 0 && errno == EINTR) continue;
      ok = count >= 0;
      written += ok ? static_cast<size_t>(count) : 0;
    }
    if (!ok || !descriptor.Close()) throw StorageError(path, "cannot be written", errno);
  }
  file.CommitReplacing();
}

std::string ReadFile(const std::string& path) {
  std::error_code status;
  if (fs::is_directory(path, status))
    throw Error(ErrorKind::kBadInput, path + ": is a directory, not a file");
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  if (stream) text << stream.rdbuf();
  if (!stream && !stream.eof()) {
    throw Error(ErrorKind::kBadInput,
                path + ": cannot be read: " + std::strerror(errno) + "; check the path");
  }
  return text.str();
}

}  // namespace foothold
