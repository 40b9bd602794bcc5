// SPDX-License-Identifier: Apache-2.0
// Files as the web has them. Those that only an encoder's command line can make are made with ffmpeg
// where it is installed, and skipped loudly elsewhere.
#include <array>
#include <cstdio>

#include "video/test_frames.h"

namespace foothold {
namespace {

using test::HasFlag;
using test::ReasonOf;

class HostileFiles : public testing::Test {
 protected:
  std::string ReasonOfProbe(const std::string& path) {
    return ReasonOf([&] { ProbeVideo(path, {}); });
  }
  // 60 frames, 30 Hz, index in front of the frames (as streaming sites write them).
  std::string GoodMp4() {
    const std::string path = folder_ / "good.mp4";
    WriteVideo(path, 30, test::SlidingScene(1).Frames(60));
    return path;
  }
  // Runs ffmpeg; false when it is not installed.
  bool Ffmpeg(const std::string& arguments) {
    if (std::system("command -v ffmpeg >/dev/null 2>&1") != 0) return false;
    const std::string command =
        "ffmpeg -hide_banner -loglevel error -nostdin -y " + arguments + " 2>/dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return true;
  }
  // 6 s of test picture at 30 Hz with B-frames.
  static std::string Source() { return "-f lavfi -i testsrc=s=320x240:r=30:d=6 "; }
  static std::string Encode() { return "-c:v libx264 -pix_fmt yuv420p -g 60 -bf 2 "; }

