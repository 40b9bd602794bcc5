// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/atomic_file.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

int CountFiles(const std::string& folder) {
  return static_cast<int>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

void WriteText(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

TEST(AtomicFile, AppearsOnlyOnCommit) {
  const TemporaryFolder folder;
  AtomicFile file(folder.File("label.h5"));
  EXPECT_EQ(fs::path(file.temporary_path()).filename().string()[0], '.');
  EXPECT_EQ(fs::path(file.temporary_path()).extension(), ".h5");
  WriteText(file.temporary_path(), "data");
  EXPECT_FALSE(fs::exists(folder.File("label.h5")));
  EXPECT_TRUE(file.Commit());
  EXPECT_EQ(ReadFile(folder.File("label.h5")), "data");
  EXPECT_EQ(CountFiles(folder.path()), 1);
}

TEST(AtomicFile, SecondCommitLoses) {
  const TemporaryFolder folder;
  AtomicFile first(folder.File("a")), second(folder.File("a"));
  WriteText(first.temporary_path(), "first");
  WriteText(second.temporary_path(), "second");
  EXPECT_TRUE(first.Commit());
  EXPECT_FALSE(second.Commit());
  EXPECT_EQ(ReadFile(folder.File("a")), "first");
  EXPECT_EQ(CountFiles(folder.path()), 1);
}

TEST(AtomicFile, DroppedWithoutCommit) {
  const TemporaryFolder folder;
  { AtomicFile file(folder.File("a")); }
  EXPECT_EQ(CountFiles(folder.path()), 0);
}

TEST(AtomicFile, CommitReplacingReplaces) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder.File("a"), "one");
  WriteFileAtomically(folder.File("a"), "two");
  EXPECT_EQ(ReadFile(folder.File("a")), "two");
  EXPECT_EQ(CountFiles(folder.path()), 1);
}

TEST(AtomicFile, KilledWriterLeavesNoFinalFile) {
  const TemporaryFolder folder;
  const pid_t child = fork();
  if (child == 0) {
    AtomicFile file(folder.File("a"));
    WriteText(file.temporary_path(), "half");
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_FALSE(fs::exists(folder.File("a")));
  WriteFileAtomically(folder.File("a"), "whole");
  EXPECT_EQ(ReadFile(folder.File("a")), "whole");
}

TEST(AtomicFile, ConcurrentWritersOneWins) {
  const TemporaryFolder folder;
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      AtomicFile file(folder.File("a"));
      WriteText(file.temporary_path(), std::string(1000, static_cast<char>('a' + i)));
      _exit(file.Commit() ? 1 : 0);
    }
    children.push_back(child);
  }
  int winners = 0;
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    winners += WEXITSTATUS(status);
  }
  EXPECT_EQ(winners, 1);
  const std::string text = ReadFile(folder.File("a"));
  EXPECT_EQ(text, std::string(1000, text[0]));
  EXPECT_EQ(CountFiles(folder.path()), 1);
}

TEST(AtomicFile, MissingFolderIsAStorageError) {
  ExpectError(ErrorKind::kStorage, {"/no/such/folder/a", "No such file", "create the directory"}, [] {
    AtomicFile file("/no/such/folder/a");
  });
}

TEST(AtomicFile, FullDiskIsAStorageErrorWithARemedy) {
  const TemporaryFolder folder;
  for (const int error_number : {ENOSPC, EROFS, EACCES, EIO, EDQUOT}) {
    const Error error = StorageError("/out/a.h5", "cannot be written", error_number);
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_NE(std::string(error.what()).find("/out/a.h5: cannot be written: "), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find("check the output directory"), std::string::npos)
        << "no remedy of its own: " << error.what();
  }
}

TEST(ReadFile, MissingOrFolderIsBadInput) {
  const TemporaryFolder folder;
  ExpectError(ErrorKind::kBadInput, {folder.File("a")}, [&] { ReadFile(folder.File("a")); });
  ExpectError(ErrorKind::kBadInput, {"directory"}, [&] { ReadFile(folder.path()); });
  EXPECT_EQ(ReadFile(folder.Write("empty", "")), "");
}

}  // namespace
}  // namespace foothold
