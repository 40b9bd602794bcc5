// SPDX-License-Identifier: Apache-2.0
#include "foothold/video/sampler.h"

#include "support/tar_text.h"
#include "video/test_frames.h"

namespace foothold {
namespace {

std::vector<ImageU8> Scene(int count) { return test::SlidingScene(1).Frames(count); }

// The picture of the scene that is nearest.
int NearestFrame(const ImageU8& image, const std::vector<ImageU8>& frames) {
  int nearest = -1;
  double smallest = 1e300;
  for (size_t k = 0; k < frames.size(); ++k) {
    double sum = 0;
    for (size_t i = 0; i < image.data.size(); i += 7) {
      sum += std::abs(static_cast<int>(image.data[i]) - static_cast<int>(frames[k].data[i]));
    }
    if (sum < smallest) {
      smallest = sum;
      nearest = static_cast<int>(k);
    }
  }
  return nearest;
}

TEST(VideoSampler, PicturesInAnyOrder) {
  const test::TemporaryFolder folder;
  const std::vector<ImageU8> frames = Scene(200);
  for (const char* name : {"a.mp4", "a.avi"}) {
    WriteVideo(folder / name, 30, frames);
    VideoSampler sampler(folder / name);
    EXPECT_EQ(sampler.claims().num_frames, 200);
    EXPECT_NEAR(sampler.claims().frame_rate_hz, 30, 1e-6);
    EXPECT_FALSE(sampler.claims().codec.empty());
    ImageU8 image;
    for (const int frame : {0, 3, 3, 190, 20, 100, 199}) {
      ASSERT_TRUE(sampler.Read(frame, &image)) << name << " frame " << frame;
      EXPECT_NEAR(NearestFrame(image, frames), frame, 1) << name;
    }
    EXPECT_FALSE(sampler.Read(500, &image));
  }
}

TEST(VideoSampler, TimesAreThoseOfTheProbe) {
  const test::TemporaryFolder folder;
  WriteVideo(folder / "a.mp4", 25, Scene(150));
  int progress = 0;
  EXPECT_EQ(ReadFrameTimes(folder / "a.mp4", [&] { ++progress; }), ProbeVideo(folder / "a.mp4", {}).time_s);
  EXPECT_EQ(progress, 1);
}

TEST(VideoSampler, RefusesAsTheProbeDoes) {
  const test::TemporaryFolder folder;
  test::WriteBytes(folder / "text.mp4", "text");
  for (const char* name : {"no.mp4", "text.mp4", "."}) {
    const std::string expected = test::ReasonOf([&] { ProbeVideo(folder / name, {}); });
    EXPECT_EQ(test::ReasonOf([&] { VideoSampler sampler(folder / name); }), expected);
    EXPECT_EQ(test::ReasonOf([&] { ReadFrameTimes(folder / name, [] {}); }), expected);
  }
}

TEST(TarMember, IsReadWhereItLies) {
  const test::TemporaryFolder folder;
  WriteVideo(folder / "walk.mp4", 30, Scene(40));
  test::WriteBytes(folder / "s.tar",
                   TarEntry("text.mp4", "text") +
                       TarEntry("d/walk.mp4", test::ReadBytes(folder / "walk.mp4")) +
                       TarEntry("empty.mp4", "") + TarEnd());
  const VideoProbe file = ProbeVideo(folder / "walk.mp4", {}),
                   member = ProbeVideo(folder / "s.tar/d/walk.mp4", {});
  EXPECT_EQ(member.content_hash, file.content_hash);
  EXPECT_EQ(member.time_s, file.time_s);
  EXPECT_EQ(member.path, folder / "s.tar/d/walk.mp4");
  const Clip clip = MakeClips(member, 10, -1, {})[0];
  EXPECT_EQ(clip.name, "walk");
  FrameReader reader(clip), of_file(MakeClips(file, 10, -1, {})[0]);
  ImageU8 a, b;
  int count = 0;
  for (; reader.Next(&a); ++count) {
    ASSERT_TRUE(of_file.Next(&b));
    ASSERT_EQ(a.data, b.data);
  }
  EXPECT_EQ(count, 30);
  const auto reason = [&](const std::string& name) {
    return test::ReasonOf([&] { ProbeVideo(folder / name, {}); });
  };
  EXPECT_EQ(reason("s.tar/no.mp4"), "video_missing");
  EXPECT_EQ(reason("s.tar/text.mp4"), "video_unreadable");
  EXPECT_EQ(reason("s.tar/empty.mp4"), "video_empty");
  EXPECT_EQ(reason("no.tar/x.mp4"), "video_missing");
}

}  // namespace
}  // namespace foothold
