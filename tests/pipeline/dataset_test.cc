// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/dataset.h"

#include <fstream>

#include "foothold/base/atomic_file.h"
#include "foothold/corpus/label_files.h"
#include "foothold/corpus/run_prune.h"
#include "foothold/corpus/units_file.h"
#include "labels/label.h"
#include "labels/sample_data.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;
using Event = LedgerRecord::Event;

// A finished run with hand-made labels, as label_corpus leaves it.
class FakeRun {
 public:
  FakeRun(std::string output, std::vector<std::string> ids, const std::string& settings = "[josh]\nx = 1\n")
      : output_(std::move(output)) {
    for (const std::string& id : ids) corpus_.units.push_back({id, "/videos/" + id, 0, -1});
    units_ = MakeRunUnits(std::make_shared<UnitsInMemory>(corpus_));
    RememberUnits(output_ + "/ledger", *units_.list, units_.hash);
    fs::create_directories(output_ + "/ledger/records");
    WriteFileAtomically(output_ + "/ledger/options.conf", settings);
  }

  std::string LabelPath(const std::string& id) const { return output_ + "/labels/" + id + "/clip.h5"; }

  void AddLabel(const std::string& id, const std::string& clip_id) const {
    labels::Label label = labels::SampleLabel();
    label.clip.id = clip_id;
    fs::create_directories(fs::path(LabelPath(id)).parent_path());
    labels::WriteLabel(label, LabelPath(id));
    LedgerRecord record = RecordOf(id, Event::kDone);
    record.clips_done = 1;
    record.frames = label.clip.num_frames();
    record.labels = {DescribeLabel(output_ + "/labels", LabelPath(id), record.frames)};
    Append(record);
  }
  void Reject(const std::string& id) const {
    LedgerRecord record = RecordOf(id, Event::kRejected);
    record.reason = "no_people";
    Append(record);
  }

  const std::string& output() const { return output_; }
  const RunUnits& units() const { return units_; }

 private:
  static LedgerRecord RecordOf(const std::string& id, Event event) {
    LedgerRecord record;
    record.event = event;
    record.unit_id = id;
    record.unit_key = Unit{id, "", 0, -1}.Key();
    record.attempt = 1;
    record.seconds = 36;
    record.process = "p1";
    record.time_unix_s = 1000;
    return record;
  }
  void Append(const LedgerRecord& record) const {
    std::ofstream(output_ + "/ledger/records/p1.jsonl", std::ios::app) << FormatRecord(record) << "\n";
  }

  std::string output_;
  Corpus corpus_;
  RunUnits units_;
};

std::string ClipId(char digit) { return std::string(32, digit); }

class MergeTest : public testing::Test {
 protected:
  MergeTest()
      : first_(folder_.File("first"), {"a.mp4", "b.mp4", "c.mp4"}),
        second_(folder_.File("second"), {"a.mp4", "d.mp4"}) {
    first_.AddLabel("a.mp4", ClipId('a'));
    first_.AddLabel("b.mp4", ClipId('b'));
    first_.Reject("c.mp4");
    second_.AddLabel("a.mp4", ClipId('e'));  // Another video of the same name.
    second_.AddLabel("d.mp4", ClipId('b'));  // The same clip under another name.
    options_.output = folder_.File("dataset");
    options_.name = "Walks";
    options_.licence = "CC-BY-4.0";
  }
  Dataset Merge() { return MergeRuns({first_.output(), second_.output()}, options_); }
  std::string Text(const std::string& name) const { return ReadFile(folder_.File("dataset/" + name)); }

  TemporaryFolder folder_;
  FakeRun first_, second_;
  MergeOptions options_;
};