  test::TemporaryFolder folder_;
};

#define FOOTHOLD_NEED_FFMPEG(arguments) \
  if (!Ffmpeg(arguments)) GTEST_SKIP() << "NOT TESTED: the ffmpeg program is not installed"

TEST_F(HostileFiles, Missing) { EXPECT_EQ(ReasonOfProbe(folder_ / "nothing.mp4"), "video_missing"); }

TEST_F(HostileFiles, Folder) { EXPECT_EQ(ReasonOfProbe(folder_ / "."), "video_unreadable"); }

TEST_F(HostileFiles, Empty) {
  test::WriteBytes(folder_ / "empty.mp4", "");
  EXPECT_EQ(ReasonOfProbe(folder_ / "empty.mp4"), "video_empty");
}

TEST_F(HostileFiles, TextNamedMp4) {
  test::WriteBytes(folder_ / "text.mp4", "This is not a video.\nIt says so itself.\n");
  EXPECT_EQ(ReasonOfProbe(folder_ / "text.mp4"), "video_unreadable");
}

TEST_F(HostileFiles, PlaylistsAreNotFollowed) {
  GoodMp4();
  for (const char* text : {"#EXTM3U\n#EXTINF:2,\ngood.mp4\n", "ffconcat version 1.0\nfile good.mp4\n"}) {
    test::WriteBytes(folder_ / "list.mp4", text);
    EXPECT_EQ(ReasonOfProbe(folder_ / "list.mp4"), "video_unreadable");
  }
}

TEST_F(HostileFiles, TextNamedMp4IsQuiet) {
  test::WriteBytes(folder_ / "text.mp4", "This is not a video.\n");
  testing::internal::CaptureStderr();
  EXPECT_EQ(ReasonOfProbe(folder_ / "text.mp4"), "video_unreadable");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(HostileFiles, IndexCutOff) {
  const std::string bytes = test::ReadBytes(GoodMp4());
  const std::string path = folder_ / "half.mp4";  // The index is at the end: nothing can be read.
  test::WriteBytes(path, bytes.substr(0, bytes.size() / 2));
  EXPECT_EQ(ReasonOfProbe(path), "video_unreadable");
}

TEST_F(HostileFiles, TruncatedAvi) {
  const std::string whole = folder_ / "whole.avi";
  WriteVideo(whole, 30, test::SlidingScene(1).Frames(60));
  const std::string bytes = test::ReadBytes(whole);
  const std::string path = folder_ / "truncated.avi";
  test::WriteBytes(path, bytes.substr(0, bytes.size() / 2));
  const VideoProbe probe = ProbeVideo(path, {});
  EXPECT_TRUE(HasFlag(probe, "video_truncated"));
  EXPECT_GT(probe.time_s.size(), 20u);
  EXPECT_LT(probe.time_s.size(), 40u);
  EXPECT_EQ(probe.container_frames, 60);
  // What is there can be read as a clip.
  const Clip clip = MakeClips(probe, 0, -1, {})[0];
  EXPECT_EQ(clip.source_flags, probe.flags);
  FrameReader reader(clip);
  ImageU8 frame;
  int count = 0;
  while (reader.Next(&frame)) ++count;
  EXPECT_EQ(count, clip.num_frames());
}

TEST_F(HostileFiles, OneFrame) {
  WriteVideo(folder_ / "one.mp4", 30, test::SlidingScene(1).Frames(1));
  EXPECT_EQ(ReasonOfProbe(folder_ / "one.mp4"), "video_too_short");
}

TEST_F(HostileFiles, SixteenBySixteen) {
  WriteVideo(folder_ / "tiny.mp4", 30, test::SlidingScene(1).Frames(20, 16, 16));
  EXPECT_EQ(ReasonOfProbe(folder_ / "tiny.mp4"), "video_too_small");
}

TEST_F(HostileFiles, DamagedBytesAreReported) {
  std::string bytes = test::ReadBytes(GoodMp4());
  for (size_t i = bytes.size() * 2 / 5; i < bytes.size() / 2; ++i) bytes[i] = static_cast<char>(i * 7919);
  test::WriteBytes(folder_ / "damaged.mp4", bytes);
  const VideoProbe probe = ProbeVideo(folder_ / "damaged.mp4", {});
  EXPECT_TRUE(HasFlag(probe, "decode_errors"));
}

// Any damage gives a reason or a probe that can be read to its end; never a crash.
TEST_F(HostileFiles, SweepOfByteDamage) {
  const std::string bytes = test::ReadBytes(GoodMp4());
  RandomStream random(1, "damage");
  for (int round = 0; round < 60; ++round) {
    std::string damaged = bytes;
    const int flips = random.UniformInt(1, 40);
    // Half of the rounds hit the index, which is at the end.
    const int low = round % 2 == 0 ? static_cast<int>(bytes.size()) - 1500 : 0;
    for (int k = 0; k < flips; ++k) {
      damaged[random.UniformInt(low, static_cast<int>(bytes.size()) - 1)] =
          static_cast<char>(random.UniformInt(0, 255));
    }
    const std::string path = folder_ / "damaged.mp4";
    test::WriteBytes(path, damaged);
    try {
      const VideoProbe probe = ProbeVideo(path, {});
      for (size_t i = 1; i < probe.time_s.size(); ++i) ASSERT_GT(probe.time_s[i], probe.time_s[i - 1]);
      for (const Clip& clip : MakeClips(probe, 0, -1, {})) {
        FrameReader reader(clip);
        ImageU8 frame;
        while (reader.Next(&frame)) ASSERT_EQ(frame.width, probe.width);
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kBadInput) << error.what();
      EXPECT_FALSE(error.reason().empty()) << error.what();
    }
  }
}

TEST_F(HostileFiles, DrainedFramesGetTimes) {
  FOOTHOLD_NEED_FFMPEG(Source() + Encode() + folder_ / "cfr.mp4");
  const VideoProbe probe = ProbeVideo(folder_ / "cfr.mp4", {});
  ASSERT_EQ(probe.time_s.size(), 180u);
  for (int i = 0; i < 180; ++i) EXPECT_NEAR(probe.time_s[i], i / 30.0, 1e-3);
  EXPECT_TRUE(probe.flags.empty());
}

TEST_F(HostileFiles, VariableRate) {
  const std::string select = "-vf \"select='if(lt(n,60),1,not(mod(n,3)))'\" -vsync vfr ";
  for (const char* name : {"vfr.mp4", "vfr.mkv"}) {
    FOOTHOLD_NEED_FFMPEG(Source() + select + Encode() + folder_ / name);
    const VideoProbe probe = ProbeVideo(folder_ / name, {});
    ASSERT_EQ(probe.time_s.size(), 100u);
    EXPECT_TRUE(HasFlag(probe, "variable_rate")) << name;
    EXPECT_FALSE(HasFlag(probe, "video_truncated")) << name;
    EXPECT_FALSE(HasFlag(probe, "time_gap")) << name;
    EXPECT_NEAR(probe.time_s[59], 59 / 30.0, 2e-3) << name;
    EXPECT_NEAR(probe.time_s[90], 5.0, 2e-3) << name;
    EXPECT_NEAR(probe.time_s[99], 5.9, 2e-3) << name;
  }
}

TEST_F(HostileFiles, Rotated) {
  FOOTHOLD_NEED_FFMPEG(Source() + Encode() + folder_ / "flat.mp4");
  Ffmpeg("-i " + folder_ / "flat.mp4" + " -c copy -metadata:s:v rotate=90 " + folder_ / "rotated.mp4");
  const VideoProbe probe = ProbeVideo(folder_ / "rotated.mp4", {});
  EXPECT_EQ(probe.rotation_deg, 90);
  EXPECT_EQ(probe.width, 240);
  EXPECT_EQ(probe.height, 320);
  const Clip clip = MakeClips(probe, 0, -1, {})[0];
  EXPECT_EQ(clip.working_from_source.width, 240);
  FrameReader reader(clip);
  ImageU8 frame;
  ASSERT_TRUE(reader.Next(&frame));
  EXPECT_EQ(frame.width, 240);
}

TEST_F(HostileFiles, StreamCopiedCutYieldsFewerFramesThanItClaims) {
  FOOTHOLD_NEED_FFMPEG(Source() + Encode() + folder_ / "whole.mp4");
  Ffmpeg("-ss 1.3 -i " + folder_ / "whole.mp4" + " -c copy " + folder_ / "cut.mp4");
  const VideoProbe probe = ProbeVideo(folder_ / "cut.mp4", {});
  EXPECT_TRUE(HasFlag(probe, "video_truncated"));
  EXPECT_EQ(probe.container_frames, 180);
  EXPECT_EQ(probe.time_s.size(), 141u);
  EXPECT_NEAR(probe.time_s.back(), 140 / 30.0, 1e-3);
}

TEST_F(HostileFiles, TruncatedFastStart) {
  FOOTHOLD_NEED_FFMPEG(Source() + Encode() + "-movflags faststart " + folder_ / "whole.mp4");
  const std::string bytes = test::ReadBytes(folder_ / "whole.mp4");
  test::WriteBytes(folder_ / "truncated.mp4", bytes.substr(0, bytes.size() / 2));
  const VideoProbe probe = ProbeVideo(folder_ / "truncated.mp4", {});
  EXPECT_TRUE(HasFlag(probe, "video_truncated"));
  EXPECT_EQ(probe.container_frames, 180);
  EXPECT_LT(probe.time_s.size(), 120u);
}

TEST_F(HostileFiles, MissingTimeSplitsTheVideo) {
  FOOTHOLD_NEED_FFMPEG(Source() + "-vf \"select='lt(n,60)+gt(n,120)'\" -vsync vfr " + Encode() +
                       folder_ / "gap.mp4");
  const VideoProbe probe = ProbeVideo(folder_ / "gap.mp4", {});
  EXPECT_TRUE(HasFlag(probe, "time_gap"));
  EXPECT_FALSE(HasFlag(probe, "variable_rate"));
  const std::vector<Clip> clips = MakeClips(probe, 0, -1, {});
  ASSERT_EQ(clips.size(), 2u);
  EXPECT_EQ(clips[1].first_frame, 60);
}

TEST_F(HostileFiles, DamagedTransportStream) {
  FOOTHOLD_NEED_FFMPEG(Source() + Encode() + folder_ / "whole.ts");
  std::string bytes = test::ReadBytes(folder_ / "whole.ts");
  for (size_t i = bytes.size() * 3 / 10; i < bytes.size() * 4 / 10; ++i)
    bytes[i] = static_cast<char>(i * 7919);
  test::WriteBytes(folder_ / "damaged.ts", bytes);
  const VideoProbe probe = ProbeVideo(folder_ / "damaged.ts", {});
  EXPECT_LT(probe.time_s.size(), 180u);
  EXPECT_TRUE(HasFlag(probe, "video_truncated"));
  EXPECT_NEAR(probe.time_s.back(), 179 / 30.0, 2e-3);  // Times behind the hole are still right.
}

TEST_F(HostileFiles, SoundOnly) {
  FOOTHOLD_NEED_FFMPEG("-f lavfi -i sine=d=1 -c:a aac " + folder_ / "sound.mp4");
  EXPECT_EQ(ReasonOfProbe(folder_ / "sound.mp4"), "video_unreadable");
}

}  // namespace
}  // namespace foothold
