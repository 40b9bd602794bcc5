// SPDX-License-Identifier: Apache-2.0
// The geometric half on a real video with known boxes. The video may not be shipped: the test says so
// and skips where it is missing.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "foothold/perception/classical/assembly.h"
#include "foothold/video/video.h"
#include "labels/body_file.h"
#include "perception_people/track_score.h"

namespace foothold {
namespace {

constexpr int kFrames = 51;

// Where the video is; says so and is empty where it is not.
std::string PromenadeFolder() {
  const std::string folder = std::string(FOOTHOLD_SOURCE_DIR) + "/../shared/data/video/";
  if (std::filesystem::exists(folder + "promenade.mp4") &&
      std::filesystem::exists(folder + "promenade_tracks.csv")) {
    return folder;
  }
  std::cout << "*** SKIPPED: " << folder
            << "promenade.mp4 is not on this machine; the real-video test did not run ***\n";
  return {};
}

// Boxes "frame,id,x_px,y_px,width_px,height_px" of the first frames.
std::vector<PersonTrack> ReadTracks(const std::string& path) {
  std::ifstream file(path);
  std::map<int, PersonTrack> tracks;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream row(line);
    int frame, id;
    Box box;
    row >> frame >> id >> box.x >> box.y >> box.width >> box.height;
    if (frame >= kFrames) continue;
    PersonTrack& track = tracks[id];
    track.id = id;
    track.frames.push_back(frame);
    track.boxes_px.push_back(box);
    track.scores.push_back(1);
    track.detected.push_back(1);
  }
  std::vector<PersonTrack> result;
  for (auto& [id, track] : tracks) result.push_back(std::move(track));
  return result;
}

// From tracks of people and of the scene to observations of a moving camera.
Observations Observe(const Clip& clip,
                     const BodyModel& body,
                     const ClassicalOptions& options,
                     const std::vector<int>& keyframes,
                     ClipFrames frames,
                     std::vector<PersonTrack> tracks,
                     std::vector<FeatureTrack> features,
                     ClassicalFigures* figures) {
  PersonMasks masks =
      MaskPeople(frames, CameraRegime::kParallax, keyframes, options.people, 2, &tracks, nullptr);
  const ClipEvidence evidence{clip,
                              body,
                              options,
                              2,
                              nullptr,
                              std::move(frames),
                              keyframes,
                              std::move(tracks),
                              std::move(masks),
                              std::move(features)};
  return ObserveMovingView(evidence, SolveMovingView(evidence), figures);
}

TEST(RealVideo, PromenadeIsReconstructedInMetres) {
  const std::string folder = PromenadeFolder();
  if (folder.empty()) GTEST_SKIP();
  const std::string video = folder + "promenade.mp4", boxes = folder + "promenade_tracks.csv";
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  const VideoOptions video_options;
  const std::vector<Clip> clips = MakeClips(ProbeVideo(video, video_options), 0, kFrames, video_options);
  ASSERT_EQ(clips.size(), 1u);
  const Clip& clip = clips[0];
  const ClassicalOptions options;
  const std::vector<int> keyframes = KeyframesOf(clip, 0);
  ClipFrames frames = ClipFrames::Decode(clip, keyframes, options.frames);
  EXPECT_FALSE(IsStaticCamera(frames, options.regime, nullptr));
  std::vector<PersonTrack> tracks = ReadTracks(boxes);
  ASSERT_EQ(tracks.size(), 4u);
  std::vector<FeatureTrack> features = TrackFeatures(frames, tracks, keyframes, options.features);
  EXPECT_EQ(ClassifyMovingCamera(features, keyframes, clip.time_s, options.regime, nullptr),
            CameraRegime::kParallax);
  ClassicalFigures figures;
  const Observations observations = Observe(
      clip, body, options, keyframes, std::move(frames), std::move(tracks), std::move(features), &figures);
  CheckObservations(observations, "test");

  // Bounds of the design: one walking camera held at eye level, pedestrians around it.
  EXPECT_NEAR(figures.focal_px / 1920, 0.575, 0.06);
  EXPECT_NEAR(figures.k1, -0.12, 0.03);
  EXPECT_LT(figures.rms_px, 0.6);
  EXPECT_TRUE(figures.focal_observable);
  EXPECT_GT(figures.camera_height_m, 1.3);
  EXPECT_LT(figures.camera_height_m, 1.9);
  EXPECT_GT(figures.camera_speed_m_s, 1.2);
  EXPECT_LT(figures.camera_speed_m_s, 2.1);
  EXPECT_GT(figures.depth_coverage, 0.25);
  EXPECT_EQ(observations.pairs.size(), 10u * 11 / 2);
  ASSERT_EQ(figures.scale.people.size(), 4u);
  for (const PersonScale& person : figures.scale.people) {
    EXPECT_LT(person.spread, 0.04) << person.person;
    EXPECT_NEAR(person.median, figures.scale.scale, 0.1 * figures.scale.scale) << person.person;
  }
  EXPECT_LT(std::abs(figures.scale.trend), 0.03);
  ASSERT_EQ(observations.people.size(), 4u);
  for (const PersonFigures& person : figures.people) {
    EXPECT_GT(person.speed_m_s, 0.6) << person.id;
    EXPECT_LT(person.speed_m_s, 1.9) << person.id;
  }
  for (const PersonObservations& person : observations.people) {
    EXPECT_EQ(person.frames.size(), static_cast<size_t>(kFrames));
    EXPECT_EQ(person.contacts.size(), 2 * keyframes.size());
    // The body covers its box: pelvis inside, feet on the lower edge.
    for (const PersonFrame& frame : person.frames) {
      const Vec3d pelvis = RestPelvis(body, person.shape) + frame.body_in_cam.translation_m;
      const Vec2d pixel = Project(observations.camera.pinhole, pelvis);
      EXPECT_GT(pixel[0], frame.box_px.x);
      EXPECT_LT(pixel[0], frame.box_px.x + frame.box_px.width);
      EXPECT_GT(pixel[1], frame.box_px.y + 0.2f * frame.box_px.height);
      EXPECT_LT(pixel[1], frame.box_px.y + 0.7f * frame.box_px.height);
    }
  }
}

// The goals of docs/results.md, from the pictures alone: nobody's boxes are given.
TEST(RealVideo, PromenadeReachesItsGoalsWithItsOwnTracks) {
  const std::string folder = PromenadeFolder();
  if (folder.empty()) GTEST_SKIP();
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  const VideoOptions video_options;
  const std::vector<Clip> clips =
      MakeClips(ProbeVideo(folder + "promenade.mp4", video_options), 0, -1, video_options);
  ASSERT_EQ(clips.size(), 1u);
  const Clip& clip = clips[0];
  ASSERT_EQ(clip.num_frames(), 100);
  const ClassicalOptions options;
  const std::vector<int> keyframes = KeyframesOf(clip, 0);
  ClipFrames frames = ClipFrames::Decode(clip, keyframes, options.frames);
  std::vector<PersonTrack> tracks = TrackPeople(frames, CameraRegime::kParallax, options.people, 2, nullptr);
  const test::TrackScore score =
      test::ScoreTracks(test::ReadTrueTracks(folder + "promenade_tracks.csv"), tracks);
  ASSERT_EQ(score.people.size(), 4u);
  for (const test::PersonScore& person : score.people) {
    EXPECT_GE(person.found, 95) << "person " << person.true_id;
    EXPECT_EQ(person.switches, 0) << "person " << person.true_id;
  }
  // One of the two is real: somebody far off, of whom the reference file says nothing.
  const auto is_long = [](const PersonTrack* track) { return track->frames.size() > 20; };
  EXPECT_LE(std::count_if(score.unmatched.begin(), score.unmatched.end(), is_long), 2);

  std::vector<FeatureTrack> features = TrackFeatures(frames, tracks, keyframes, options.features);
  ClassicalFigures figures;
  const Observations observations = Observe(
      clip, body, options, keyframes, std::move(frames), std::move(tracks), std::move(features), &figures);
  EXPECT_EQ(observations.flags, std::vector<std::string>());
  EXPECT_GT(figures.camera_height_m, 1.3);
  EXPECT_LT(figures.camera_height_m, 1.9);
  EXPECT_GT(figures.camera_speed_m_s, 1.2);
  EXPECT_LT(figures.camera_speed_m_s, 2.1);
  EXPECT_LE(std::abs(figures.scale.trend), 0.03);
  for (const PersonScale& person : figures.scale.people) {
    EXPECT_LE(person.spread, 0.04) << person.person;
    EXPECT_LE(std::abs(person.trend), 0.05) << person.person;  // Of one person alone; no goal.
  }
  int walkers = 0;
  for (const PersonFigures& person : figures.people) {
    if (person.num_frames < 95) continue;
    EXPECT_GT(person.speed_m_s, 0.8) << person.id;
    EXPECT_LT(person.speed_m_s, 1.8) << person.id;
    ++walkers;
  }
  EXPECT_EQ(walkers, 4);
}

}  // namespace
}  // namespace foothold
