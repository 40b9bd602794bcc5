// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "video/test_frames.h"

namespace foothold {
namespace {

VideoProbe FakeProbe(int count) {
  VideoProbe probe;
  probe.path = "/videos/walk.mp4";
  probe.content_hash = "0123456789abcdef0123456789abcdef";
  probe.width = 640;
  probe.height = 360;
  probe.frame_rate_hz = 25;
  for (int i = 0; i < count; ++i) probe.time_s.push_back(0.04 * i);
  return probe;
}

TEST(MakeClips, WholeVideoIsOneClip) {
  const std::vector<Clip> clips = MakeClips(FakeProbe(50), 0, -1, {});
  ASSERT_EQ(clips.size(), 1u);
  EXPECT_EQ(clips[0].name, "walk");
  EXPECT_EQ(clips[0].num_frames(), 50);
  EXPECT_NEAR(clips[0].frame_rate_hz, 25, 1e-9);
  EXPECT_EQ(clips[0].id.size(), 32u);
  EXPECT_EQ(clips[0].working_from_source.width, 512);
}

TEST(MakeClips, SplitsAtCutsAndGapsAndDropsShortPieces) {
  VideoProbe probe = FakeProbe(60);
  probe.cuts = {20, 23};
  for (int i = 40; i < 60; ++i) probe.time_s[i] += 1;
  const std::vector<Clip> clips = MakeClips(probe, 0, -1, {});
  ASSERT_EQ(clips.size(), 3u);
  EXPECT_EQ(clips[0].first_frame, 0);
  EXPECT_EQ(clips[0].num_frames(), 20);
  EXPECT_EQ(clips[1].first_frame, 23);
  EXPECT_EQ(clips[1].name, "walk_000023");
  EXPECT_EQ(clips[2].first_frame, 40);
  EXPECT_NEAR(clips[2].time_s.front(), 2.6, 1e-9);
  VideoOptions whole;
  whole.split_at_cuts = false;
  EXPECT_EQ(MakeClips(probe, 0, -1, whole).size(), 2u);  // The gap stays.
}

TEST(MakeClips, IdDependsOnSourceAndRangeOnly) {
  VideoProbe probe = FakeProbe(50);
  const std::string id = MakeClips(probe, 5, 45, {})[0].id;
  probe.path = "/elsewhere/other name.mp4";
  EXPECT_EQ(MakeClips(probe, 5, 45, {})[0].id, id);
  EXPECT_NE(MakeClips(probe, 5, 44, {})[0].id, id);
  EXPECT_NE(MakeClips(probe, 6, 45, {})[0].id, id);
  probe.content_hash[0] = 'f';
  EXPECT_NE(MakeClips(probe, 5, 45, {})[0].id, id);
}

TEST(MakeClips, BadRanges) {
  const VideoProbe probe = FakeProbe(50);
  EXPECT_THROW(MakeClips(probe, -1, 10, {}), Error);
  EXPECT_THROW(MakeClips(probe, 10, 10, {}), Error);
  EXPECT_THROW(MakeClips(probe, 0, 51, {}), Error);
  EXPECT_EQ(test::ReasonOf([&] { MakeClips(probe, 0, 3, {}); }), "video_too_short");
}

TEST(FrameReader, ReadsExactlyTheClip) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "sliding.avi";  // Lossless.
  const std::vector<ImageU8> frames = test::SlidingScene(1).Frames(24);
  WriteVideo(path, 25, frames);
  const Clip clip = MakeClips(ProbeVideo(path, {}), 7, 19, {})[0];
  FrameReader reader(clip);
  ImageU8 frame;
  for (int i = 7; i < 19; ++i) {
    ASSERT_TRUE(reader.Next(&frame));
    EXPECT_EQ(frame.data, frames[i].data) << i;
  }
  EXPECT_FALSE(reader.Next(&frame));
}

// Clips that overlap, one after another, whether or not their decoders started ahead.
TEST(FrameReaders, GiveTheFramesThatAReaderOfItsOwnGives) {
  const test::TemporaryFolder folder;
  const std::string video = folder / "long.avi";
  WriteVideo(video, 25, test::SlidingScene(2).Frames(60));
  const Clip whole = MakeClips(ProbeVideo(video, {}), 0, -1, {})[0];
  const std::vector<Clip> clips = {
      SubClip(whole, 0, 20), SubClip(whole, 15, 35), SubClip(whole, 30, 50), SubClip(whole, 40, 60)};
  FrameReaders readers;
  readers.Expect(clips);
  for (const Clip& clip : {clips[0], clips[1], clips[3], clips[2], clips[0]}) {
    std::unique_ptr<FrameReader> pooled = readers.Take(clip);
    FrameReader own(clip);
    ImageU8 a, b;
    int count = 0;
    for (; own.Next(&a); ++count) {
      ASSERT_TRUE(pooled->Next(&b));
      EXPECT_EQ(a.data, b.data) << clip.name << " frame " << count;
    }
    EXPECT_EQ(count, clip.num_frames());
    EXPECT_FALSE(pooled->Next(&b));
    readers.Return(std::move(pooled), clip);
  }
}

TEST(FrameReader, FileThatShrankIsAnError) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "sliding.avi";
  WriteVideo(path, 25, test::SlidingScene(1).Frames(24));
  const Clip clip = MakeClips(ProbeVideo(path, {}), 0, -1, {})[0];
  WriteVideo(path, 25, test::SlidingScene(1).Frames(20));
  FrameReader reader(clip);
  EXPECT_EQ(test::ReasonOf([&] {
              ImageU8 frame;
              while (reader.Next(&frame)) {
              }
            }),
            "video_truncated");
}

}  // namespace
}  // namespace foothold
