// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "foothold/perception/perception.h"
#include "foothold/perception/recorded.h"
#include "foothold/perception/synthetic_back_end.h"
#include "foothold/scene/synthetic.h"
#include "labels/body_file.h"
#include "labels/equality.h"
#include "labels/message_of.h"
#include "labels/observation_file.h"
#include "labels/sample_data.h"
#include "labels/temporary_folder.h"

namespace foothold {
namespace {

using labels::ExpectSameClip;
using labels::ExpectSameObservations;
using labels::MessageOf;
using labels::ReasonOf;
using labels::TemporaryFolder;

std::unique_ptr<Perception> Make(const std::string& name) {
  PerceptionOptions options;
  options.name = name;
  return MakePerception(options);
}

BodyModel ModelWithVertices(int num_vertices) {
  BodyModel model;
  model.num_vertices = num_vertices;
  return model;
}

// The sample clip as if it were the video `folder`/walk.mp4.
Clip ClipIn(const TemporaryFolder& folder) {
  Clip clip = labels::SampleClip(6);
  clip.source_path = folder / "walk.mp4";
  return clip;
}

TEST(Perception, RefusesUnknownNames) {
  EXPECT_NE(MessageOf([] { Make("recordd"); }).find("did you mean 'recorded'?"), std::string::npos);
}

TEST(Perception, OptionsDescribeEveryField) {
  PerceptionOptions options;
  OptionSet set;
  set.Bind(&options);
  set.Assign("perception.name", "recorded", "test");
  set.Assign("perception.keyframe_interval", "4", "test");
  EXPECT_EQ(options.name, "recorded");
  EXPECT_EQ(options.keyframe_interval, 4);
  set.Assign("perception.keyframe_interval", "-1", "test");
  EXPECT_EQ(set.Check().size(), 1u);
}

TEST(RecordedPerception, ReadsTheSidecarOfTheClip) {
  const TemporaryFolder folder;
  const Observations written = labels::SampleObservations();
  ASSERT_TRUE(labels::WriteObservations(written, folder / "walk.observations.h5"));
  Clip clip = ClipIn(folder);
  clip.id = "another id";
  clip.time_s[3] += 0.001;  // The video's times count, not the file's.
  clip.working_from_source = {66, 35, 64, 32, 1, 1, 0, 0};
  PhaseTimes times;
  Observations read = Make("recorded")->Observe(clip, ModelWithVertices(100), 2, &times);
  EXPECT_EQ(times.seconds().count("read_observations"), 1u);
  EXPECT_EQ(read.source, "recorded: test 1.0");
  Clip expected_clip = clip;
  expected_clip.working_from_source = written.clip.working_from_source;
  ExpectSameClip(read.clip, expected_clip);
  read.clip = written.clip;
  read.source = written.source;
  ExpectSameObservations(read, written);
}

TEST(RecordedPerception, NamesWhatDoesNotFit) {
  struct Case {
    const char* message;
    std::function<void(Clip*)> edit;
  };
  const std::vector<Case> cases = {
      {"has 6 frames, the clip has 5", [](Clip* c) { c->time_s.pop_back(); }},
      {"clip/source_size_px is 66 x 35, the video has 66 x 36",
       [](Clip* c) { c->working_from_source.source_height = 36; }},
      {"clip/source_hash", [](Clip* c) { c->source_hash = std::string(32, '0'); }},
      {"clip/time_s: frame 4", [](Clip* c) { c->time_s[4] += 0.02; }},
  };
  const TemporaryFolder folder;
  ASSERT_TRUE(labels::WriteObservations(labels::SampleObservations(), folder / "walk.observations.h5"));
  for (const Case& broken : cases) {
    Clip clip = ClipIn(folder);
    broken.edit(&clip);
    const auto observe = [&] { Make("recorded")->Observe(clip, ModelWithVertices(100), 1, nullptr); };
    EXPECT_NE(MessageOf(observe).find(broken.message), std::string::npos) << MessageOf(observe);
    EXPECT_EQ(ReasonOf(observe), "observations_mismatch");
  }
  const auto small_model = [&] {
    Make("recorded")->Observe(ClipIn(folder), ModelWithVertices(14), 1, nullptr);
  };
  EXPECT_NE(MessageOf(small_model).find("contact vertex 14"), std::string::npos) << MessageOf(small_model);
}

TEST(RecordedPerception, AsksForTheMissingFile) {
  const TemporaryFolder folder;
  const auto observe = [&] { Make("recorded")->Observe(ClipIn(folder), BodyModel(), 1, nullptr); };
  EXPECT_EQ(ReasonOf(observe), "observations_missing");
  EXPECT_NE(MessageOf(observe).find(folder / "walk.observations.h5"), std::string::npos);
}

class SyntheticPerceptionTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    body_ = new BodyModel(labels::ReadBodyModel(labels::DefaultBodyModelPath()));
  }
  static void TearDownTestSuite() {
    delete body_;
    body_ = nullptr;
  }

