// SPDX-License-Identifier: Apache-2.0
// The way from pairs to depths, matches and cameras, with the truth in MASt3R's place.
#include "foothold/perception_networks/pair_geometry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <mutex>
#include <set>

#include "foothold/perception_networks/depth_ground.h"
#include "foothold/perception_networks/initial_cameras.h"
#include "foothold/scene/synthetic.h"
#include "labels/body_file.h"
#include "perception_networks/stub_networks.h"

namespace foothold {
namespace {

constexpr int kWidth = 128, kHeight = 96;

struct Scene {
  SyntheticClip clip;
  std::vector<int> frames;
  std::vector<RenderedFrame> rendered;  // By keyframe.
  std::vector<ImageU8> masks;

  Scene() {
    const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
    SyntheticOptions options;
    options.num_frames = 31;
    options.width = kWidth;
    options.height = kHeight;
    options.num_people = 1;
    clip = MakeSyntheticClip(body, options, "pairs", 11);
    for (const Keyframe& keyframe : clip.observations.keyframes) {
      frames.push_back(keyframe.frame);
      rendered.push_back(RenderFrame(clip, body, keyframe.frame));
      ImageU8 mask = rendered.back().person_mask;
      for (uint8_t& pixel : mask.data) pixel = pixel != 0 ? 255 : 0;
      masks.push_back(std::move(mask));
    }
  }

  const Pinholed& pinhole() const { return clip.observations.camera.pinhole; }
  KeyframePictures Pictures() const {
    KeyframePictures pictures;
    for (const RenderedFrame& frame : rendered) pictures.color.push_back(&frame.color);
    for (const ImageU8& mask : masks) pictures.person_mask.push_back(&mask);
    return pictures;
  }
};
const Scene& Shared() {
  static const Scene scene;
  return scene;
}

// Knows the scene. Each pair has a unit of its own for neither image: depth is exact. Descriptors are
// waves over the place in the world.
class Oracle : public PairNetwork {
 public:
  struct Image : Encoding {
    int keyframe = -1;
  };
  int patch_size_px() const override { return 16; }

  Encodings Encode(const std::vector<const ImageU8*>& images) const override {
    Encodings encodings;
    for (const ImageU8* image : images) {
      const auto encoding = std::make_shared<Image>();
      for (size_t k = 0; k < Shared().rendered.size(); ++k) {
        if (image == &Shared().rendered[k].color) encoding->keyframe = static_cast<int>(k);
      }
      const std::lock_guard lock(mutex_);
      EXPECT_TRUE(encoded_.insert(encoding->keyframe).second) << "encoded twice: " << encoding->keyframe;
      encodings.push_back(encoding);
    }
    return encodings;
  }

  std::vector<PairSight> Look(const EncodedPairs& pairs) const override {
    std::vector<PairSight> sights;
    for (const auto& [first, second] : pairs) {
      const int i = static_cast<const Image*>(first)->keyframe,
                j = static_cast<const Image*>(second)->keyframe;
      PairSight sight;
      sight.first = ViewOf(i);
      sight.second = ViewOf(j);
      for (PairDescriptors* decoded : {&sight.decoded_12, &sight.decoded_21}) {
        decoded->descriptors_a = DescriptorsOf(i);
        decoded->descriptors_b = DescriptorsOf(j);
        decoded->confidence_a = decoded->confidence_b = ImageF(kWidth, kHeight, 1, 2.0f);
      }
      sights.push_back(std::move(sight));
    }
    return sights;
  }

  int num_encoded() const { return static_cast<int>(encoded_.size()); }

 private:
  static Vec3d PointAt(int keyframe, int x, int y) {
    const double z = Shared().rendered[keyframe].depth_m.At(x, y);
    return z * Unproject(Shared().pinhole(), Vec2d{static_cast<double>(x), static_cast<double>(y)});
  }

  static PairView ViewOf(int keyframe) {
    PairView view{ImageF(kWidth, kHeight, 3), ImageF(kWidth, kHeight, 1, 3.0f)};
    for (int y = 0; y < kHeight; ++y) {
      for (int x = 0; x < kWidth; ++x) {
        const Vec3d point = PointAt(keyframe, x, y);
        for (int c = 0; c < 3; ++c) view.points_m.At(x, y, c) = static_cast<float>(point[c]);
      }
    }
    return view;
  }

