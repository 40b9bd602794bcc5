// SPDX-License-Identifier: Apache-2.0
// label.init = student in `foothold label` and label_corpus.
#include <gtest/gtest.h>

#include "foothold/base/atomic_file.h"
#include "jobs/run_program.h"
#include "labels/label.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

constexpr char kBin[] = FOOTHOLD_BINARY_DIR "/bin/";

ProgramResult Execute(const std::string& program, std::vector<std::string> arguments, int ranks = 0) {
  arguments.insert(arguments.begin(), kBin + program);
  return RunProgram(arguments, ranks);
}

class InitStudent : public testing::Test {
 protected:
  void SetUp() override {
    const ProgramResult clips = Execute("foothold",
                                        {"synth",
                                         clips_(),
                                         "--clips=2",
                                         "--synthetic.num_frames=16",
                                         "--synthetic.width=96",
                                         "--synthetic.height=64",
                                         "--run.threads=1"});
    ASSERT_EQ(clips.exit_code, 0) << clips.output;
    const ProgramResult model = Execute("train_student",
                                        {"--labels=" + clips_(),
                                         "--output=" + folder_.File("run"),
                                         "--data.kind=truth",
                                         "--data.width=48",
                                         "--data.height=32",
                                         "--train.network=tiny",
                                         "--train.global_batch=4",
                                         "--train.steps=1"});
    ASSERT_EQ(model.exit_code, 0) << model.output;
  }
  std::string clips_() const { return folder_.File("clips"); }
  std::string Model() const { return folder_.File("run/model.safetensors"); }
  std::vector<std::string> Student() const {
    return {"--perception.name=recorded",
            "--run.threads=1",
            "--label.init=student",
            "--predict.image_side_px=48",
            "--predict.model=" + Model()};
  }
  ProgramResult Label(const std::string& output, std::vector<std::string> more) const {
    std::vector<std::string> arguments = {"label", clips_() + "/synth_1.mp4", "-o", folder_.File(output)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Execute("foothold", arguments);
  }

  TemporaryFolder folder_;
};

TEST_F(InitStudent, GivesTheSameBytesFromBothProgramsAndAnyRanks) {
  const ProgramResult alone = Label("alone", Student());
  ASSERT_EQ(alone.exit_code, 0) << alone.output;
  const std::string bytes = ReadFile(folder_.File("alone/synth_1.h5"));
  for (const int ranks : {0, 2}) {
    const std::string output = folder_.File("ranks" + std::to_string(ranks));
    std::vector<std::string> arguments = Student();
    arguments.insert(arguments.end(), {"--corpus=" + clips_(), "--output=" + output});
    const ProgramResult corpus = Execute("label_corpus", arguments, ranks);
    ASSERT_EQ(corpus.exit_code, 0) << corpus.output;
    EXPECT_TRUE(ReadFile(output + "/labels/synth_1.mp4/synth_1.h5") == bytes) << ranks;
  }
  const labels::Label label = labels::ReadLabel(folder_.File("alone/synth_1.h5"));
  EXPECT_TRUE(label.quality.student.known);
  EXPECT_EQ(Execute("foothold", {"validate", folder_.File("alone/synth_1.h5")}).exit_code, 0);
}

// A label belongs to one student, by its weights and not by their path.
TEST_F(InitStudent, AnotherStudentIsAnotherLabel) {
  ASSERT_EQ(Label("out", Student()).exit_code, 0);
  ASSERT_EQ(Execute("train_student",
                    {"--labels=" + clips_(),
                     "--output=" + folder_.File("other"),
                     "--data.kind=truth",
                     "--data.width=48",
                     "--data.height=32",
                     "--train.network=tiny",
                     "--train.global_batch=4",
                     "--train.steps=1",
                     "--train.seed=2"})
                .exit_code,
            0);
  std::vector<std::string> other = Student();
  other.back() = "--predict.model=" + folder_.File("other/model.safetensors");
  EXPECT_NE(Label("out", other).output.find("other options made it"), std::string::npos);
  folder_.Write("moved/model.safetensors", ReadFile(Model()));
  other.back() = "--predict.model=" + folder_.File("moved/model.safetensors");
  const ProgramResult moved = Label("out", other);
  EXPECT_EQ(moved.exit_code, 0) << moved.output;
  EXPECT_NE(moved.output.find("was labelled before"), std::string::npos) << moved.output;
}

TEST_F(InitStudent, SaysWhatIsMissing) {
  const ProgramResult none = Label("out", {"--perception=recorded", "--init=student"});
  EXPECT_EQ(none.exit_code, 2) << none.output;
  EXPECT_NE(none.output.find("--predict.model is missing"), std::string::npos) << none.output;
  std::vector<std::string> wrong = Student();
  wrong.back() = "--predict.model=" + clips_() + "/synth_1.mp4";
  const ProgramResult label = Label("out", wrong);
  EXPECT_EQ(label.exit_code, 3) << label.output;
  // No video is to blame: none is rejected.
  const ProgramResult corpus = Execute("label_corpus",
                                       {"--corpus=" + clips_(),
                                        "--output=" + folder_.File("run2"),
                                        wrong[0],
                                        wrong[1],
                                        wrong[2],
                                        wrong.back()});
  EXPECT_EQ(corpus.exit_code, 2) << corpus.output;
  EXPECT_NE(corpus.output.find("0 rejected"), std::string::npos) << corpus.output;
  for (const ProgramResult& result : {label, corpus})
    EXPECT_NE(result.output.find("not a safetensors file"), std::string::npos) << result.output;
}

}  // namespace
}  // namespace foothold
