// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "foothold/perception/canonical_view.h"
#include "foothold/perception/reciprocal_matching.h"
#include "support/parity_file.h"

namespace foothold {
namespace {

constexpr const char* kFile = "frontend.h5";

// Image `index` of a stack [K,] H, W [, channels]; `rank` is that of one image.
ImageF ReadImage(const ParityFile& file, const std::string& path, size_t rank, size_t index = 0) {
  const std::vector<size_t> shape = file.Shape(path);
  const size_t first = shape.size() - rank;
  const int channels = rank == 3 ? static_cast<int>(shape[first + 2]) : 1;
  ImageF image(static_cast<int>(shape[first + 1]), static_cast<int>(shape[first]), channels);
  const std::vector<float> values = file.Floats(path);
  std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(index * image.data.size()),
              image.data.size(),
              image.data.begin());
  return image;
}

std::vector<double> Doubles(const ImageF& image) { return {image.data.begin(), image.data.end()}; }

struct Decoding {
  ImageF descriptors_a, confidence_a, descriptors_b, confidence_b;
  DecodedPair Pair() const { return {&descriptors_a, &confidence_a, &descriptors_b, &confidence_b}; }
};

Decoding ReadDecoding(const ParityFile& file, const std::string& suffix) {
  return {ReadImage(file, "matching/D1" + suffix, 3),
          ReadImage(file, "matching/Q1" + suffix, 2),
          ReadImage(file, "matching/D2" + suffix, 3),
          ReadImage(file, "matching/Q2" + suffix, 2)};
}

std::vector<int> Flatten(const std::vector<std::pair<int, int>>& pairs) {
  std::vector<int> values;
  for (const auto& [a, b] : pairs) values.insert(values.end(), {a, b});
  return values;
}

TEST(PerceptionParity, ReciprocalSearches) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  for (const std::string suffix : {"1", "2"}) {
    const Decoding decoding = ReadDecoding(file, suffix);
    const std::string prefix = "matching/search_1" + suffix + "_2" + suffix;
    const auto forward =
        FindReciprocalNeighbours(decoding.descriptors_a, decoding.descriptors_b, ReciprocalOptions());
    const auto backward =
        FindReciprocalNeighbours(decoding.descriptors_b, decoding.descriptors_a, ReciprocalOptions());
    EXPECT_TRUE(MatchesParity(file, prefix + "_1to2", Flatten(forward)));
    EXPECT_TRUE(MatchesParity(file, prefix + "_2to1", Flatten(backward)));
  }
}

TEST(PerceptionParity, MergedMatches) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  const Decoding decoded_12 = ReadDecoding(file, "1"), decoded_21 = ReadDecoding(file, "2");
  const PairMatches result = MatchImagePair(decoded_12.Pair(), decoded_21.Pair(), ReciprocalOptions());
  std::vector<int> xy1, xy2, kept;
  std::vector<double> confidence;
  for (const PixelMatch& match : result.matches) {
    xy1.insert(xy1.end(), {static_cast<int>(match.x_i), static_cast<int>(match.y_i)});
    xy2.insert(xy2.end(), {static_cast<int>(match.x_j), static_cast<int>(match.y_j)});
    confidence.push_back(match.confidence);
    kept.push_back(match.confidence > kMinMatchConfidence ? 1 : 0);
  }
  EXPECT_TRUE(MatchesParity(file, "matching/xy1", xy1));
  EXPECT_TRUE(MatchesParity(file, "matching/xy2", xy2));
  EXPECT_TRUE(MatchesParity(file, "matching/conf", confidence));
  EXPECT_TRUE(MatchesParity(file, "matching/kept", kept));
  EXPECT_EQ(result.score, file.Int("matching/score"));
}