TEST_F(MergeTest, OneIndexOfTwoRuns) {
  const Dataset dataset = Merge();
  ASSERT_EQ(dataset.entries.size(), 3u);
  EXPECT_EQ(dataset.entries[0].path, "a.mp4/clip.h5");
  EXPECT_EQ(dataset.entries[1].path, "b.mp4/clip.h5");
  EXPECT_EQ(dataset.entries[2].path, "second/a.mp4/clip.h5");
  ASSERT_EQ(dataset.duplicates.size(), 1u);
  EXPECT_EQ(dataset.duplicates[0].path, "d.mp4/clip.h5");
  EXPECT_EQ(dataset.duplicates[0].kept, "b.mp4/clip.h5");
  EXPECT_TRUE(dataset.problems.empty());
  EXPECT_TRUE(fs::equivalent(folder_.File("dataset/labels/a.mp4/clip.h5"), first_.LabelPath("a.mp4")));
  const std::string index = Text("index.csv");
  EXPECT_EQ(std::count(index.begin(), index.end(), '\n'), 4);
  EXPECT_NE(index.find("\nb.mp4/clip.h5," + ClipId('b') + ","), std::string::npos) << index;
}

TEST_F(MergeTest, CardSaysWhatIsInIt) {
  Merge();
  const std::string card = Text("DATASET.md");
  for (const char* part : {"# Walks\n",
                           "Licence: CC-BY-4.0",
                           "| labels (clips) | 3 |",
                           "| no_people | 1 |",
                           "x = 1",
                           "| duplicate clips left out | 1 |",
                           "People in a clip"}) {
    EXPECT_NE(card.find(part), std::string::npos) << part << "\n" << card;
  }
  EXPECT_EQ(Text("settings.conf"), "[josh]\nx = 1\n");
}

TEST_F(MergeTest, AgainAddsOnlyWhatIsNew) {
  Merge();
  const auto before = fs::last_write_time(folder_.File("dataset/labels/a.mp4/clip.h5"));
  options_.copy = true;  // What is there already is not copied.
  EXPECT_EQ(Merge().entries.size(), 3u);
  EXPECT_EQ(fs::last_write_time(folder_.File("dataset/labels/a.mp4/clip.h5")), before);
  EXPECT_TRUE(fs::equivalent(folder_.File("dataset/labels/a.mp4/clip.h5"), first_.LabelPath("a.mp4")));
}

TEST_F(MergeTest, CopiesAreFilesOfTheirOwn) {
  options_.copy = true;
  Merge();
  EXPECT_FALSE(fs::equivalent(folder_.File("dataset/labels/a.mp4/clip.h5"), first_.LabelPath("a.mp4")));
  EXPECT_EQ(ReadFile(folder_.File("dataset/labels/a.mp4/clip.h5")), ReadFile(first_.LabelPath("a.mp4")));
}

TEST_F(MergeTest, DamagedAndMissingLabelsAreNamedAndLeftOut) {
  std::string bytes = ReadFile(first_.LabelPath("a.mp4"));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  std::ofstream(first_.LabelPath("a.mp4"), std::ios::binary) << bytes;
  fs::remove(second_.LabelPath("a.mp4"));
  const Dataset dataset = Merge();
  EXPECT_EQ(dataset.entries.size(), 1u);
  ASSERT_EQ(dataset.problems.size(), 2u);
  EXPECT_NE(dataset.problems[0].find(first_.LabelPath("a.mp4")), std::string::npos);
  EXPECT_NE(dataset.problems[1].find(second_.LabelPath("a.mp4")), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_.File("dataset/labels/a.mp4/clip.h5")));
}

TEST_F(MergeTest, OtherSettingsAreRefusedUnlessWanted) {
  WriteFileAtomically(second_.output() + "/ledger/options.conf", "[josh]\nx = 2\n");
  ExpectError(ErrorKind::kUsage, {"x = 1", "x = 2", "--different-settings"}, [&] { Merge(); });
  EXPECT_FALSE(fs::exists(folder_.File("dataset")));
  options_.different_settings = true;
  EXPECT_EQ(Merge().settings.size(), 2u);
  EXPECT_NE(Text("DATASET.md").find("different options"), std::string::npos);
}

