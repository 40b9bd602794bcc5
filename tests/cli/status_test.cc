// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/run_tool.h"
#include "foothold/base/atomic_file.h"
#include "foothold/corpus/ledger_record.h"
#include "foothold/corpus/units_file.h"
#include "foothold/video/video.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

// A run of three units: one labelled (its file is gone), one rejected, one open.
class StatusTest : public testing::Test {
 protected:
  StatusTest() {
    Corpus corpus;
    for (const char* name : {"a<b>.avi", "grey.avi", "open.avi"})
      corpus.units.push_back({name, folder_.File(name), 0, -1});
    WriteVideo(folder_.File("grey.avi"), 10, std::vector<ImageU8>(12, ImageU8(64, 64, 3)));
    const RunUnits units = MakeRunUnits(std::make_shared<UnitsInMemory>(corpus));
    RememberUnits(folder_.File("out/ledger"), *units.list, units.hash);
    LedgerRecord done = RecordOf(corpus.units[0]);
    done.event = LedgerRecord::Event::kDone;
    done.clips_done = 1;
    done.frames = 120;
    done.labels = {{"a/a.h5", 120, 5000, "00"}};
    LedgerRecord rejected = RecordOf(corpus.units[1]);
    rejected.event = LedgerRecord::Event::kRejected;
    rejected.reason = "no_people";
    folder_.Write("out/ledger/records/p1.jsonl", FormatRecord(done) + "\n" + FormatRecord(rejected) + "\n");
  }

  static LedgerRecord RecordOf(const Unit& unit) {
    LedgerRecord record;
    record.unit_id = unit.id;
    record.unit_key = unit.Key();
    record.attempt = 1;
    record.seconds = 30;
    record.host = "n1";
    record.process = "p1";
    record.time_unix_s = 1700000000;
    return record;
  }

  TemporaryFolder folder_;
};

TEST_F(StatusTest, TextAndJson) {
  const ToolResult text = RunTool("status out --price 60", folder_.path());
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_NE(text.out.find("66.7 % of 3 units"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("1  no_people"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("0.02 rank-hours, 1.00 USD"), std::string::npos) << text.out;
  const ToolResult json = RunTool("status out --json", folder_.path());
  EXPECT_EQ(nlohmann::json::parse(json.out).at("open"), 1);
}

TEST_F(StatusTest, ChangesNothingInTheRun) {
  std::filesystem::permissions(folder_.File("out/ledger"),
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const auto before = std::filesystem::last_write_time(folder_.File("out/ledger/records"));
  EXPECT_EQ(RunTool("status out", folder_.path()).exit_code, 0);
  EXPECT_EQ(std::filesystem::last_write_time(folder_.File("out/ledger/records")), before);
  EXPECT_FALSE(std::filesystem::exists(folder_.File("out/ledger/claims")));
}

TEST_F(StatusTest, PrometheusFileIsReplacedWhole) {
  folder_.Write("metrics.prom", "stale text");
  EXPECT_EQ(RunTool("status out --prometheus metrics.prom", folder_.path()).exit_code, 0);
  const std::string metrics = ReadFile(folder_.File("metrics.prom"));
  EXPECT_NE(metrics.find("foothold_frames{run=\"out\"} 120\n"), std::string::npos) << metrics;
  EXPECT_EQ(metrics.find("stale"), std::string::npos);
}

TEST_F(StatusTest, PageShowsRejectedClipsAndDoesWithoutLabels) {
  const ToolResult result = RunTool("status out --html page.html", folder_.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::string page = ReadFile(folder_.File("page.html"));
  EXPECT_NE(page.find("grey.avi: no_people"), std::string::npos);
  EXPECT_NE(page.find("alt=\"grey.avi\" src=\"data:image/jpeg;base64,"), std::string::npos);
  EXPECT_EQ(page.find("a<b>"), std::string::npos);
  EXPECT_EQ(page.find("http"), std::string::npos) << "the page needs no network";
}

TEST_F(StatusTest, WatchEndsWhenAllIsDone) {
  const Unit last{"open.avi", folder_.File("open.avi"), 0, -1};
  LedgerRecord record = RecordOf(last);
  record.event = LedgerRecord::Event::kRejected;
  folder_.Write("line", FormatRecord(record) + "\n");
  const ToolResult result = RunTool(
      "status out --watch --interval 0.2 > log & until grep -q 66.7 log; do sleep 0.05; done; "
      "cat line >> out/ledger/records/p1.jsonl; wait; cat log",
      folder_.path());
  EXPECT_NE(result.out.find("66.7 %"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("100.0 %"), std::string::npos) << result.out;
}

TEST_F(StatusTest, AnotherFolderIsNoRun) {
  const ToolResult result = RunTool("status .", folder_.path());
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_NE(result.err.find("label_corpus"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace foothold
