// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/run_progress.h"

#include <sys/resource.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "foothold/base/random.h"
#include "foothold/corpus/status_formats.h"
#include "foothold/corpus/units_file.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

using Event = LedgerRecord::Event;

RunUnits UnitsWithCosts(const std::vector<double>& costs) {
  Corpus corpus;
  for (size_t i = 0; i < costs.size(); ++i) {
    const std::string id = "v" + std::to_string(i);
    corpus.units.push_back({id, "/videos/" + id, 0, -1});
    corpus.units.back().cost_s = costs[i];
  }
  return MakeRunUnits(std::make_shared<UnitsInMemory>(corpus));
}

LedgerRecord Record(Event event, int unit, int attempt = 1) {
  LedgerRecord record;
  record.event = event;
  const Unit of{"v" + std::to_string(unit), "", 0, -1};
  record.unit_id = of.id;
  record.unit_key = of.Key();
  record.attempt = attempt;
  record.host = "n1";
  record.process = "p1";
  record.time_unix_s = 1000;
  record.seconds = 10;
  return record;
}

LedgerRecord DoneRecord(int unit, int frames, int64_t time_unix_s, int attempt = 1) {
  LedgerRecord record = Record(Event::kDone, unit, attempt);
  record.clips_done = 1;
  record.frames = frames;
  record.labels = {{"a/" + record.unit_id + ".h5", frames, 1000 + frames, "0123"}};
  record.time_unix_s = time_unix_s;
  return record;
}

class RunProgressTest : public testing::Test {
 protected:
  void Append(const std::string& process, const LedgerRecord& record) {
    AppendText(process, FormatRecord(record) + "\n");
  }
  void AppendText(const std::string& process, const std::string& text) {
    std::filesystem::create_directories(folder_.File("ledger/records"));
    std::ofstream(folder_.File("ledger/records/" + process + ".jsonl"), std::ios::app) << text;
  }
  RunStatus StatusOf(RunProgress* progress) {
    progress->Refresh();
    return progress->Status(2000);
  }
  TemporaryFolder folder_;
};

// Text that JSON has to escape, or that looks like members of a record.
std::string OddText(RandomStream* random) {
  static const std::vector<std::string> kParts = {
      "\"", "\\", "\n", "é", "\xff", "\",\"frames\":7", "\"labels\":[", "}", "walk", "{\"path\":\""};
  std::string text;
  for (int i = random->UniformInt(0, 4); i > 0; --i)
    text += kParts[static_cast<size_t>(random->UniformInt(0, static_cast<int>(kParts.size()) - 1))];
  return text;
}

TEST(RecordFacts, AreThoseOfTheWholeRecord) {
  RandomStream random(1, "record facts");
  for (int trial = 0; trial < 2000; ++trial) {
    LedgerRecord record = Record(static_cast<Event>(random.UniformInt(0, 4)), trial, random.UniformInt(1, 5));
    record.unit_id = OddText(&random);
    record.reason = random.UniformInt(0, 9) == 0 ? OddText(&random) : "no_people";
    record.message = OddText(&random);
    record.host = random.UniformInt(0, 9) == 0 ? OddText(&random) : "n2";
    record.clips_done = random.UniformInt(0, 3);
    record.clips_rejected = random.UniformInt(0, 3);
    record.frames = random.UniformInt(0, 1000000);
    record.seconds = random.Uniform(0, 1e4);
    for (int i = 0; i < record.clips_done; ++i)
      record.labels.push_back({OddText(&random), i, int64_t{1} << 40, "ab"});
    const std::string line = FormatRecord(record);
    LedgerRecord whole;
    RecordFacts facts;
    ASSERT_TRUE(ParseRecord(line, &whole)) << line;
    ASSERT_TRUE(ParseRecordFacts(line, &facts)) << line;
    EXPECT_EQ(facts.reason, whole.reason);
    EXPECT_EQ(facts.clips_done, whole.clips_done);
    EXPECT_EQ(facts.clips_rejected, whole.clips_rejected);
    EXPECT_EQ(facts.frames, whole.frames);
    EXPECT_EQ(facts.seconds, whole.seconds);
    EXPECT_EQ(facts.num_labels, static_cast<int>(whole.labels.size()));
    EXPECT_EQ(facts.label_bytes, static_cast<int64_t>(whole.labels.size()) << 40);
    EXPECT_EQ(facts.host, whole.host);
    EXPECT_EQ(facts.time_unix_s, whole.time_unix_s);
    EXPECT_FALSE(ParseRecordFacts(line.substr(0, line.size() - 1), &facts));
  }
}

