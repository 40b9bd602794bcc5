// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/error.h"

#include "support/expect_error.h"

namespace foothold {
namespace {

TEST(Error, CarriesRankAndClip) {
  ErrorContext::SetRank(3);
  {
    const ErrorContext outer("clip_a");
    {
      const ErrorContext inner("clip_b");
      EXPECT_EQ(std::string(Error(ErrorKind::kStorage, "disk full").what()),
                "rank 3: clip clip_b: disk full");
    }
    EXPECT_EQ(ErrorContext::ClipId(), "clip_a");
  }
  ErrorContext::SetRank(-1);
  EXPECT_EQ(std::string(Error(ErrorKind::kStorage, "disk full").what()), "disk full");
}

TEST(Error, ReasonSurvivesThrow) {
  try {
    throw Error(ErrorKind::kBadInput, "a.mp4: ends early").WithReason("video_truncated");
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), "video_truncated");
    EXPECT_EQ(error.exit_code(), ExitCode::kBadInput);
  }
}

TEST(Error, CheckNamesConditionAndPlace) {
  ExpectError(ErrorKind::kContract, {"1 + 1 == 3", "error_test.cc", "arithmetic"}, [] {
    FOOTHOLD_CHECK(1 + 1 == 3, "arithmetic");
  });
}

TEST(Error, EveryKindHasItsOwnExitCode) {
  EXPECT_EQ(static_cast<int>(ExitCodeOf(ErrorKind::kUsage)), 2);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(ErrorKind::kBadInput)), 3);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(ErrorKind::kContract)), 5);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(ErrorKind::kStorage)), 6);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(ErrorKind::kDevice)), 7);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(ErrorKind::kNetwork)), 8);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(ErrorKind::kInterrupted)), 9);
}

}  // namespace
}  // namespace foothold
