// SPDX-License-Identifier: Apache-2.0
// foothold corpus verify, repair, retry and quarantine on runs of the labeller that does what each "video"
// says.
#include <gtest/gtest.h>

#include "foothold/base/atomic_file.h"
#include "jobs/run_program.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

struct ManagedRun {
  TemporaryFolder folder;
  std::string output = folder.File("output");

  void Add(const std::string& name, const std::string& text) { folder.Write("videos/" + name, text); }
  ProgramResult Label() const {
    return RunProgram({FOOTHOLD_FAKE_LABEL_CORPUS, "--corpus", folder.File("videos"), "--output", output});
  }
  // foothold corpus VERB... RUN ARGUMENTS...
  ProgramResult Corpus(const std::vector<std::string>& verb,
                       const std::vector<std::string>& arguments = {}) const {
    std::vector<std::string> words = {FOOTHOLD_TOOL, "corpus"};
    words.insert(words.end(), verb.begin(), verb.end());
    words.push_back(output);
    words.insert(words.end(), arguments.begin(), arguments.end());
    return RunProgram(words);
  }
  std::string LabelPath(const std::string& name) const { return output + "/labels/" + name; }
};

#define EXPECT_HAS(result, part) EXPECT_NE((result).output.find(part), std::string::npos) << (result).output

void ExpectVerdict(const ManagedRun& run, int exit_code, const std::vector<std::string>& parts) {
  const ProgramResult result = run.Corpus({"verify"});
  EXPECT_EQ(result.exit_code, exit_code) << result.output;
  for (const std::string& part : parts) EXPECT_HAS(result, part);
}

TEST(ManageRun, VerdictsOfWholeRuns) {
  ManagedRun run;
  run.Add("a.mp4", "done 2");
  run.Add("b.mp4", "done");
  EXPECT_EQ(run.Label().exit_code, 0);
  ExpectVerdict(run, 0, {"2 units: 2 done", "3 labels, 30 frames", "complete and intact"});
  run.Add("c.mp4", "reject");
  run.Add("d.mp4", "done 1 1");
  run.Add("e.mp4", "signal");
  run.Add("f.mp4", "done");
  EXPECT_EQ(run.Label().exit_code, 9);
  ExpectVerdict(run, 9, {"1 open", "run label_corpus again"});
  EXPECT_EQ(run.Label().exit_code, 4);
  ExpectVerdict(run, 4, {"6 units: 4 done, 1 partly, 1 rejected, 0 quarantined, 0 open", "1 x no_people"});
}

TEST(ManageRun, DamageIsFoundAndRepaired) {
  ManagedRun run;
  for (const char* name : {"a.mp4", "b.mp4", "c.mp4", "d/d.mp4"}) run.Add(name, "done 2");
  EXPECT_EQ(run.Label().exit_code, 0);
  const std::string good = ReadFile(run.LabelPath("b.mp4/0.h5"));
  fs::remove(run.LabelPath("a.mp4/1.h5"));
  std::ofstream(run.LabelPath("b.mp4/0.h5"), std::ios::app) << "x";
  std::ofstream(run.LabelPath("c.mp4/9.h5")) << "of nobody";
  ExpectVerdict(
      run,
      3,
      {"missing: ", "a.mp4/1.h5", "wrong_size: ", "b.mp4/0.h5", "orphan: ", "c.mp4/9.h5", "NOT INTACT"});
  const ProgramResult repaired = run.Corpus({"repair"});
  EXPECT_EQ(repaired.exit_code, 0) << repaired.output;
  EXPECT_HAS(repaired, "3 problems: 2 files set aside, 2 units to be labelled again");
  EXPECT_EQ(ReadFile(run.output + "/set_aside/c.mp4/9.h5"), "of nobody");
  ExpectVerdict(run, 9, {"2 open"});
  EXPECT_EQ(run.Label().exit_code, 0);
  ExpectVerdict(run, 0, {"8 labels"});
  EXPECT_EQ(ReadFile(run.LabelPath("b.mp4/0.h5")), good);
  EXPECT_HAS(run.Corpus({"repair"}), "0 problems");
}

