// SPDX-License-Identifier: Apache-2.0
// The geometric half on rendered clips with exact truth, one per camera regime. Boxes and silhouettes
// come from the rendered masks, so that only cameras, scene and placement are under test.
#include <gtest/gtest.h>

#include "foothold/base/parallel.h"
#include "foothold/perception/classical/assembly.h"
#include "foothold/perception/classical/statistics.h"
#include "foothold/scene/synthetic.h"
#include "labels/body_file.h"

namespace foothold {
namespace {

constexpr double kRadian = 57.29578;
constexpr double kFocalPx = 350;

struct Rendered {
  SyntheticClip clip;
  std::vector<RenderedFrame> frames;
};

Rendered Render(const BodyModel& body, const SyntheticOptions& options, uint64_t seed) {
  Rendered rendered{MakeSyntheticClip(body, options, "rendered", seed), {}};
  rendered.frames.resize(options.num_frames);
  ParallelFor(options.num_frames, 2, [&](int frame) {
    rendered.frames[frame] = RenderFrame(rendered.clip, body, frame);
  });
  return rendered;
}

// Extent of one person's mask; false when unseen.
bool MaskBox(const ImageU8& mask, int value, Box* box) {
  int x0 = mask.width, y0 = mask.height, x1 = -1, y1 = -1;
  for (int y = 0; y < mask.height; ++y) {
    for (int x = 0; x < mask.width; ++x) {
      if (mask.At(x, y) != value) continue;
      x0 = std::min(x0, x);
      x1 = std::max(x1, x);
      y0 = std::min(y0, y);
      y1 = std::max(y1, y);
    }
  }
  if (x1 < 0) return false;
  *box = {static_cast<float>(x0),
          static_cast<float>(y0),
          static_cast<float>(x1 - x0 + 1),
          static_cast<float>(y1 - y0 + 1)};
  return true;
}

// The longest unbroken run of sights of each person as a track.
void TracksOf(const Rendered& rendered,
              std::vector<PersonTrack>* tracks,
              std::vector<std::vector<Silhouette>>* silhouettes) {
  for (size_t p = 0; p < rendered.clip.truth.people.size(); ++p) {
    PersonTrack best, track;
    std::vector<Silhouette> best_silhouettes, current;
    for (size_t frame = 0; frame <= rendered.frames.size(); ++frame) {
      Box box;
      const bool seen = frame < rendered.frames.size() &&
                        MaskBox(rendered.frames[frame].person_mask, static_cast<int>(p) + 1, &box) &&
                        box.height > 20;
      if (!seen) {
        if (track.frames.size() > best.frames.size()) {
          best = track;
          best_silhouettes = current;
        }
        track = PersonTrack();
        current.clear();
        continue;
      }
      const ImageU8& mask = rendered.frames[frame].person_mask;
      Silhouette silhouette;
      silhouette.at_border = box.x < 2 || box.y < 2 ||
                             box.x + box.width > static_cast<float>(mask.width) - 2 ||
                             box.y + box.height > static_cast<float>(mask.height) - 2;
      silhouette.valid = !silhouette.at_border;
      silhouette.foot_x_px = silhouette.head_x_px = box.x + 0.5f * (box.width - 1);
      silhouette.foot_y_px = box.y + box.height - 1;
      silhouette.head_y_px = box.y;
      silhouette.foreground_share = 1;
      track.frames.push_back(static_cast<int>(frame));
      track.boxes_px.push_back(box);
      track.scores.push_back(1);
      track.detected.push_back(1);
      current.push_back(silhouette);
    }
    if (best.frames.size() < 10) continue;
    best.id = static_cast<int>(p);
    tracks->push_back(best);
    silhouettes->push_back(best_silhouettes);
  }
}

// A box of a person's form around a fixed point of the scene, in front of which nobody passes; empty
// when the point does not stay in the picture.
PersonTrack TrackOfPoint(const Rendered& rendered, const Vec3d& point) {
  const Reconstruction& truth = rendered.clip.truth;
  constexpr float kWidth = 24, kHeight = 57;
  PersonTrack track;
  for (size_t frame = 0; frame < rendered.frames.size(); ++frame) {
    const ImageU8& mask = rendered.frames[frame].person_mask;
    const Vec3d in_cam = Inverse(truth.world_from_cam[frame]) * point;
    if (!(in_cam[2] > 0.1)) return PersonTrack();
    const Vec2d center = Project(truth.pinhole, in_cam);
    const Box box{static_cast<float>(center[0]) - kWidth / 2,
                  static_cast<float>(center[1]) - kHeight / 2,
                  kWidth,
                  kHeight};
    const int x0 = static_cast<int>(box.x), y0 = static_cast<int>(box.y);
    if (x0 < 0 || y0 < 0 || x0 + kWidth >= mask.width || y0 + kHeight >= mask.height) return PersonTrack();
    for (int y = y0; y <= y0 + kHeight; ++y) {
      for (int x = x0; x <= x0 + kWidth; ++x) {
        if (mask.At(x, y) != 0) return PersonTrack();
      }
    }
    track.frames.push_back(static_cast<int>(frame));
    track.boxes_px.push_back(box);
    track.scores.push_back(1);
    track.detected.push_back(1);
  }
  return track;
}

// The first that there is, over a grid of the first frame's pixels.
PersonTrack TrackOfScenery(const Rendered& rendered) {
  const Reconstruction& truth = rendered.clip.truth;
  const ImageF& depth_m = rendered.frames[0].depth_m;
  for (int y = 8; y < depth_m.height; y += 8) {
    for (int x = 8; x < depth_m.width; x += 8) {
      const Vec3d ray = Unproject(truth.pinhole, Vec2d{static_cast<double>(x), static_cast<double>(y)});
      const double depth = depth_m.At(x, y);
      if (!(depth > 0 && depth < 8)) continue;
      PersonTrack track = TrackOfPoint(rendered, truth.world_from_cam[0] * (depth * ray));
      if (!track.frames.empty()) return track;
    }
  }
  return PersonTrack();
}

class SyntheticClipTest : public ::testing::Test {
 protected:
  ClipFrames FramesOf(const Rendered& rendered, const std::vector<int>& keyframes) const {
    std::vector<ImageU8> images;
    for (const RenderedFrame& frame : rendered.frames) images.push_back(frame.color);
    return ClipFrames::FromImages(images, rendered.clip.observations.clip, keyframes, options_.frames);
  }

