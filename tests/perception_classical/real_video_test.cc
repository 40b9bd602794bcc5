// SPDX-License-Identifier: Apache-2.0
// The geometric half on a real video with known boxes. The video may not be shipped: the test says so
// and skips where it is missing.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "foothold/perception/classical/assembly.h"
#include "foothold/video/video.h"
#include "labels/body_file.h"

namespace foothold {
namespace {

constexpr int kFrames = 51;

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

TEST(RealVideo, PromenadeIsReconstructedInMetres) {
  const std::string folder = std::string(FOOTHOLD_SOURCE_DIR) + "/../shared/data/video/";
  const std::string video = folder + "promenade.mp4", boxes = folder + "promenade_tracks.csv";
  if (!std::filesystem::exists(video) || !std::filesystem::exists(boxes)) {
    std::cout << "*** SKIPPED: " << video << " is not on this machine; the real-video test did not run ***\n";
    GTEST_SKIP();
  }
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
  ClassicalFigures figures;
  const Observations observations = ObserveMovingView(evidence, SolveMovingView(evidence), &figures);
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

}  // namespace
}  // namespace foothold