  static SyntheticRecipe SmallRecipe() {
    SyntheticRecipe recipe;
    recipe.options.num_frames = 12;
    recipe.options.width = 96;
    recipe.options.height = 64;
    recipe.options.num_people = 1;
    recipe.seed = 0xfedcba9876543210;
    recipe.body_model_hash = body_->content_hash;
    return recipe;
  }

  static const BodyModel* body_;
};
const BodyModel* SyntheticPerceptionTest::body_ = nullptr;

TEST_F(SyntheticPerceptionTest, RecipeRoundTrips) {
  const TemporaryFolder folder;
  const SyntheticRecipe recipe = SmallRecipe();
  WriteSyntheticRecipe(recipe, folder / "a.synthetic.conf");
  const SyntheticRecipe read = ReadSyntheticRecipe(folder / "a.synthetic.conf");
  EXPECT_EQ(read.seed, recipe.seed);
  EXPECT_EQ(read.body_model_hash, recipe.body_model_hash);
  EXPECT_EQ(read.options.num_frames, 12);
  EXPECT_EQ(read.options.width, 96);
  labels::WriteBytes(folder / "b.synthetic.conf", "[recipe]\nseed = x\n");
  EXPECT_NE(MessageOf([&] { ReadSyntheticRecipe(folder / "b.synthetic.conf"); }).find("not a whole number"),
            std::string::npos);
}

TEST_F(SyntheticPerceptionTest, MakesTheExactObservationsAgain) {
  const TemporaryFolder folder;
  const SyntheticRecipe recipe = SmallRecipe();
  const SyntheticClip synthetic = MakeSyntheticClip(*body_, recipe.options, "walk", recipe.seed);
  WriteSyntheticRecipe(recipe, folder / "walk.synthetic.conf");
  Clip clip = synthetic.observations.clip;
  clip.source_path = folder / "walk.mp4";
  clip.source_hash = std::string(32, 'a');
  Observations made = Make("synthetic")->Observe(clip, *body_, 2, nullptr);
  ExpectSameClip(made.clip, clip);
  made.clip = synthetic.observations.clip;
  ExpectSameObservations(made, synthetic.observations);

  BodyModel other = *body_;
  other.content_hash = std::string(32, '0');
  EXPECT_EQ(ReasonOf([&] { Make("synthetic")->Observe(clip, other, 1, nullptr); }), "recipe_mismatch");
  clip.name = "other";
  EXPECT_EQ(ReasonOf([&] { Make("synthetic")->Observe(clip, *body_, 1, nullptr); }), "recipe_missing");
}

TEST_F(SyntheticPerceptionTest, ExactAndNoisyObservationsKeepEveryRule) {
  const SyntheticRecipe recipe = SmallRecipe();
  const SyntheticClip synthetic = MakeSyntheticClip(*body_, recipe.options, "walk", recipe.seed);
  EXPECT_EQ(ProblemsOf(synthetic.observations), std::vector<std::string>());
  EXPECT_EQ(ProblemsOf(AddNoise(synthetic, *body_, NoiseOptions(), 5)), std::vector<std::string>());
  EXPECT_EQ(ProblemsOf(synthetic.truth, synthetic.observations.clip), std::vector<std::string>());
}

}  // namespace
}  // namespace foothold