  // Runs the geometric half; `regime` as found by it, nothing more when it is not the expected one.
  Observations Observe(const Rendered& rendered,
                       CameraRegime expected,
                       CameraRegime* regime,
                       ClassicalFigures* figures) {
    const Clip& clip = rendered.clip.observations.clip;
    std::vector<int> keyframes = KeyframesOf(clip, 0);
    ClipFrames frames = FramesOf(rendered, keyframes);
    std::vector<PersonTrack> tracks;
    PersonMasks masks;
    TracksOf(rendered, &tracks, &masks.silhouettes);
    masks.frames = keyframes;
    for (int frame : keyframes) {
      ImageU8 mask = rendered.frames[frame].person_mask;
      for (uint8_t& value : mask.data) value = value != 0 ? 255 : 0;
      masks.people.push_back(std::move(mask));
    }
    std::vector<FeatureTrack> features;
    *regime = CameraRegime::kStatic;
    if (!IsStaticCamera(frames, options_.regime, &figures->static_figures)) {
      features = TrackFeatures(frames, tracks, keyframes, options_.features);
      *regime = MovingRegime(frames, features, keyframes, options_, 2, &figures->moving_figures);
    }
    const ClipEvidence evidence{clip,
                                body_,
                                options_,
                                2,
                                nullptr,
                                std::move(frames),
                                std::move(keyframes),
                                std::move(tracks),
                                std::move(masks),
                                std::move(features)};
    Observations observations;
    if (*regime == CameraRegime::kParallax) {
      try {
        observations = ObserveMovingView(evidence, SolveMovingView(evidence), figures);
      } catch (const Error& error) {
        if (!FailedForLackOfParallax(error)) throw;
        *regime = CameraRegime::kRotation;
      }
    }
    if (*regime != expected) return Observations();
    if (*regime != CameraRegime::kParallax) observations = ObserveFixedView(evidence, *regime, figures);
    CheckObservations(observations, "test");
    return observations;
  }

  SyntheticOptions Options(const std::string& camera) const {
    SyntheticOptions options;
    options.num_frames = 46;
    options.width = 400;
    options.height = 304;
    options.num_people = 3;
    options.scene = "street";
    options.camera = camera;
    options.focal_px = kFocalPx;
    return options;
  }

