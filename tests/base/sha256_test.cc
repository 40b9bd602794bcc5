// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/sha256.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

// Of FIPS 180-4's examples.
TEST(Sha256, AgreesWithTheStandard) {
  EXPECT_EQ(Sha256OfText(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256OfText("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256OfText("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256OfText(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, FilesAreReadInPieces) {
  const TemporaryFolder folder;
  for (const size_t size : {size_t{0}, size_t{63}, size_t{64}, size_t{(1 << 20) + 5}}) {
    const std::string text(size, 'x');
    EXPECT_EQ(Sha256OfFile(folder.Write("file", text)), Sha256OfText(text)) << size;
  }
  ExpectError(
      ErrorKind::kBadInput, {"absent", "cannot be read"}, [&] { Sha256OfFile(folder.File("absent")); });
}

}  // namespace
}  // namespace foothold
