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

TEST(Hash, UnreadableFileIsBadInput) {
  ExpectError(ErrorKind::kBadInput, {"/no/such/file"}, [] { HashFile("/no/such/file"); });
  const TemporaryFolder folder;
  ExpectError(ErrorKind::kBadInput, {folder.path()}, [&] { HashFile(folder.path()); });
}

}  // namespace
}  // namespace foothold
