// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception_networks/network_perception.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "foothold/networks/mast3r.h"
#include "foothold/pipeline/label_video.h"
#include "labels/body_file.h"
#include "labels/label.h"
#include "labels/validator.h"
#include "perception_networks/stub_networks.h"
#include "support/expect_error.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

// One small video for all tests.
class NetworkPerception : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    body_ = new BodyModel(labels::ReadBodyModel(labels::DefaultBodyModelPath()));
    video_ = WriteSmallVideo(folder_->path(), {});
    const VideoOptions video;
    clip_ = MakeClips(ProbeVideo(video_, video), 0, -1, video)[0];
  }
  static void TearDownTestSuite() {
    delete folder_;
    delete body_;
  }

  static Observations See(const NetworkOptions& options, int threads) {
    PerceptionOptions perception;
    perception.name = "networks";
    return MakeNetworkPerception(options)
        .make(perception, ClassicalOptions())
        ->Observe(clip_, *body_, threads, nullptr);
  }

  static TemporaryFolder* folder_;
  static BodyModel* body_;
  static std::string video_;
  static Clip clip_;
};
TemporaryFolder* NetworkPerception::folder_ = nullptr;
BodyModel* NetworkPerception::body_ = nullptr;
std::string NetworkPerception::video_;
Clip NetworkPerception::clip_;

