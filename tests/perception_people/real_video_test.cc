// SPDX-License-Identifier: Apache-2.0
// People of a real video (moving camera), where it is at hand: FOOTHOLD_VIDEO_DIR, by default
// ../shared/data/video beside the repository, with promenade.mp4 and promenade_tracks.csv. The first
// 30 frames by default; all of them with FOOTHOLD_TEST_ALL=1.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "foothold/perception/classical/people.h"
#include "foothold/video/video.h"
#include "perception_people/track_score.h"

namespace foothold {
namespace {

std::string VideoFolder() {
  const char* folder = std::getenv("FOOTHOLD_VIDEO_DIR");
  return folder != nullptr ? folder : FOOTHOLD_SOURCE_DIR "/../shared/data/video";
}

TEST(RealVideo, MainWalkersAreFollowedWithoutASwitch) {
  const std::string video = VideoFolder() + "/promenade.mp4";
  if (!std::filesystem::exists(video)) {
    GTEST_SKIP() << "NOT TESTED: " << video << " is not there; set FOOTHOLD_VIDEO_DIR";
  }
  const int num_frames = std::getenv("FOOTHOLD_TEST_ALL") != nullptr ? 100 : 30;
  const Clip clip = MakeClips(ProbeVideo(video, {}), 0, num_frames, {}).front();
  const ClipFrames frames = ClipFrames::Decode(clip, {}, {});
  const std::vector<PersonTrack> tracks = TrackPeople(frames, CameraRegime::kParallax, {}, 2, nullptr);
  const test::TrackScore score =
      test::ScoreTracks(test::ReadTrueTracks(VideoFolder() + "/promenade_tracks.csv", 0, num_frames), tracks);
  ASSERT_EQ(score.people.size(), 4u);
  for (const test::PersonScore& person : score.people) {
    // One walker is hidden behind another in the first frames.
    EXPECT_GE(person.found, 0.85 * num_frames) << "person " << person.true_id;
    EXPECT_EQ(person.switches, 0) << "person " << person.true_id;
  }
  for (const PersonTrack& track : tracks) {
    ASSERT_EQ(track.frames.size(), track.boxes_px.size());
    ASSERT_EQ(track.frames.size(), track.scores.size());
    ASSERT_EQ(track.frames.size(), track.detected.size());
    for (size_t k = 0; k < track.frames.size(); ++k) {
      EXPECT_EQ(track.frames[k], track.frames.front() + static_cast<int>(k));
      EXPECT_GE(track.scores[k], 0);
      EXPECT_LE(track.scores[k], 1);
    }
  }
}

TEST(RealVideo, ThreadsDoNotChangeTracks) {
  const std::string video = VideoFolder() + "/promenade.mp4";
  if (!std::filesystem::exists(video)) {
    GTEST_SKIP() << "NOT TESTED: " << video << " is not there; set FOOTHOLD_VIDEO_DIR";
  }
  const Clip clip = MakeClips(ProbeVideo(video, {}), 30, 40, {}).front();
  const ClipFrames frames = ClipFrames::Decode(clip, {}, {});
  PeopleOptions options;
  options.min_hits = 3;  // Of four looks.
  const std::vector<PersonTrack> one = TrackPeople(frames, CameraRegime::kParallax, options, 1, nullptr);
  const std::vector<PersonTrack> three = TrackPeople(frames, CameraRegime::kParallax, options, 3, nullptr);
  ASSERT_GE(one.size(), 3u);
  ASSERT_EQ(one.size(), three.size());
  for (size_t t = 0; t < one.size(); ++t) {
    ASSERT_EQ(one[t].frames, three[t].frames);
    ASSERT_EQ(one[t].scores, three[t].scores);
    for (size_t k = 0; k < one[t].frames.size(); ++k) {
      EXPECT_EQ(one[t].boxes_px[k].x, three[t].boxes_px[k].x);
      EXPECT_EQ(one[t].boxes_px[k].y, three[t].boxes_px[k].y);
      EXPECT_EQ(one[t].boxes_px[k].height, three[t].boxes_px[k].height);
    }
  }
}

}  // namespace
}  // namespace foothold
