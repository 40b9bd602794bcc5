// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/hash.h"

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

// Published XXH3-128 value of the empty input with seed 0.
TEST(Hash, KnownValue) { EXPECT_EQ(HashText(""), "99aa06d3014798d86001c324468d497f"); }

TEST(Hash, FileEqualsItsBytes) {
  const TemporaryFolder folder;
  std::string text(3'000'001, 'x');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 % 251);
  EXPECT_EQ(HashFile(folder.Write("a.bin", text)), HashText(text));
  text[2'999'999] ^= 1;
  EXPECT_NE(HashFile(folder.File("a.bin")), HashText(text));
}

TEST(Hash, PieceOfAFile) {
  const TemporaryFolder folder;
  const std::string path = folder.Write("a.bin", "0123456789");
  EXPECT_EQ(HashFile(FilePiece{path, 2, 5, true}), HashText("23456"));
}

TEST(Hash, EndsSeeSizeStartMiddleAndEnd) {
  const TemporaryFolder folder;
  const std::string text(4 << 20, 'x');
  const auto hash = [&](const std::string& bytes) {
    const std::string path = folder.Write("a.bin", "head" + bytes);
    return HashFileEnds({path, 4, bytes.size(), true});
  };
  const std::string expected = hash(text);
  EXPECT_EQ(hash(text), expected);
  EXPECT_NE(hash(text + "x"), expected);
  for (const size_t position : {size_t{0}, text.size() / 2, text.size() - 1}) {
    std::string changed = text;
    changed[position] = 'y';
    EXPECT_NE(hash(changed), expected) << position;
  }
  EXPECT_NE(hash("a"), hash("b"));
  EXPECT_EQ(hash(""), hash(""));
}

TEST(Hash, UnreadableFileIsBadInput) {
  ExpectError(ErrorKind::kBadInput, {"/no/such/file"}, [] { HashFile("/no/such/file"); });
  const TemporaryFolder folder;
  ExpectError(ErrorKind::kBadInput, {folder.path()}, [&] { HashFile(folder.path()); });
}

}  // namespace
}  // namespace foothold
