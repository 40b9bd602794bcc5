// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/file_journal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "foothold/base/atomic_file.h"
#include "foothold/base/bytes.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> FilesOf(const TemporaryFolder& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder.path())) files.push_back(entry.path().string());
  return files;
}

std::string Found(const TemporaryFolder& folder, const std::string& identity, const std::string& key) {
  FileJournal journal(folder.path(), "clip", identity, 0);
  std::string bytes;
  return journal.Find(key, &bytes) ? bytes : "nothing";
}

TEST(FileJournal, AnotherProcessFindsWhatWasKeptLast) {
  const TemporaryFolder folder;
  FileJournal first(folder.path(), "clip", "options 1", 0);
  first.Keep("a", "one");
  first.Keep("b", std::string("with \0 inside", 13));
  first.Keep("a", "two");
  EXPECT_EQ(Found(folder, "options 1", "a"), "two");
  EXPECT_EQ(Found(folder, "options 1", "b"), std::string("with \0 inside", 13));
  EXPECT_EQ(Found(folder, "options 1", "c"), "nothing");
  EXPECT_EQ(Found(folder, "options 2", "a"), "nothing") << "of another identity";
}

TEST(FileJournal, SeveralWritersKeepFilesOfTheirOwn) {
  const TemporaryFolder folder;
  FileJournal first(folder.path(), "clip", "i", 0), second(folder.path(), "clip", "i", 0);
  first.Keep("a", "one");
  second.Keep("b", "two");
  first.Keep("c", "three");
  EXPECT_EQ(FilesOf(folder).size(), 2u);
  EXPECT_EQ(Found(folder, "i", "a") + Found(folder, "i", "b") + Found(folder, "i", "c"), "onetwothree");
}

TEST(FileJournal, ShortWorkWritesNothing) {
  const TemporaryFolder folder;
  {
    FileJournal journal(folder.path(), "clip", "i", 3600);
    journal.Keep("a", "one");
    std::string bytes;
    EXPECT_TRUE(journal.Find("a", &bytes));
    EXPECT_FALSE(journal.Due());
  }
  EXPECT_TRUE(FilesOf(folder).empty());
}

TEST(FileJournal, AnEntryDoesNotWaitForTheNext) {
  const TemporaryFolder folder;
  FileJournal journal(folder.path(), "clip", "i", 0.02);
  journal.Keep("a", "one");
  for (int i = 0; i < 1000 && Found(folder, "i", "a") == "nothing"; ++i) usleep(10000);
  EXPECT_EQ(Found(folder, "i", "a"), "one");
}

TEST(FileJournal, DropsOnlyWhatIsNotYetWritten) {
  const TemporaryFolder folder;
  FileJournal journal(folder.path(), "clip", "i", 3600);
  journal.Keep("part/1", "one");
  journal.Flush();
  journal.Keep("part/2", "two");
  journal.Keep("whole", "three");
  journal.DropUnwritten("part/");
  journal.Flush();
  EXPECT_EQ(Found(folder, "i", "part/1"), "one");
  EXPECT_EQ(Found(folder, "i", "part/2"), "nothing");
  EXPECT_EQ(Found(folder, "i", "whole"), "three");
}

// Whatever byte is hit and wherever the file ends: an entry is found whole or not at all.
TEST(FileJournal, DamageIsNeverTakenForAnEntry) {
  const TemporaryFolder folder;
  FileJournal journal(folder.path(), "clip", "i", 0);
  journal.Keep("first", "abcdefgh");
  journal.Keep("second", "ijklmnop");
  const std::string path = FilesOf(folder).at(0);
  const std::string good = ReadFile(path);
  for (size_t length = 0; length < good.size(); ++length) {
    std::ofstream(path, std::ios::binary) << good.substr(0, length);
    const std::string first = Found(folder, "i", "first"), second = Found(folder, "i", "second");
    EXPECT_TRUE(first == "abcdefgh" || first == "nothing") << length;
    EXPECT_EQ(second, "nothing") << length;
  }
  for (size_t byte = 0; byte < good.size(); ++byte) {
    std::string bad = good;
    bad[byte] = static_cast<char>(bad[byte] ^ 0x41);
    std::ofstream(path, std::ios::binary) << bad;
    const std::string first = Found(folder, "i", "first"), second = Found(folder, "i", "second");
    EXPECT_TRUE(first == "abcdefgh" || first == "nothing") << byte;
    EXPECT_TRUE(second == "ijklmnop" || second == "nothing") << byte;
    EXPECT_TRUE(first == "nothing" || second == "nothing") << byte;
  }
}

TEST(FileJournal, RemovesTheFilesOfItsNameOnly) {
  const TemporaryFolder folder;
  FileJournal journal(folder.path(), "clip", "i", 0), other(folder.path(), "clip_2", "i", 0);
  journal.Keep("a", "one");
  other.Keep("a", "two");
  journal.Remove();
  journal.Keep("b", "three");
  EXPECT_EQ(Found(folder, "i", "a"), "nothing");
  EXPECT_EQ(FilesOf(folder).size(), 1u);
}

TEST(FileJournal, ARefusingDiskCostsOnlyTheSafety) {
  FileJournal journal("/proc/no/such", "clip", "i", 0);
  journal.Keep("a", "one");
  std::string bytes;
  EXPECT_FALSE(journal.Find("a", &bytes));
}

TEST(ByteReader, NeverReadsBeyondTheEnd) {
  const std::string bytes = ByteWriter()
                                .Put(7)
                                .Put(std::string("text"))
                                .Put(std::vector<double>{1, 2})
                                .Put(std::vector<std::string>{"a", ""})
                                .Take();
  for (size_t length = 0; length <= bytes.size(); ++length) {
    const std::string cut = bytes.substr(0, length);
    ByteReader reader(cut);
    int number = 0;
    std::string text;
    std::vector<double> values;
    std::vector<std::string> texts;
    reader.Get(&number).Get(&text).Get(&values).Get(&texts);
    EXPECT_EQ(reader.at_end(), length == bytes.size());
  }
}

}  // namespace
}  // namespace foothold
