// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/synthetic_dataset.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "foothold/base/atomic_file.h"
#include "foothold/perception/perception.h"
#include "foothold/video/video.h"
#include "labels/body_file.h"
#include "labels/label.h"
#include "labels/observation_file.h"
#include "labels/validator.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

SyntheticDataset SmallDataset(const std::string& dir) {
  SyntheticDataset dataset;
  dataset.dir = dir;
  dataset.num_clips = 2;
  dataset.seed = 5;
  dataset.options.num_frames = 12;
  dataset.options.width = 160;
  dataset.options.height = 128;
  return dataset;
}

TEST(SyntheticDataset, FilesDescribeTheVideoThatWasWritten) {
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  const TemporaryFolder folder;
  const SyntheticDataset dataset = SmallDataset(folder.path() + "/made");
  const std::vector<std::string> videos = WriteSyntheticDataset(dataset, body, 2);
  ASSERT_EQ(videos.size(), 2u);
  for (const std::string& video : videos) {
    const std::string stem = video.substr(0, video.size() - 4);
    // As `foothold label` would see it.
    const VideoOptions options;
    const std::vector<Clip> clips = MakeClips(ProbeVideo(video, options), 0, -1, options);
    ASSERT_EQ(clips.size(), 1u);
    const Observations noisy = labels::ReadObservations(stem + ".observations.h5");
    EXPECT_EQ(noisy.clip.id, clips[0].id);
    EXPECT_EQ(noisy.clip.source_hash, clips[0].source_hash);
    EXPECT_EQ(noisy.clip.time_s, clips[0].time_s);
    EXPECT_EQ(noisy.clip.working_from_source.width, clips[0].working_from_source.width);
    EXPECT_EQ(noisy.clip.working_from_source.scale_x, 1);
    EXPECT_EQ(noisy.clip.working_from_source.offset_x_px, 0);
    EXPECT_TRUE(labels::ValidateLabel(stem + ".truth.h5").problems.empty());
    const labels::Label truth = labels::ReadLabel(stem + ".truth.h5");
    EXPECT_EQ(truth.kind, "truth");
    EXPECT_EQ(truth.clip.id, clips[0].id);
    EXPECT_EQ(static_cast<int>(truth.reconstruction.world_from_cam.size()), dataset.options.num_frames);

    // Back ends that read the folder.
    for (const char* name : {"recorded", "synthetic"}) {
      PerceptionOptions perception;
      perception.name = name;
      const Observations read = MakePerception(perception)->Observe(clips[0], body, 1, nullptr);
      EXPECT_EQ(read.keyframes.size(), noisy.keyframes.size()) << name;
      EXPECT_EQ(read.camera.metric, std::string(name) == "synthetic");
    }
  }
}

TEST(SyntheticDataset, VideoShowsTheRenderedFrames) {
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  const TemporaryFolder folder;
  SyntheticDataset dataset = SmallDataset(folder.path());
  dataset.num_clips = 1;
  const std::string video = WriteSyntheticDataset(dataset, body, 1)[0];
  const SyntheticClip clip = MakeSyntheticClip(body, dataset.options, "synth_5", dataset.seed);
  const VideoOptions options;
  FrameReader reader(MakeClips(ProbeVideo(video, options), 0, -1, options)[0]);
  ImageU8 decoded;
  for (int frame = 0; frame < dataset.options.num_frames; ++frame) {
    ASSERT_TRUE(reader.Next(&decoded));
    const ImageU8 rendered = RenderFrame(clip, body, frame).color;
    ASSERT_EQ(decoded.data.size(), rendered.data.size());
    double squares = 0;
    for (size_t i = 0; i < decoded.data.size(); ++i) squares += std::pow(decoded.data[i] - rendered.data[i], 2);
    EXPECT_LT(std::sqrt(squares / static_cast<double>(decoded.data.size())), 12) << "frame " << frame;
  }
  EXPECT_FALSE(reader.Next(&decoded));
}

TEST(SyntheticDataset, SameBytesForAnyNumberOfThreads) {
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  const TemporaryFolder folder;
  SyntheticDataset dataset = SmallDataset(folder.path() + "/a");
  dataset.num_clips = 1;
  WriteSyntheticDataset(dataset, body, 1);
  WriteSyntheticDataset(dataset, body, 1);  // Replaces its own files.
  dataset.dir = folder.path() + "/b";
  WriteSyntheticDataset(dataset, body, 3);
  // The source path names the folder, so that only the other files are equal byte by byte.
  for (const char* name : {"synth_5.mp4", "synth_5.synthetic.conf"}) {
    EXPECT_EQ(ReadFile(folder.path() + "/a/" + name), ReadFile(folder.path() + "/b/" + name)) << name;
  }
  const Observations a = labels::ReadObservations(folder.path() + "/a/synth_5.observations.h5");
  const Observations b = labels::ReadObservations(folder.path() + "/b/synth_5.observations.h5");
  EXPECT_EQ(a.clip.id, b.clip.id);
  ASSERT_EQ(a.pairs.size(), b.pairs.size());
  for (size_t p = 0; p < a.pairs.size(); ++p) {
    ASSERT_EQ(a.pairs[p].matches.size(), b.pairs[p].matches.size());
    for (size_t m = 0; m < a.pairs[p].matches.size(); ++m) {
      ASSERT_EQ(a.pairs[p].matches[m].x_j, b.pairs[p].matches[m].x_j);
    }
  }
}

}  // namespace
}  // namespace foothold