TEST_F(MergeTest, AnotherFileInTheWayIsNotReplaced) {
  folder_.Write("dataset/labels/a.mp4/clip.h5", "something else");
  ExpectError(ErrorKind::kUsage, {"dataset/labels/a.mp4/clip.h5"}, [&] { Merge(); });
  EXPECT_EQ(Text("labels/a.mp4/clip.h5"), "something else");
}

TEST_F(MergeTest, IndexQuotesOddNames) {
  FakeRun odd(folder_.File("odd"), {"x,\"y\".mp4"});
  odd.AddLabel("x,\"y\".mp4", ClipId('f'));
  MergeRuns({odd.output()}, options_);
  EXPECT_NE(Text("index.csv").find("\n\"x,\"\"y\"\".mp4/clip.h5\","), std::string::npos) << Text("index.csv");
}

TEST_F(MergeTest, PruneRemovesOldLeftoversOnly) {
  const std::string key = Unit{"a.mp4", "", 0, -1}.Key(), open_key = Unit{"zzz", "", 0, -1}.Key();
  const std::vector<std::string> old = {"labels/a.mp4/.clip.h5.tmp.1", "ledger/claims/00/" + key + ".1"};
  const std::vector<std::string> kept = {"ledger/claims/00/" + open_key + ".1",
                                         "labels/a.mp4/clip.timing.json"};
  for (const auto* names : {&old, &kept}) {
    for (const std::string& name : *names) {
      folder_.Write("first/" + name, "x");
      fs::last_write_time(folder_.File("first/" + name),
                          fs::file_time_type::clock::now() - std::chrono::hours(48));
    }
  }
  folder_.Write("first/labels/b.mp4/.clip.h5.tmp.2", "young");
  LedgerState state(first_.units().list->size());
  RecordHead done;
  done.event = Event::kDone;
  done.attempt = 1;
  state.Add(0, done);
  PruneOptions options;
  options.dry_run = true;
  PruneOutcome outcome = PruneRun(first_.output(), first_.units(), state, options);
  EXPECT_EQ(outcome.temporaries, 1);
  EXPECT_EQ(outcome.claims, 1);
  EXPECT_TRUE(fs::exists(folder_.File("first/" + old[0])));
  options.dry_run = false;
  options.timings = true;
  outcome = PruneRun(first_.output(), first_.units(), state, options);
  EXPECT_EQ(outcome.timings, 1);
  EXPECT_EQ(outcome.bytes, 3);
  for (const std::string& name : old) EXPECT_FALSE(fs::exists(folder_.File("first/" + name))) << name;
  EXPECT_TRUE(fs::exists(folder_.File("first/" + kept[0])));
  EXPECT_TRUE(fs::exists(folder_.File("first/labels/b.mp4/.clip.h5.tmp.2")));
  EXPECT_TRUE(fs::exists(first_.LabelPath("a.mp4")));
}

TEST(LabelScore, FollowsMatchesAndFeet) {
  Quality quality;
  EXPECT_FALSE(ScoreOf(quality).known);
  quality.known = true;
  EXPECT_EQ(ScoreOf(quality).match_inlier_share, 0);
  EXPECT_EQ(ScoreOf(quality).contact_error, 1);
  quality.keyframes = {{100, 1.0F, 0}, {300, 0.5F, 0}};
  quality.people = {{{0, 1, 2}, {-0.02F, 0.01F, 0.5F}, 0, 0}};
  const LabelScore score = ScoreOf(quality);
  EXPECT_NEAR(score.match_inlier_share, 250.0 / 400, 1e-6);
  EXPECT_NEAR(score.contact_error, 0.02, 1e-6);
  quality.people[0].contact_log = {0.1F};
  EXPECT_LT(ScoreOf(quality).score, score.score);
}

}  // namespace
}  // namespace foothold