bool HasFlag(const std::vector<std::string>& flags, const std::string& flag) {
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

std::string BytesOf(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

TEST_F(NetworkPerception, PlacesBodiesWhereTheirCropsSay) {
  const TemporaryFolder networks;
  const StubPerson stub;
  const Observations seen = See(WriteStubNetworks(networks, stub), 2);
  ASSERT_EQ(seen.people.size(), 1u);
  const PersonObservations& person = seen.people[0];
  ASSERT_GE(person.frames.size(), 15u);
  const Pinholed& pinhole = seen.camera.pinhole;
  for (const PersonFrame& frame : person.frames) {
    const Box& box = frame.box_px;
    EXPECT_NEAR(box.height, 0.7 * 128, 6);
    // The root's place projects into the middle of the crop, and a metre there is size times half the side.
    const Vec2d middle = Project(pinhole, frame.body_in_cam.translation_m);
    EXPECT_NEAR(middle[0], box.x + 0.5 * box.width, 1e-3);
    EXPECT_NEAR(middle[1], box.y + 0.5 * box.height, 1e-3);
    EXPECT_NEAR(pinhole.focal_px / frame.body_in_cam.translation_m[2],
                stub.body_size * 0.6 * std::max(box.width, box.height),
                1e-3);
    EXPECT_EQ(frame.pose_confidence, 1);
  }
  EXPECT_TRUE(HasFlag(seen.flags, "masks_from_boxes"));
  EXPECT_TRUE(HasFlag(person.flags, "contacts_assumed"));
  ASSERT_FALSE(person.contacts.empty());
  for (const Contact& contact : person.contacts) {
    EXPECT_FALSE(contact.stationary);
    EXPECT_LE(contact.confidence, 0.5f);
  }
  EXPECT_EQ(seen.source, "networks 1");
}

TEST_F(NetworkPerception, OptionalNetworksTakeTheirPlaces) {
  const TemporaryFolder networks;
  StubPerson stub;
  const NetworkOptions options = WriteStubNetworks(networks, stub);
  WriteMaskStub(options, stub);
  WriteDepthStub(options, 5);
  WriteContactStub(options, body_->num_vertices);
  const Observations seen = See(options, 2);
  EXPECT_FALSE(HasFlag(seen.flags, "masks_from_boxes"));
  EXPECT_FALSE(HasFlag(seen.people[0].flags, "contacts_assumed"));
  // The focal length is that of the pointmaps (1.2 times their width, which covers the working image), the
  // depth theirs up to the unit that the matches give each keyframe.
  EXPECT_NEAR(seen.camera.pinhole.focal_px, 1.2 * 192, 6);
  for (const Keyframe& keyframe : seen.keyframes) {
    const float depth = keyframe.depth_m.At(10, 10);
    ASSERT_GT(depth, 0);
    for (const int x : {20, 90, 180}) EXPECT_NEAR(keyframe.depth_m.At(x, 100), depth, 0.02f * depth);
    // Inside the mask and outside.
    EXPECT_EQ(keyframe.person_mask.At(80, 70), 255);
    EXPECT_EQ(keyframe.confidence.At(80, 70), 0);
    EXPECT_EQ(keyframe.person_mask.At(10, 10), 0);
    EXPECT_GT(keyframe.confidence.At(10, 10), 0);
  }
  // All vertices touch: those of the feet are kept, at all keyframes, hence planted.
  const std::vector<Contact>& contacts = seen.people[0].contacts;
  ASSERT_GT(contacts.size(), seen.keyframes.size());
  for (const Contact& contact : contacts) {
    EXPECT_TRUE(contact.stationary);
    EXPECT_EQ(contact.confidence, 0.75f);
    EXPECT_LT(contact.vertex, body_->num_vertices);
  }
}

TEST_F(NetworkPerception, TheSameForAnyThreads) {
  const TemporaryFolder networks;
  const NetworkOptions options = WriteStubNetworks(networks, {});
  const Observations one = See(options, 1), many = See(options, 3);
  EXPECT_EQ(one.camera.pinhole.focal_px, many.camera.pinhole.focal_px);
  ASSERT_EQ(one.keyframes.size(), many.keyframes.size());
  for (size_t k = 0; k < one.keyframes.size(); ++k) {
    EXPECT_EQ(one.keyframes[k].depth_m.data, many.keyframes[k].depth_m.data);
    EXPECT_EQ(one.keyframes[k].confidence.data, many.keyframes[k].confidence.data);
  }
  ASSERT_EQ(one.pairs.size(), many.pairs.size());
  for (size_t p = 0; p < one.pairs.size(); ++p) {
    ASSERT_EQ(one.pairs[p].matches.size(), many.pairs[p].matches.size());
    for (size_t m = 0; m < one.pairs[p].matches.size(); ++m) {
      EXPECT_EQ(one.pairs[p].matches[m].x_j, many.pairs[p].matches[m].x_j);
      EXPECT_EQ(one.pairs[p].matches[m].confidence, many.pairs[p].matches[m].confidence);
    }
  }
  ASSERT_EQ(one.camera.world_from_cam.size(), many.camera.world_from_cam.size());
  for (size_t f = 0; f < one.camera.world_from_cam.size(); ++f) {
    EXPECT_EQ(one.camera.world_from_cam[f].translation[0], many.camera.world_from_cam[f].translation[0]);
  }
}

// Through the pipeline, as `foothold label --perception networks` does: a label that keeps every rule, the
// same bytes for any number of threads, with the checksums of all networks in its provenance.
TEST_F(NetworkPerception, MakesLabelsThatSayWhereTheyCameFrom) {
  const TemporaryFolder networks;
  LabelOptions options;
  options.perception.name = "networks";
  options.networks = WriteStubNetworks(networks, {});
  options.josh.max_iterations = 3;
  std::vector<std::string> bytes;
  std::string provenance;
  for (const int threads : {1, 3}) {
    const PerceptionMaker maker = MakeNetworkPerception(options.networks);
    options.run.threads = threads;
    VideoTask task;
    task.path = video_;
    task.output_dir = networks.File("labels" + std::to_string(threads));
    task.perception = &maker;
    const std::vector<ClipOutcome> outcomes = LabelVideo(task, *body_, options);
    ASSERT_EQ(outcomes.size(), 1u);
    ASSERT_EQ(outcomes[0].status, ClipOutcome::Status::kDone) << outcomes[0].reason << outcomes[0].message;
    EXPECT_EQ(labels::ValidateLabel(outcomes[0].label_path).problems, std::vector<std::string>());
    const labels::Label label = labels::ReadLabel(outcomes[0].label_path);
    provenance = label.provenance.options;
    EXPECT_EQ(label.provenance.perception, "networks 1");
    bytes.push_back(BytesOf(outcomes[0].label_path));
  }
  EXPECT_EQ(bytes[0], bytes[1]);
  for (const char* part : {"# networks: torch ",
                           "# networks: mast3r ",
                           "# networks: detect .pt sha256 ",
                           "# networks: mask none"}) {
    EXPECT_NE(provenance.find(part), std::string::npos) << part << " in " << provenance;
  }
  // Where the files lie is no part of it.
  EXPECT_EQ(provenance.find(options.networks.modules), std::string::npos);
  const std::string before = MakeNetworkPerception(options.networks).identity;
  WriteTinyMast3r(options.networks.mast3r, 8);
  EXPECT_NE(MakeNetworkPerception(options.networks).identity, before);
}

TEST_F(NetworkPerception, LongVideosAreSeenInParts) {
  const TemporaryFolder folder;
  LabelOptions options;
  options.run.threads = 2;
  options.video.part_frames = 30;
  options.video.part_overlap_frames = 15;
  options.perception.name = "networks";
  options.perception.keyframe_interval = 7;
  options.networks = WriteStubNetworks(folder, {});
  options.networks.window = 2;
  options.josh.max_iterations = 2;
  const PerceptionMaker maker = MakeNetworkPerception(options.networks);
  VideoTask task;
  task.path = WriteSmallVideo(folder.File("videos"), {.num_frames = 70, .width = 128, .height = 96});
  task.output_dir = folder.File("labels");
  task.perception = &maker;
  const std::vector<ClipOutcome> outcomes = LabelVideo(task, *body_, options);
  ASSERT_EQ(outcomes.size(), 1u);
  ASSERT_EQ(outcomes[0].status, ClipOutcome::Status::kDone) << outcomes[0].reason << outcomes[0].message;
  EXPECT_EQ(outcomes[0].num_frames, 70);
  EXPECT_FALSE(HasFlag(outcomes[0].flags, "parts_missing"));
  EXPECT_EQ(labels::ValidateLabel(outcomes[0].label_path).problems, std::vector<std::string>());
}

TEST_F(NetworkPerception, NobodyIsAReasonNotACrash) {
  const TemporaryFolder networks;
  StubPerson nobody;
  nobody.score = 0.1;
  const NetworkOptions options = WriteStubNetworks(networks, nobody);
  ExpectError(ErrorKind::kBadInput, {"no_people"}, [&] { See(options, 1); });
  StubPerson nowhere;
  nowhere.body_size = 0;
  ExpectError(ErrorKind::kBadInput, {"no_people"}, [&] { See(WriteStubNetworks(networks, nowhere), 1); });
}

TEST_F(NetworkPerception, NamesWhatIsMissing) {
  const TemporaryFolder networks;
  const NetworkOptions good = WriteStubNetworks(networks, {});
  NetworkOptions options = good;
  options.mast3r.clear();
  ExpectError(
      ErrorKind::kUsage, {"networks.mast3r is missing", "docs/networks.md"}, [&] { See(options, 1); });
  options = good;
  options.modules = networks.File("elsewhere");
  ExpectError(ErrorKind::kUsage, {"networks.modules", "elsewhere", "no folder"}, [&] { See(options, 1); });
  options = good;
  options.mast3r = networks.File("none.safetensors");
  ExpectError(ErrorKind::kBadInput, {"none.safetensors"}, [&] { See(options, 1); });
  for (const char* role : {"detect", "body"}) {
    const std::string path = good.modules + "/" + role + ".pt";
    fs::rename(path, path + "2");
    ExpectError(ErrorKind::kBadInput, {std::string(role) + ".pt2"}, [&] { See(good, 1); });
    fs::rename(path + "2", path + "3");
    ExpectError(ErrorKind::kBadInput, {std::string("has neither ") + role + ".pt"}, [&] { See(good, 1); });
    fs::rename(path + "3", path);
  }
  fs::copy_file(good.modules + "/body.pt", good.modules + "/body.pt2");
  ExpectError(ErrorKind::kBadInput, {"both body.pt and body.pt2"}, [&] { See(good, 1); });
}

TEST_F(NetworkPerception, NamesTheNetworkThatMakesNonsense) {
  const TemporaryFolder networks;
  const NetworkOptions options = WriteStubNetworks(networks, {});
  const auto expect = [&](ErrorKind kind, const std::vector<std::string>& parts) {
    ExpectError(kind, parts, [&] { See(options, 2); });
  };
  const std::string images =
      R"("inputs": [{"name": "images", "type": "F32", "shape": ["N", 3, "H", "W"]}], "outputs": )";
  const std::string points = images + R"([{"name": "points", "type": "F32", "shape": ["N", "H", "W", 3]}])";
  WriteStub(options,
            "depth",
            "def forward(self, images):\n  return (images / (images - images)).permute([0, 2, 3, 1])\n",
            points);
  expect(ErrorKind::kBadInput, {"depth.pt", "'points'", "not finite"});
  WriteStub(options,
            "depth",
            "def forward(self, images):\n  return images[:, :, 1:].permute([0, 2, 3, 1])\n",
            points);
  expect(ErrorKind::kUsage, {"depth.pt", "'points' is F32", "H is"});
  fs::remove(options.modules + "/depth.pt");
  WriteContactStub(options, 17);
  expect(ErrorKind::kUsage, {"contact.pt", "has 17 vertices", "--body"});
  fs::remove(options.modules + "/contact.pt");
  WriteStub(options,
            "detect",
            "def forward(self, images):\n"
            "  n = images.size(0)\n"
            "  return torch.zeros([n, 1, 4]), torch.full([n, 1], 3.0)\n",
            images + R"([{"name": "boxes", "type": "F32", "shape": ["N", "D", 4]},)" +
                R"( {"name": "scores", "type": "F32", "shape": ["N", "D"]}])");
  expect(ErrorKind::kUsage, {"detect.pt", "'scores' must be 0 to 1"});
  WriteStubNetworks(networks, {});
  WriteStub(options,
            "body",
            "def forward(self, crops):\n"
            "  n = crops.size(0)\n"
            "  return torch.ones([n, 24, 3, 3]), torch.zeros([n, 10]), torch.ones([n, 3])\n",
            R"("inputs": [{"name": "crops", "type": "F32", "shape": ["N", 3, 64, 64]}], "outputs": )"
            R"([{"name": "rotations", "type": "F32", "shape": ["N", 24, 3, 3]},)"
            R"( {"name": "shape", "type": "F32", "shape": ["N", 10]},)"
            R"( {"name": "camera", "type": "F32", "shape": ["N", 3]}])");
  expect(ErrorKind::kUsage, {"body.pt", "'rotations'", "no rotation"});
}

// Weights that are not numbers are found where they show.
TEST_F(NetworkPerception, NamesDamagedWeights) {
  const TemporaryFolder networks;
  const NetworkOptions options = WriteStubNetworks(networks, {});
  ParameterSet parameters;
  const Mast3rConfig config = Mast3rConfig::Tiny();
  const Mast3r network(Scope(&parameters), config);
  parameters.Initialise(7);
  // Finite, but too large for what follows.
  parameters.Entry("dec_norm.weight").tensor.fill_(1e30);
  parameters.Save(options.mast3r, {{"config", ToJson(config)}}, true);
  ExpectError(
      ErrorKind::kBadInput, {"mast3r.safetensors", "not finite", "damaged"}, [&] { See(options, 1); });
}

}  // namespace
}  // namespace foothold