  // Pelvis depth over the truth's, median over all sights.
  double DepthRatio(const Rendered& rendered, const Observations& observations) const {
    std::vector<double> ratios;
    for (const PersonObservations& person : observations.people) {
      const PersonInWorld& truth = rendered.clip.truth.people[person.id];
      for (const PersonFrame& frame : person.frames) {
        const auto found = std::find(truth.frames.begin(), truth.frames.end(), frame.frame);
        if (found == truth.frames.end()) continue;
        const BodyPose& in_world = truth.body_in_world[found - truth.frames.begin()];
        const Vec3d pelvis = Inverse(rendered.clip.truth.world_from_cam[frame.frame]) *
                             (RestPelvis(body_, truth.shape) + in_world.translation_m);
        const double depth = RestPelvis(body_, person.shape)[2] + frame.body_in_cam.translation_m[2];
        ratios.push_back(depth / pelvis[2]);
      }
    }
    return Median(ratios);
  }

  double WorstRotation(const Rendered& rendered, const Observations& observations) const {
    const std::vector<Rigid3d>& truth = rendered.clip.truth.world_from_cam;
    double worst = 0;
    for (size_t i = 0; i < truth.size(); ++i) {
      const Quatd expected = Conjugate(truth[0].rotation) * truth[i].rotation;
      const Quatd found = Conjugate(observations.camera.world_from_cam[0].rotation) *
                          observations.camera.world_from_cam[i].rotation;
      worst = std::max(worst, Norm(LogQuaternion(Normalized(Conjugate(expected) * found))));
    }
    return worst;
  }

