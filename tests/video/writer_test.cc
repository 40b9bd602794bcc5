// SPDX-License-Identifier: Apache-2.0
#include "video/test_frames.h"

namespace foothold {
namespace {

TEST(WriteVideo, Mp4IsCloseAndTimed) {
  const test::TemporaryFolder folder;
  const std::vector<ImageU8> frames = test::SlidingScene(1).Frames(20);
  WriteVideo(folder / "a.mp4", 30, frames);
  const VideoProbe probe = ProbeVideo(folder / "a.mp4", {});
  ASSERT_EQ(probe.time_s.size(), 20u);
  EXPECT_NEAR(probe.time_s[19], 19 / 30.0, 1e-3);
  EXPECT_NEAR(probe.frame_rate_hz, 30, 0.05);
  EXPECT_TRUE(probe.flags.empty()) << probe.flags.front();
  EXPECT_TRUE(probe.cuts.empty());
  FrameReader reader(MakeClips(probe, 0, -1, {})[0]);
  ImageU8 frame;
  for (const ImageU8& truth : frames) {
    ASSERT_TRUE(reader.Next(&frame));
    double sum = 0;
    for (size_t k = 0; k < truth.data.size(); ++k) sum += std::pow(frame.data[k] - truth.data[k], 2);
    EXPECT_LT(std::sqrt(sum / truth.data.size()), 5);  // Above 34 dB.
  }
}

TEST(WriteVideo, EqualFramesGiveEqualBytes) {
  const test::TemporaryFolder folder;
  const std::vector<ImageU8> frames = test::SlidingScene(2).Frames(10);
  for (const char* extension : {".mp4", ".avi"}) {
    WriteVideo(folder / ("a" + std::string(extension)), 29.97, frames);
    WriteVideo(folder / ("b" + std::string(extension)), 29.97, frames);
    const std::string bytes = test::ReadBytes(folder / ("a" + std::string(extension)));
    EXPECT_FALSE(bytes.empty());
    EXPECT_EQ(bytes, test::ReadBytes(folder / ("b" + std::string(extension))));
  }
}

TEST(WriteVideo, BadTargetsAndFrames) {
  const test::TemporaryFolder folder;
  const std::vector<ImageU8> frames = test::SlidingScene(2).Frames(3);
  try {
    WriteVideo(folder / "no/such/folder/a.mp4", 30, frames);
    FAIL() << "wrote into a folder that is not there";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
  }
  EXPECT_THROW(WriteVideo(folder / "a.gif", 30, frames), Error);
  EXPECT_THROW(WriteVideo(folder / "a.mp4", 30, {}), Error);
  EXPECT_THROW(WriteVideo(folder / "a.mp4", 30, {ImageU8(33, 32, 3)}), Error);
  EXPECT_THROW(WriteVideo(folder / "a.mp4", 30, {frames[0], ImageU8(32, 32, 3)}), Error);
  EXPECT_FALSE(std::filesystem::exists(folder / "a.mp4"));
}

}  // namespace
}  // namespace foothold