TEST_F(RunProgressTest, CountsWhatBecameOfUnits) {
  RunProgress progress(folder_.path(), UnitsWithCosts({1, 1, 1, 1, 1, 1}));
  Append("p1", DoneRecord(0, 100, 1000));
  LedgerRecord partly = DoneRecord(1, 60, 1010);
  partly.clips_rejected = 1;
  partly.reason = "too_dark";
  Append("p1", partly);
  LedgerRecord rejected = Record(Event::kRejected, 2);
  rejected.reason = "no_people";
  Append("p2", rejected);
  LedgerRecord lost = Record(Event::kQuarantined, 3, 3);
  lost.reason = "process_died";
  Append("p2", lost);
  Append("p2", Record(Event::kFailed, 4));
  const RunStatus status = StatusOf(&progress);
  EXPECT_EQ(status.units, 6);
  EXPECT_EQ(status.done, 1);
  EXPECT_EQ(status.partly, 1);
  EXPECT_EQ(status.rejected, 1);
  EXPECT_EQ(status.quarantined, 1);
  EXPECT_EQ(status.open, 2);
  EXPECT_EQ(status.failed_attempts, 1);
  EXPECT_EQ(status.reasons_rejected, (std::map<std::string, long>{{"no_people", 1}}));
  EXPECT_EQ(status.reasons_quarantined, (std::map<std::string, long>{{"process_died", 1}}));
  EXPECT_EQ(status.reasons_partly, (std::map<std::string, long>{{"too_dark", 1}}));
  EXPECT_EQ(status.labels, 2);
  EXPECT_EQ(status.frames, 160);
  EXPECT_EQ(status.label_bytes, 2160);
  // 60 frames of a clip beside the labelled one, and two units of the cost of those with 220 frames.
  EXPECT_NEAR(status.yield, 160.0 / 440, 1e-9);
  EXPECT_NEAR(status.rank_hours, 40.0 / 3600, 1e-9);  // A quarantine is no work.
}

TEST_F(RunProgressTest, ReadsOnlyWhatWasAddedAndNoHalfLines) {
  RunProgress progress(folder_.path(), UnitsWithCosts({1, 1}));
  const std::string second = FormatRecord(DoneRecord(1, 5, 1001)) + "\n";
  Append("p1", DoneRecord(0, 7, 1000));
  AppendText("p1", second.substr(0, 40));
  EXPECT_EQ(StatusOf(&progress).frames, 7);
  EXPECT_EQ(StatusOf(&progress).frames, 7);
  AppendText("p1", second.substr(40));
  AppendText("p1", "damaged\n");
  const RunStatus status = StatusOf(&progress);
  EXPECT_EQ(status.frames, 12);
  EXPECT_EQ(status.open, 0);
  EXPECT_EQ(status.damaged_records, 1);
  EXPECT_EQ(EtaText(status), "finished");
}

TEST_F(RunProgressTest, ReopenedUnitsCountWithTheirLastLabel) {
  RunProgress progress(folder_.path(), UnitsWithCosts({1}));
  Append("p1", DoneRecord(0, 7, 1000, 1));
  Append("p1", Record(Event::kReopened, 0, 1));
  EXPECT_EQ(StatusOf(&progress).frames, 0);
  EXPECT_EQ(StatusOf(&progress).open, 1);
  Append("p2", DoneRecord(0, 9, 1100, 2));
  EXPECT_EQ(StatusOf(&progress).frames, 9);
  EXPECT_EQ(StatusOf(&progress).label_bytes, 1009);
}

TEST_F(RunProgressTest, SpeedIsThatOfTheLastWork) {
  // Two ranks at work for 600 s, a day after a slow beginning.
  RunProgress progress(folder_.path(), UnitsWithCosts(std::vector<double>(200, 10)));
  Append("p1", DoneRecord(0, 1, 1000));
  for (int i = 0; i < 120; ++i) {
    LedgerRecord record = DoneRecord(i + 1, 20, 100000 + (i / 2 + 1) * 10);
    record.process = i % 2 == 0 ? "p1" : "p2";
    record.host = i % 2 == 0 ? "n1" : "n2";
    record.seconds = i % 2 == 0 ? 10 : 5;  // p2 waits half of the time.
    Append(record.process, record);
  }
  const RunStatus status = StatusOf(&progress);
  EXPECT_EQ(status.window_s, 600);
  EXPECT_NEAR(status.frames_per_s, 4, 1e-9);
  EXPECT_NEAR(status.busy_ranks, 1.5, 1e-9);
  // 79 units left, of 7.5 s a unit.
  EXPECT_NEAR(status.eta_s, 79 * 7.5 / 1.5, 5);
  EXPECT_LT(status.eta_low_s, status.eta_s);
  EXPECT_GT(status.eta_high_s, status.eta_s);
  ASSERT_EQ(status.hosts.size(), 2u);
  EXPECT_EQ(status.hosts[0].name, "n1");
  EXPECT_NEAR(status.hosts[0].slowness / status.hosts[1].slowness, 2, 1e-9);
  EXPECT_EQ(status.ranks.size(), 2u);
}

