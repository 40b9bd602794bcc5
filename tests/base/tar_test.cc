// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/tar.h"

#include <cstdlib>
#include <filesystem>
#include <utility>
#include <vector>

#include "foothold/base/atomic_file.h"
#include "support/expect_error.h"
#include "support/tar_text.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

std::string Content(const FilePiece& piece) { return ReadFile(piece.path).substr(piece.offset, piece.size); }

std::vector<std::pair<std::string, std::string>> Members(const std::string& path) {
  std::vector<std::pair<std::string, std::string>> members;
  TarReader reader(path);
  for (TarMember member; reader.Next(&member);) {
    members.push_back({member.name, Content({path, member.offset, member.size, true})});
  }
  return members;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(Tar, MembersInOrderWithoutFoldersAndLinks) {
  const TemporaryFolder folder;
  const std::string long_name = std::string(150, 'n') + "/b.mp4";
  const std::string path =
      folder.Write("a.tar",
                   TarEntry("d/", "", '5') + TarEntry("./d/a.mp4", "first") + TarEntry("link", "", '2') +
                       TarEntry(long_name, "") + TarEntry("c", std::string(512, 'c')) + TarEnd());
  EXPECT_EQ(Members(path), (Pairs{{"d/a.mp4", "first"}, {long_name, ""}, {"c", std::string(512, 'c')}}));
}

TEST(Tar, PaxHeaderGivesNameAndSize) {
  const TemporaryFolder folder;
  const std::string pax = "20 path=p/\xc3\xbc long.x\n9 size=3\n";
  const std::string path = folder.Write("a.tar", TarEntry("pax", pax, 'x') + TarEntry("short", "abc"));
  EXPECT_EQ(Members(path), (Pairs{{"p/\xc3\xbc long.x", "abc"}}));
}

TEST(Tar, WhatTheTarProgramMakes) {
  const TemporaryFolder folder;
  const std::string deep = "in/" + std::string(120, 'd') + "/" + std::string(120, 'e') + ".mp4";
  folder.Write(deep, "deep");
  for (const char* format : {"gnu", "pax"}) {
    const std::string command =
        "cd '" + folder.path() + "' && tar --format=" + format + " -cf a.tar in 2>/dev/null";
    if (std::system(command.c_str()) != 0) GTEST_SKIP() << "NOT TESTED: GNU tar is not installed";
    EXPECT_EQ(Members(folder.File("a.tar")), (Pairs{{deep, "deep"}})) << format;
  }
}

TEST(Tar, DamageIsNamedAfterTheGoodMembers) {
  const TemporaryFolder folder;
  const std::string good = TarEntry("a", "aaa") + TarEntry("b", std::string(2000, 'b'));
  TarMember member;
  TarReader cut(folder.Write("cut.tar", good.substr(0, good.size() - 600)));
  ASSERT_TRUE(cut.Next(&member));
  ExpectError(
      ErrorKind::kBadInput, {"cut.tar: byte 1536", "the end of 'b' is missing"}, [&] { cut.Next(&member); });
  std::string flipped = good;
  flipped[1024 + 3] ^= 1;
  TarReader damaged(folder.Write("damaged.tar", flipped));
  ASSERT_TRUE(damaged.Next(&member));
  ExpectError(ErrorKind::kBadInput, {"checksum"}, [&] { damaged.Next(&member); });
  ExpectError(ErrorKind::kBadInput, {"cannot be opened"}, [&] { TarReader missing(folder.File("no.tar")); });
}

TEST(Tar, AnArchiveIsAFolder) {
  const TemporaryFolder folder;
  const std::string archive = folder.Write("s.tar", TarEntry("x.mp4", "one") + TarEntry("d/y.mp4", "two"));
  EXPECT_EQ(Content(*FindFile(archive + "/d/y.mp4")), "two");
  EXPECT_TRUE(FindFile(archive + "/d/y.mp4")->is_member);
  EXPECT_FALSE(FindFile(archive)->is_member);
  EXPECT_EQ(FindFile(archive)->size, std::filesystem::file_size(archive));
  EXPECT_FALSE(FindFile(archive + "/d"));
  EXPECT_FALSE(FindFile(folder.File("no.tar/x.mp4")));
  // A folder of that name is a folder.
  const std::string plain = folder.Write("f.tar/x.mp4", "plain");
  EXPECT_FALSE(FindFile(plain)->is_member);
}

}  // namespace
}  // namespace foothold
