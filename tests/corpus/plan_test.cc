// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/plan.h"

#include "foothold/corpus/cost.h"
#include "foothold/corpus/ledger_record.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

ManifestRow Row(const std::string& id, int num_frames, double cost_s) {
  ManifestRow row;
  row.unit.id = id;
  row.unit.path = "/v";
  row.unit.cost_s = cost_s;
  row.facts.width = row.facts.height = 100;
  row.facts.frame_rate_hz = 10;
  row.facts.num_frames = num_frames;
  return row;
}

class Plan : public testing::Test {
 protected:
  Plan() {
    ManifestWriter writer(folder_.File("c.manifest.jsonl"), {});
    writer.Add(Row("a", 40, 100));
    ManifestRow rejected = Row("b", 500, 0);
    rejected.unit.rejected_reason = "no_people";
    writer.Add(rejected);
    for (int i = 1; i <= 2; ++i) {
      ManifestRow part = Row("c#000" + std::to_string(i), 0, 1000);
      part.unit.kind = Unit::Kind::kPart;
      writer.Add(part);
    }
    ManifestRow join = Row("c", 36000, 500);
    join.unit.kind = Unit::Kind::kJoin;
    join.unit.num_parts = 2;
    writer.Add(join);
    writer.Commit(false);
  }
  CorpusPlan Make() { return MakePlan(Manifest(folder_.File("c.manifest.jsonl")), folder_.File("records")); }

  TemporaryFolder folder_;
};

TEST_F(Plan, CountsVideosUnitsAndHours) {
  const CorpusPlan plan = Make();
  EXPECT_EQ(plan.num_videos, 3);
  EXPECT_EQ(plan.num_units, 4);
  EXPECT_EQ(plan.num_long, 1);
  EXPECT_EQ(plan.rejected, (std::map<std::string, long>{{"no_people", 1}}));
  EXPECT_EQ(plan.num_frames, 36040);
  EXPECT_EQ(plan.num_of_length[0], 1);  // 4 s.
  EXPECT_EQ(plan.num_of_length[5], 1);  // An hour.
  EXPECT_DOUBLE_EQ(plan.Hours(1), 2600.0 / 3600);
  EXPECT_DOUBLE_EQ(plan.Hours(2), 1300.0 / 3600);
  EXPECT_DOUBLE_EQ(plan.Hours(100), 1000.0 / 3600);  // No unit is divided.
}

TEST_F(Plan, IsScaledByFinishedUnits) {
  const auto line = [](const std::string& id, LedgerRecord::Event event, double seconds) {
    LedgerRecord record;
    record.unit_id = id;
    record.unit_key = Unit{id, "", 0, -1}.Key();
    record.attempt = 1;
    record.event = event;
    record.seconds = seconds;
    return FormatRecord(record) + "\n";
  };
  folder_.Write("records/x.jsonl",
                line("a", LedgerRecord::Event::kDone, 300) + line("c#0001", LedgerRecord::Event::kFailed, 9) +
                    line("gone", LedgerRecord::Event::kDone, 9) + "half a li");
  const CorpusPlan plan = Make();
  EXPECT_EQ(plan.num_measured, 1);
  EXPECT_DOUBLE_EQ(plan.measured_over_estimate, 3);
  EXPECT_DOUBLE_EQ(plan.Hours(1), 3 * 2600.0 / 3600);
}

TEST(EstimateCost, GrowsWithFramesPeopleAndResolution) {
  VideoFacts facts;
  facts.width = 640;
  facts.height = 360;
  facts.people = 1;
  const double one_s = EstimateCost_s(facts, 100);
  EXPECT_GT(EstimateCost_s(facts, 200), one_s);
  facts.people = 5;
  EXPECT_GT(EstimateCost_s(facts, 100), one_s);
  facts.people = 1;
  facts.width = 1920;
  EXPECT_GT(EstimateCost_s(facts, 100), one_s);
  EXPECT_GT(EstimateCost_s(facts, -5), 0);
}

}  // namespace
}  // namespace foothold