// Units that take long beside the window, on ranks that began long before it.
TEST_F(RunProgressTest, SpeedHasNoEdges) {
  constexpr int kRanks = 10, kRounds = 20, kUnit_s = 400;
  RunProgress progress(folder_.path(), UnitsWithCosts(std::vector<double>(kRanks * kRounds, 10)));
  for (int i = 0; i < kRanks * kRounds; ++i) {
    LedgerRecord record =
        DoneRecord(i, 80, 100000 + (i / kRanks + 1) * kUnit_s + (i % kRanks) * kUnit_s / kRanks);
    record.seconds = kUnit_s;
    record.process = "p" + std::to_string(i % kRanks);
    Append(record.process, record);
  }
  const RunStatus status = StatusOf(&progress);
  EXPECT_NEAR(status.window_s, 900, 60);
  EXPECT_NEAR(status.busy_ranks, kRanks, 0.06 * kRanks);
  EXPECT_NEAR(status.frames_per_s, kRanks * 80.0 / kUnit_s, 0.12);
}

// The truth is in the range about as often as it says.
TEST_F(RunProgressTest, TimeLeftComesWithAnHonestRange) {
  int inside = 0;
  constexpr int kTrials = 60, kUnits = 120, kDone = 40;
  for (int trial = 0; trial < kTrials; ++trial) {
    RandomStream random(static_cast<uint64_t>(trial), "time left");
    TemporaryFolder folder;
    std::vector<double> costs, seconds;
    for (int i = 0; i < kUnits; ++i) {
      costs.push_back(random.Uniform(5, 50));
      seconds.push_back(costs.back() * random.Uniform(0.4, 1.6));
    }
    RunProgress progress(folder.path(), UnitsWithCosts(costs));
    double time_s = 10000, left_s = 0;
    std::string text;
    for (int i = 0; i < kDone; ++i) {
      time_s += seconds[static_cast<size_t>(i)];
      LedgerRecord record = DoneRecord(i, 10, std::lround(time_s));
      record.seconds = seconds[static_cast<size_t>(i)];
      text += FormatRecord(record) + "\n";
    }
    for (int i = kDone; i < kUnits; ++i) left_s += seconds[static_cast<size_t>(i)];
    folder.Write("ledger/records/p1.jsonl", text);
    progress.Refresh();
    const RunStatus status = progress.Status(0);
    inside += status.eta_low_s <= left_s && left_s <= status.eta_high_s ? 1 : 0;
  }
  // 80 % of 60 within three standard deviations of counting.
  EXPECT_GE(inside, 39);
  EXPECT_LE(inside, 57);
}

TEST_F(RunProgressTest, FormatsSayTheSame) {
  RunProgress progress(folder_.path(), UnitsWithCosts({1, 1, 1, 1}));
  for (int i = 0; i < 3; ++i) Append("p\"1", DoneRecord(i, 30, 1000 + 10 * i));
  const RunStatus status = StatusOf(&progress);
  const auto json = nlohmann::json::parse(StatusAsJson(status, {2, "EUR"}));
  EXPECT_EQ(json.at("done"), 3);
  EXPECT_EQ(json.at("frames"), 90);
  EXPECT_EQ(json.at("cost").at("currency"), "EUR");
  EXPECT_NEAR(json.at("cost").at("amount"), 2 * status.rank_hours, 1e-12);
  const std::string metrics = StatusForPrometheus(status, {0, ""});
  EXPECT_NE(metrics.find("foothold_units{run=\"" + folder_.path() + "\",state=\"done\"} 3\n"),
            std::string::npos)
      << metrics;
  EXPECT_EQ(metrics.find("foothold_cost"), std::string::npos);
  const std::string text = StatusAsText(status, {}, 64);
  EXPECT_NE(text.find("[##############################..........]  75.0 % of 4 units"), std::string::npos)
      << text;
}

TEST_F(RunProgressTest, NoRunIsAnError) {
  RunProgress progress(folder_.path(), UnitsWithCosts({1}));
  ExpectError(ErrorKind::kBadInput, {folder_.path(), "label_corpus"}, [&] { progress.Refresh(); });
}

// A million units: read within seconds; the limit of 5 s is for a machine that does nothing else, so that
// here it is only printed. 20,000 unless FOOTHOLD_TEST_ALL is set.
TEST_F(RunProgressTest, AMillionUnits) {
  const int count = std::getenv("FOOTHOLD_TEST_ALL") != nullptr ? 1000000 : 20000;
  const RunUnits made = UnitsWithCosts(std::vector<double>(static_cast<size_t>(count), 60));
  RememberUnits(folder_.File("ledger"), *made.list, made.hash);
  std::string text;
  for (int i = 0; i < count; ++i) {
    if (i % 20 == 7) continue;  // Open.
    text += FormatRecord(DoneRecord(i, 300, 1000 + i / 64)) + "\n";
    if (text.size() < (1u << 22) && i + 1 < count) continue;
    AppendText("p" + std::to_string(i % 64), text);
    text.clear();
  }
  AppendText("p0", text);
  const auto begin = std::chrono::steady_clock::now();
  RunProgress progress(folder_.path(), UnitsOfRun(folder_.path()));
  progress.Refresh();
  const RunStatus status = progress.Status(2000);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(status.open, count / 20);
  EXPECT_EQ(status.frames, (status.units - status.open) * 300L);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::cout << count << " units: status after " << seconds.count() << " s, " << usage.ru_maxrss / 1024
            << " MiB at most\n";
}

}  // namespace
}  // namespace foothold