void ExpectAnchors(const ParityFile& file, const std::string& group, const ImageF& relative_depth) {
  std::vector<int> index, dense_index;
  std::vector<double> offset, dense_offset;
  const std::vector<int> pixels = file.Ints(group + "pixels");
  for (size_t i = 0; i < pixels.size() / 2; ++i) {
    const AnchoredPixel pixel = AnchorOf(relative_depth, pixels[2 * i], pixels[2 * i + 1]);
    index.push_back(pixel.anchor);
    offset.push_back(pixel.offset);
  }
  for (int y = 0; y < relative_depth.height; ++y) {
    for (int x = 0; x < relative_depth.width; ++x) {
      const AnchoredPixel pixel = AnchorOf(relative_depth, x, y);
      dense_index.push_back(pixel.anchor);
      dense_offset.push_back(pixel.offset);
    }
  }
  EXPECT_TRUE(MatchesParity(file, group + "index", index));
  EXPECT_TRUE(MatchesParity(file, group + "offset", offset));
  EXPECT_TRUE(MatchesParity(file, group + "dense_index", dense_index));
  EXPECT_TRUE(MatchesParity(file, group + "dense_offset", dense_offset));
}

TEST(PerceptionParity, CanonicalView) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  for (const std::string& name : file.Names("canonical")) {
    const std::string group = "canonical/" + name + "/";
    std::vector<ImageF> pointmaps, confidences;
    for (size_t k = 0; k < file.Shape(group + "pointmaps")[0]; ++k) {
      pointmaps.push_back(ReadImage(file, group + "pointmaps", 3, k));
      confidences.push_back(file.Has(group + "confidences")
                                ? ReadImage(file, group + "confidences", 2, k)
                                : ImageF(pointmaps[k].width, pointmaps[k].height, 1, 2.0f));
    }
    const CanonicalView view = MakeCanonicalView(pointmaps, confidences);
    EXPECT_TRUE(MatchesParity(file, group + "relative_depth", Doubles(view.relative_depth)));
    for (int y = kAnchorOffset_px; y < view.relative_depth.height; y += kAnchorBlock_px) {
      for (int x = kAnchorOffset_px; x < view.relative_depth.width; x += kAnchorBlock_px) {
        EXPECT_EQ(view.relative_depth.At(x, y), 1.0f) << "at an anchor";
      }
    }
    if (!file.Has(group + "mean_pointmap")) continue;
    EXPECT_TRUE(MatchesParity(file, group + "mean_pointmap", Doubles(view.mean_pointmap_m)));
    EXPECT_TRUE(MatchesParity(file, group + "conf", Doubles(view.confidence)));
    EXPECT_TRUE(MatchesParity(file, group + "core_depth", view.core_depth_m));
    EXPECT_TRUE(
        MatchesParity(file, group + "focal", std::vector<double>{EstimateFocal_px(view.mean_pointmap_m)}));
    ExpectAnchors(file, group + "anchors/", view.relative_depth);
  }
}

// Two planes that meet on a block boundary look flat to r.
TEST(PerceptionParity, RelativeDepthDoesNotSeeAStepOnABlockBoundary) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  if (!file.Has("canonical/two_planes")) GTEST_SKIP() << "the file has no canonical/two_planes";
  const ImageF pointmap = ReadImage(file, "canonical/two_planes/pointmaps", 3);
  const CanonicalView view =
      MakeCanonicalView({pointmap}, {ImageF(pointmap.width, pointmap.height, 1, 3.0f)});
  for (const float r : view.relative_depth.data) EXPECT_NEAR(r, 1, 1e-6);
  const auto [low, high] = std::minmax_element(view.core_depth_m.begin(), view.core_depth_m.end());
  EXPECT_GT(*high, 2 * *low);
}

TEST(PerceptionParity, Focal) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  for (const std::string& name : file.Names("focal")) {
    const std::string path = "focal/" + name + "/focal";
    const double focal = EstimateFocal_px(ReadImage(file, "focal/" + name + "/pointmap", 3));
    EXPECT_TRUE(MatchesParity(file, path, std::vector<double>{focal})) << name;
    if (file.HasAttribute(path, "float64")) {
      EXPECT_NEAR(focal, file.Attribute(path, "float64"), 1e-10 * focal) << name;
    }
  }
}

}  // namespace
}  // namespace foothold