  const BodyModel body_ = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  const ClassicalOptions options_;
};

TEST_F(SyntheticClipTest, MovingCamera) {
  SyntheticOptions options = Options("moving");
  options.distortion_k1 = -0.1;
  const Rendered rendered = Render(body_, options, 11);
  CameraRegime regime;
  ClassicalFigures figures;
  const Observations observations = Observe(rendered, CameraRegime::kParallax, &regime, &figures);
  ASSERT_EQ(regime, CameraRegime::kParallax);
  EXPECT_NEAR(observations.camera.pinhole.focal_px / kFocalPx, 1, 0.06);
  EXPECT_NEAR(observations.camera.distortion.k1, -0.1, 0.04);
  EXPECT_LT(WorstRotation(rendered, observations), 1.0 / kRadian);
  // Camera path up to the scale, which people give to about their unknown stature.
  const std::vector<Rigid3d>& truth = rendered.clip.truth.world_from_cam;
  double dot = 0, squared = 0, path = 0;
  std::vector<std::pair<Vec3d, Vec3d>> moves;
  for (size_t i = 0; i < truth.size(); ++i) {
    const Vec3d expected = Rotate(Conjugate(truth[0].rotation), truth[i].translation - truth[0].translation);
    const Vec3d found = Rotate(Conjugate(observations.camera.world_from_cam[0].rotation),
                               observations.camera.world_from_cam[i].translation -
                                   observations.camera.world_from_cam[0].translation);
    moves.push_back({expected, found});
    dot += Dot(expected, found);
    squared += Dot(found, found);
    path = std::max(path, Norm(expected));
  }
  const double scale = dot / squared;
  EXPECT_NEAR(scale, 1, 0.15);
  for (const auto& [expected, found] : moves) EXPECT_LT(Norm(expected - scale * found), 0.05 * path);
  EXPECT_NEAR(DepthRatio(rendered, observations), 1, 0.15);
  // Depth of the pixels that claim to be good.
  std::vector<double> errors;
  for (const Keyframe& keyframe : observations.keyframes) {
    const RenderedFrame& frame = rendered.frames[keyframe.frame];
    for (int y = 0; y < keyframe.depth_m.height; y += 3) {
      for (int x = 0; x < keyframe.depth_m.width; x += 3) {
        if (!(keyframe.confidence.At(x, y) > 0.6f)) continue;
        const Vec3d ray =
            Unproject(observations.camera.pinhole, Vec2d{static_cast<double>(x), static_cast<double>(y)});
        const Vec2d distorted = Distort(rendered.clip.truth.distortion, Vec2d{ray[0], ray[1]});
        const Vec2d pixel = Project(rendered.clip.truth.pinhole, Vec3d{distorted[0], distorted[1], 1});
        const int px = static_cast<int>(std::lround(pixel[0])), py = static_cast<int>(std::lround(pixel[1]));
        if (!frame.depth_m.Contains(px, py) || !(frame.depth_m.At(px, py) > 0)) continue;
        errors.push_back(scale * keyframe.depth_m.At(x, y) / frame.depth_m.At(px, py));
      }
    }
  }
  ASSERT_GT(errors.size(), 1000u);
  EXPECT_NEAR(Median(errors), 1, 0.05);
  EXPECT_LT(RobustSpread(errors), 0.06);
}

TEST_F(SyntheticClipTest, PiecesOfTheSceneAreNoPeople) {
  const Rendered rendered = Render(body_, Options("moving"), 11);
  std::vector<PersonTrack> tracks;
  std::vector<std::vector<Silhouette>> silhouettes;
  TracksOf(rendered, &tracks, &silhouettes);
  const size_t num_people = tracks.size();
  ASSERT_GT(num_people, 0u);
  tracks.push_back(TrackOfScenery(rendered));
  ASSERT_FALSE(tracks.back().frames.empty());

  const std::vector<int> keyframes = KeyframesOf(rendered.clip.observations.clip, 0);
  const ClipFrames frames = FramesOf(rendered, keyframes);
  const std::vector<FeatureTrack> features = TrackFeatures(frames, tracks, keyframes, options_.features);
  const CameraSolution cameras = SolveMovingCamera(frames, features, keyframes, options_.calibration, 2);
  const std::vector<RigidEvidence> evidence =
      MeasureRigidity(frames, tracks, keyframes, cameras, options_.features, options_.rigid);
  for (size_t t = 0; t < num_people; ++t) {
    EXPECT_FALSE(IsRigid(evidence[t], options_.rigid))
        << t << ": " << evidence[t].num_rigid << " of " << evidence[t].num_points;
  }
  EXPECT_TRUE(IsRigid(evidence.back(), options_.rigid))
      << evidence.back().num_rigid << " of " << evidence.back().num_points;

  const PersonTrack scenery = tracks.back();
  DropRigidTracks(evidence, options_.rigid, &tracks);
  EXPECT_EQ(tracks.size(), num_people);
  std::vector<PersonTrack> alone{scenery};
  DropRigidTracks({evidence.back()}, options_.rigid, &alone);
  EXPECT_EQ(alone.size(), 1u) << "where nobody moves, nobody is dropped";
}

TEST_F(SyntheticClipTest, StaticCamera) {
  const Rendered rendered = Render(body_, Options("static"), 12);
  CameraRegime regime;
  ClassicalFigures figures;
  const Observations observations = Observe(rendered, CameraRegime::kStatic, &regime, &figures);
  ASSERT_EQ(regime, CameraRegime::kStatic);
  EXPECT_TRUE(observations.camera.poses_fixed && observations.camera.metric);
  EXPECT_FALSE(observations.camera.focal_observable);
  EXPECT_TRUE(observations.pairs.empty());
  // Depth follows the assumed focal length; their ratio is what the pictures say.
  const double focal_ratio = observations.camera.pinhole.focal_px / kFocalPx;
  EXPECT_NEAR(DepthRatio(rendered, observations) / focal_ratio, 1, 0.15);
  int known = 0;
  for (float depth : observations.keyframes[0].depth_m.data) known += depth > 0 ? 1 : 0;
  EXPECT_GT(known, 500);
}

TEST_F(SyntheticClipTest, RotatingCamera) {
  const Rendered rendered = Render(body_, Options("rotating"), 13);
  CameraRegime regime;
  ClassicalFigures figures;
  const Observations observations = Observe(rendered, CameraRegime::kRotation, &regime, &figures);
  ASSERT_EQ(regime, CameraRegime::kRotation)
      << "homography share " << figures.moving_figures.homography_inlier_share << ", p80 "
      << figures.moving_figures.homography_p80_px << " px, move " << figures.moving_figures.move_px << " px";
  EXPECT_TRUE(observations.camera.poses_fixed);
  for (const Rigid3d& pose : observations.camera.world_from_cam) {
    EXPECT_TRUE(pose.translation == (Vec3d{0, 0, 0}));
  }
  if (observations.camera.focal_observable) {
    EXPECT_NEAR(observations.camera.pinhole.focal_px / kFocalPx, 1, 0.1);
    EXPECT_LT(WorstRotation(rendered, observations), 2.0 / kRadian);
  }
  const double focal_ratio = observations.camera.pinhole.focal_px / kFocalPx;
  EXPECT_NEAR(DepthRatio(rendered, observations) / focal_ratio, 1, 0.15);
}

}  // namespace
}  // namespace foothold