  static ImageF DescriptorsOf(int keyframe) {
    const Rigid3d& world_from_cam = Shared().clip.truth.world_from_cam[Shared().frames[keyframe]];
    ImageF descriptors(kWidth, kHeight, 24);
    for (int y = 0; y < kHeight; ++y) {
      for (int x = 0; x < kWidth; ++x) {
        const Vec3d point = world_from_cam * PointAt(keyframe, x, y);
        for (int wave = 0; wave < 4; ++wave) {
          for (int axis = 0; axis < 3; ++axis) {
            const double angle = point[axis] * 0.4 * std::pow(3.0, wave);
            descriptors.At(x, y, 6 * wave + 2 * axis) = static_cast<float>(std::cos(angle) / std::sqrt(12.0));
            descriptors.At(x, y, 6 * wave + 2 * axis + 1) =
                static_cast<float>(std::sin(angle) / std::sqrt(12.0));
          }
        }
      }
    }
    return descriptors;
  }

  mutable std::mutex mutex_;
  mutable std::set<int> encoded_;
};

TEST(SeePairs, TruthGivesTheTrueDepthFocalLengthAndMatches) {
  const Scene& scene = Shared();
  const int count = static_cast<int>(scene.frames.size());
  const Oracle oracle;
  const ClipGeometry geometry = SeePairs(oracle, scene.Pictures(), {2, 2, 2, 2});
  EXPECT_EQ(oracle.num_encoded(), count);
  EXPECT_NEAR(geometry.focal_px, scene.pinhole().focal_px, 0.02 * scene.pinhole().focal_px);
  for (int k = 0; k < count; ++k) {
    const KeyframeGeometry& seen = geometry.keyframes[k];
    std::vector<double> errors;
    for (size_t p = 0; p < seen.depth_m.data.size(); ++p) {
      const bool is_person = scene.masks[k].data[p] != 0;
      EXPECT_EQ(seen.confidence.data[p] > 0, !is_person && seen.depth_m.data[p] > 0);
      if (is_person || !(seen.depth_m.data[p] > 0)) continue;
      errors.push_back(std::abs(seen.depth_m.data[p] / scene.rendered[k].depth_m.data[p] - 1));
    }
    std::sort(errors.begin(), errors.end());
    ASSERT_GT(errors.size(), 0.7 * kWidth * kHeight);
    EXPECT_LT(errors[errors.size() * 9 / 10], 0.02) << k;
  }
  ASSERT_EQ(geometry.pairs.size(), static_cast<size_t>(2 * count - 3));
  for (const KeyframePair& pair : geometry.pairs) {
    EXPECT_GT(pair.matches.size(), 50u);
    EXPECT_EQ(geometry.scores[static_cast<size_t>(pair.i) * count + pair.j],
              geometry.scores[static_cast<size_t>(pair.j) * count + pair.i]);
    for (const PixelMatch& match : pair.matches) {
      EXPECT_NEAR(match.confidence, 2.0 / 3, 1e-6);
      EXPECT_EQ(scene.masks[pair.i].At(static_cast<int>(match.x_i), static_cast<int>(match.y_i)), 0);
      EXPECT_EQ(scene.masks[pair.j].At(static_cast<int>(match.x_j), static_cast<int>(match.y_j)), 0);
    }
  }
}

class MemoryJournal : public Journal {
 public:
  bool Find(const std::string& key, std::string* bytes) override {
    const auto found = pieces_.find(key);
    if (found != pieces_.end()) *bytes = found->second;
    return found != pieces_.end();
  }
  void Keep(const std::string& key, std::string bytes) override { pieces_[key] = std::move(bytes); }
  bool Due() override { return false; }
  void DropUnwritten(const std::string&) override {}
  void Damage(const std::string& key) { pieces_.at(key).pop_back(); }

