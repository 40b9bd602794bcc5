// SPDX-License-Identifier: Apache-2.0
// Every reason that the sources can give stands in docs/operations.md, with what to do.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>

#include "foothold/base/atomic_file.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

// Reasons of things other than videos of a corpus: truth made by synth, files somebody edited.
const std::set<std::string> kOthers = {"recipe_missing", "recipe_mismatch", "bad_label"};

std::set<std::string> ReasonsIn(const fs::path& folder) {
  static const std::regex reason(
      R"rx((?:WithReason|Refused|Reject|reject)\("([a-z_]+)"|rejected_reason = "([a-z_]+)"|"((?:video|tar|folder)_[a-z_]+)"[,)])rx"
      R"rx(|(?:return|throw) [A-Za-z]*[{(]"((?:static|too|slide)[a-z_]+)")rx");
  std::set<std::string> reasons;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".cc") continue;
    const std::string text = ReadFile(entry.path().string());
    for (std::sregex_iterator match(text.begin(), text.end(), reason), end; match != end; ++match) {
      for (size_t group = 1; group < match->size(); ++group) {
        if ((*match)[group].matched) reasons.insert((*match)[group].str());
      }
    }
  }
  return reasons;
}

TEST(Reasons, AreAllExplained) {
  std::set<std::string> reasons;
  for (const char* folder : {"src/foothold", "labels", "jobs"}) {
    reasons.merge(ReasonsIn(fs::path(FOOTHOLD_SOURCE_DIR) / folder));
  }
  for (const char* known : {"video_missing",
                            "video_no_permission",
                            "tar_damaged",
                            "folder_unreadable",
                            "static_image",
                            "too_dark",
                            "slideshow",
                            "picture_too_small",
                            "subtitles_only",
                            "duplicate",
                            "decoder_crash",
                            "probe_timeout",
                            "probe_memory",
                            "few_points"}) {
    EXPECT_EQ(reasons.count(known), 1u) << known << " is not found in the sources";
  }
  const std::string page = ReadFile(FOOTHOLD_SOURCE_DIR "/docs/operations.md");
  const std::string table = page.substr(page.find("## Reasons"));
  for (const std::string& reason : reasons) {
    if (kOthers.count(reason) > 0) continue;
    EXPECT_NE(table.find("`" + reason + "`"), std::string::npos) << reason << " is not explained";
  }
}

}  // namespace
}  // namespace foothold