// The right length, other bytes: only --deep sees it.
TEST(ManageRun, DeepReadsEveryLabel) {
  ManagedRun run;
  run.Add("a.mp4", "done");
  EXPECT_EQ(run.Label().exit_code, 0);
  std::string text = ReadFile(run.LabelPath("a.mp4/0.h5"));
  text[3] = static_cast<char>(text[3] ^ 1);
  std::ofstream(run.LabelPath("a.mp4/0.h5")) << text;
  ExpectVerdict(run, 0, {});
  const ProgramResult deep = run.Corpus({"verify"}, {"--deep"});
  EXPECT_EQ(deep.exit_code, 3);
  EXPECT_HAS(deep, "corrupt: ");
  EXPECT_HAS(run.Corpus({"verify"}, {"--deep", "--json"}), "\"kind\": \"corrupt\"");
}

TEST(ManageRun, RetryByReasonAndById) {
  ManagedRun run;
  run.Add("a.mp4", "reject");
  run.Add("b.mp4", "fail");
  run.Add("c.mp4", "done");
  EXPECT_EQ(run.Label().exit_code, 4);
  EXPECT_HAS(run.Corpus({"retry"}, {"--reason", "no_such"}), "0 units are open again");
  const ProgramResult done = run.Corpus({"retry"}, {"c.mp4"});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_HAS(done, "'c.mp4' is done");
  EXPECT_EQ(run.Corpus({"retry"}, {"x.mp4"}).exit_code, 2);
  EXPECT_HAS(run.Corpus({"retry"}, {"--reason", "no_people"}), "1 unit is open again");
  EXPECT_HAS(run.Corpus({"quarantine", "release"}, {"b.mp4"}), "1 unit is open again");
  run.Add("a.mp4", "done");
  run.Add("b.mp4", "done");
  EXPECT_EQ(run.Label().exit_code, 0);
  ExpectVerdict(run, 0, {"3 done"});
}

TEST(ManageRun, QuarantineSaysWhyWhereAndHowToSeeItAgain) {
  ManagedRun run;
  run.Add("it's.mp4", "fail");
  run.Add("ok.mp4", "done");
  EXPECT_EQ(run.Label().exit_code, 4);
  const ProgramResult list = run.Corpus({"quarantine", "list"});
  EXPECT_EQ(list.exit_code, 0);
  EXPECT_HAS(list, "it's.mp4: internal_error: a bug");
  EXPECT_HAS(list, "attempt 3 on ");
  EXPECT_HAS(list, "| [it's.mp4] failed: internal_error: a bug");
  EXPECT_HAS(list, "foothold label '" + run.folder.File("videos") + "/it'\\''s.mp4' -o ");
  EXPECT_HAS(list, "--config '" + run.output + "/ledger/options.conf'");
  EXPECT_HAS(list, "1 unit is in quarantine");
  EXPECT_HAS(run.Corpus({"quarantine", "list"}, {"--json"}), "\"reason\": \"internal_error\"");
}

// The last words of a process that was killed are in its claim.
TEST(ManageRun, QuarantineHasTheLogOfProcessesThatDied) {
  ManagedRun run;
  run.Add("a.mp4", "log_and_kill");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run.Label().exit_code, 128 + 9);
  EXPECT_EQ(run.Label().exit_code, 4);
  const ProgramResult list = run.Corpus({"quarantine", "list"});
  EXPECT_HAS(list, "process_died");
  EXPECT_HAS(list, "| [a.mp4] about to die");
}

TEST(ManageRun, OtherFoldersAreRefused) {
  const TemporaryFolder folder;
  const ProgramResult result = RunProgram({FOOTHOLD_TOOL, "corpus", "verify", folder.path()});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_HAS(result, "no output folder of label_corpus");
}

}  // namespace
}  // namespace foothold
