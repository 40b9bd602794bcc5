// SPDX-License-Identifier: Apache-2.0
#include "labels/validator.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "foothold/base/random.h"
#include "labels/label_format.h"
#include "labels/sample_data.h"
#include "labels/temporary_folder.h"

namespace foothold::labels {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::string LabelBytes(const Label& label) {
  Hdf5Writer writer(kSignatureBytes);
  return SignedBytes(&PackLabel(label, &writer), kLabelFormat);
}

// Problems of a file with these bytes, joined.
std::string ProblemsOfBytes(const std::string& bytes, const TemporaryFolder& folder) {
  WriteBytes(folder / "label.h5", bytes);
  std::string text;
  for (const std::string& problem : ValidateLabel(folder / "label.h5").problems) text += problem + "\n";
  return text;
}

TEST(Validator, AcceptsTheSample) {
  const TemporaryFolder folder;
  EXPECT_EQ(ProblemsOfBytes(LabelBytes(SampleLabel()), folder), "");
}

TEST(Validator, DetectsByteFlips) {
  const TemporaryFolder folder;
  const std::string good = LabelBytes(SampleLabel());
  RandomStream random(3, "byte flips");
  for (int i = 0; i < 200; ++i) {
    std::string bad = good;
    const size_t position = (good.size() - 1) * i / 199;
    bad[position] = static_cast<char>(bad[position] ^ random.UniformInt(1, 255));
    EXPECT_NE(ProblemsOfBytes(bad, folder), "") << "byte " << position;
  }
}

TEST(Validator, DetectsEveryFlippedBitOfTheSignature) {
  const TemporaryFolder folder;
  const std::string good = LabelBytes(SampleLabel());
  for (size_t position = 0; position < kSignatureBytes; ++position) {
    std::string bad = good;
    bad[position] = static_cast<char>(bad[position] ^ (1 << position % 8));
    EXPECT_NE(ProblemsOfBytes(bad, folder), "") << "byte " << position;
  }
}

TEST(Validator, DetectsTruncationAndGrowth) {
  const TemporaryFolder folder;
  const std::string good = LabelBytes(SampleLabel());
  for (int i = 0; i < 50; ++i) {
    const size_t size = good.size() * i / 50;
    EXPECT_NE(ProblemsOfBytes(good.substr(0, size), folder), "") << size << " bytes";
  }
  EXPECT_NE(ProblemsOfBytes(good.substr(0, good.size() - 1), folder), "");
  EXPECT_NE(ProblemsOfBytes(good + '\0', folder), "");
  EXPECT_NE(ProblemsOfBytes(good + good, folder), "");
}

TEST(Validator, ReportsFilesThatAreNotLabels) {
  const TemporaryFolder folder;
  const std::string none = folder / "none.h5";
  EXPECT_EQ(ValidateLabel(none).path, none);
  ASSERT_EQ(ValidateLabel(none).problems.size(), 1u);
  EXPECT_NE(ValidateLabel(none).problems[0].find("cannot be opened"), std::string::npos);
  EXPECT_NE(ProblemsOfBytes("text", folder).find("is not a foothold-label file"), std::string::npos);
  Hdf5Writer plain;
  EXPECT_NE(
      ProblemsOfBytes(PackLabel(SampleLabel(), &plain).Finish(), folder).find("is not a foothold-label"),
      std::string::npos);
  EXPECT_FALSE(ValidateLabel(folder.path()).problems.empty());
}

struct BrokenLabel {
  const char* message;
  std::function<void(Label*)> edit;
};

TEST(Validator, NamesBrokenValuesBehindAGoodChecksum) {
  const TemporaryFolder folder;
  const std::vector<BrokenLabel> cases = {
      {"kind: is 'guess'", [](Label* l) { l->kind = "guess"; }},
      {"clip/time_s: entry 1", [](Label* l) { l->clip.time_s[1] = l->clip.time_s[0]; }},
      {"camera/world_from_cam_rotation: frame 2",
       [](Label* l) { l->reconstruction.world_from_cam[2].rotation.y += 0.5; }},
      {"camera/world_from_cam_translation_m: frame 2",
       [](Label* l) { l->reconstruction.world_from_cam[2].translation[0] = kNan; }},
      {"camera/focal_px", [](Label* l) { l->reconstruction.pinhole.focal_px = 0; }},
      {"keyframes/frame: entry 2 is 60", [](Label* l) { l->reconstruction.keyframes[2].frame = 60; }},
      {"keyframes/scale: keyframe 1", [](Label* l) { l->reconstruction.keyframes[1].scale = -1; }},
      {"keyframes/depth_m: keyframe 1: pixel (3, 2) is -2",
       [](Label* l) { l->reconstruction.keyframes[1].depth_m.At(3, 2) = -2; }},
      {"keyframes/confidence: keyframe 1: pixel (3, 2) is 2",
       [](Label* l) {
         l->reconstruction.keyframes[1].depth_m.At(3, 2) = 1;
         l->reconstruction.keyframes[1].confidence.At(3, 2) = 2;
       }},
      {"people/0001/id", [](Label* l) { l->reconstruction.people[1].id = 4; }},
      {"people/0000/shape", [](Label* l) { l->reconstruction.people[0].shape[3] = kNan; }},
      {"people/0000/frame: entry 5", [](Label* l) { l->reconstruction.people[0].frames[5] = 6; }},
      {"people/0000/body_in_world_rotation: entry 2",
       [](Label* l) { l->reconstruction.people[0].body_in_world[2].joints[4].w += 0.01; }},
      {"people/0000/body_in_world_translation_m: entry 2",
       [](Label* l) { l->reconstruction.people[0].body_in_world[2].translation_m[0] = kNan; }},
      {"people/0000/confidence: entry 2", [](Label* l) { l->reconstruction.people[0].confidence[2] = 2; }},
      {"people/0000/box_px: entry 2", [](Label* l) { l->reconstruction.people[0].box_px[2].width = -1; }},
      {"people/0000/foot_contact: entry 2",
       [](Label* l) { l->reconstruction.people[0].foot_contact[2][3] = -1; }},
      {"people/0000/joints_in_world_m: entry 2",
       [](Label* l) { l->reconstruction.people[0].joints_in_world[2][5][1] = kNan; }},
      {"points/position_m: entry 7",
       [](Label* l) { l->reconstruction.points[7].position_m[2] = static_cast<float>(kNan); }},
      {"points/confidence: entry 7", [](Label* l) { l->reconstruction.points[7].confidence = 1.5f; }},
      {"flags: 'Camera Static'", [](Label* l) { l->reconstruction.flags[0] = "Camera Static"; }},
      {"summary/terms: match", [](Label* l) { l->summary.terms[0].final = kNan; }},
      {"summary/iterations: entry 1", [](Label* l) { l->summary.iterations[1].term_cost[1] = kNan; }},
      {"quality/student_turn_rad",
       [](Label* l) {
         l->quality.student = {true, kNan, 1};
       }},
      {"quality/student_scale",
       [](Label* l) {
         l->quality.student = {true, 0, -1};
       }},
      {"quality/people/0000/student_distance_m",
       [](Label* l) {
         l->quality.student.known = true;
         l->quality.people[0].student_distance_m = -1;
       }},
  };
  for (const BrokenLabel& broken : cases) {
    Label label = SampleLabel();
    broken.edit(&label);
    EXPECT_NE(ProblemsOfBytes(LabelBytes(label), folder).find(broken.message), std::string::npos)
        << broken.message;
  }
}

TEST(Validator, NamesBrokenStructureBehindAGoodChecksum) {
  const TemporaryFolder folder;
  const auto problems_of = [&](const std::function<void(Hdf5Writer*)>& add) {
    Hdf5Writer writer(kSignatureBytes);
    add(&writer);
    return ProblemsOfBytes(SignedBytes(&PackLabel(SampleLabel(), &writer), kLabelFormat), folder);
  };
  EXPECT_NE(problems_of([](Hdf5Writer* w) {
              w->WriteString("camera/focal", "x");
            }).find("camera/focal: unknown name; did you mean 'focal_px'?"),
            std::string::npos);
  Hdf5Writer empty(kSignatureBytes);
  EXPECT_NE(ProblemsOfBytes(SignedBytes(&empty, kLabelFormat), folder).find("/@format: attribute missing"),
            std::string::npos);
  std::string newer = LabelBytes(SampleLabel());
  Resign({kLabelFormat.name, kLabelFormat.version + 1}, &newer);
  EXPECT_NE(ProblemsOfBytes(newer, folder).find("use a newer program"), std::string::npos);
}

}  // namespace
}  // namespace foothold::labels