 private:
  std::map<std::string, std::string> pieces_;
};

void ExpectSame(const ClipGeometry& a, const ClipGeometry& b) {
  EXPECT_EQ(a.focal_px, b.focal_px);
  EXPECT_EQ(a.scores, b.scores);
  ASSERT_EQ(a.keyframes.size(), b.keyframes.size());
  for (size_t k = 0; k < a.keyframes.size(); ++k) {
    EXPECT_EQ(a.keyframes[k].depth_m.data, b.keyframes[k].depth_m.data) << k;
    EXPECT_EQ(a.keyframes[k].confidence.data, b.keyframes[k].confidence.data) << k;
  }
  ASSERT_EQ(a.pairs.size(), b.pairs.size());
  for (size_t p = 0; p < a.pairs.size(); ++p) {
    EXPECT_EQ(a.pairs[p].i, b.pairs[p].i);
    EXPECT_EQ(a.pairs[p].j, b.pairs[p].j);
    ASSERT_EQ(a.pairs[p].matches.size(), b.pairs[p].matches.size());
    EXPECT_EQ(std::memcmp(a.pairs[p].matches.data(),
                          b.pairs[p].matches.data(),
                          a.pairs[p].matches.size() * sizeof(PixelMatch)),
              0);
  }
}

// A real network, whose rounding depends on what is in one call. What a process left ends where a piece of it
// cannot be read.
TEST(SeePairs, GoesOnWhereAProcessDied) {
  const TemporaryFolder folder;
  WriteTinyMast3r(folder.File("mast3r.safetensors"), 3);
  const auto network = LoadMast3r(folder.File("mast3r.safetensors"), "cpu", "fp32");
  KeyframePictures pictures = Shared().Pictures();
  pictures.color.resize(5);
  pictures.person_mask.resize(5);
  const SeePairsOptions options{2, 3, 2, 2};
  const ClipGeometry whole = SeePairs(*network, pictures, options);
  MemoryJournal all;
  SeePairs(*network, pictures, options, &all);
  for (const size_t kept : {1, 3, 4}) {
    SCOPED_TRACE(kept);
    MemoryJournal journal = all;
    journal.Damage("pairs/" + std::to_string(kept));
    ExpectSame(SeePairs(*network, pictures, options, &journal), whole);
  }
  ExpectSame(SeePairs(*network, pictures, options, &all), whole);
  // And does not look again at what is finished.
  MemoryJournal journal;
  const Oracle first, second;
  SeePairs(first, pictures, options, &journal);
  SeePairs(second, pictures, options, &journal);
  EXPECT_EQ(second.num_encoded(), 0);
}

TEST(SeePairs, TruthGivesTheTrueCameras) {
  const Scene& scene = Shared();
  const Oracle oracle;
  ClipGeometry geometry = SeePairs(oracle, scene.Pictures(), {2, 1, 1, 2});
  Observations observations;
  observations.clip = scene.clip.observations.clip;
  observations.camera.pinhole = scene.pinhole();
  observations.camera.pinhole.focal_px = geometry.focal_px;
  for (size_t k = 0; k < scene.frames.size(); ++k) {
    KeyframeGeometry& seen = geometry.keyframes[k];
    observations.keyframes.push_back(
        {scene.frames[k], std::move(seen.depth_m), std::move(seen.confidence), {}, {}});
  }
  observations.pairs = std::move(geometry.pairs);
  PlaceCameras(geometry.scores, &observations);
  SeeGround(GroundOptions(), &observations);
  EXPECT_TRUE(observations.flags.empty());
  const GroundPlane &ground = observations.ground, &true_ground = scene.clip.observations.ground;
  ASSERT_TRUE(ground.known && true_ground.known);
  const Vec3d camera = scene.clip.truth.world_from_cam[0].translation;
  const Vec3d up_in_first =
      Rotate(Conjugate(scene.clip.truth.world_from_cam[0].rotation), true_ground.up_in_world);
  EXPECT_GT(Dot(ground.up_in_world, up_in_first), std::cos(0.03));
  EXPECT_NEAR(-ground.offset_m, HeightAbove(true_ground, camera), 0.05);
  const std::vector<Rigid3d>& truth = scene.clip.truth.world_from_cam;
  double path = 0;
  for (const int frame : scene.frames) {
    const Rigid3d expected = Inverse(truth[0]) * truth[frame];
    const Rigid3d& found = observations.camera.world_from_cam[frame];
    path = std::max(path, Norm(expected.translation));
    EXPECT_LT(Norm(LogQuaternion(Conjugate(found.rotation) * expected.rotation)), 0.01) << frame;
    EXPECT_LT(Norm(found.translation - expected.translation), 0.05) << frame;
  }
  EXPECT_GT(path, 0.3);
}

}  // namespace
}  // namespace foothold
