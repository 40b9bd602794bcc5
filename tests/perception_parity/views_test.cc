// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>

#include "foothold/base/error.h"
#include "foothold/base/random.h"
#include "foothold/perception/canonical_view.h"
#include "foothold/perception/most_similar.h"
#include "foothold/perception/reciprocal_matching.h"

namespace foothold {
namespace {

ImageF RandomDescriptors(int width, int height, int channels, uint64_t seed) {
  RandomStream random(seed, "descriptors");
  ImageF map(width, height, channels);
  for (size_t pixel = 0; pixel < map.data.size(); pixel += channels) {
    double squared = 0;
    for (int c = 0; c < channels; ++c) {
      map.data[pixel + c] = static_cast<float>(random.Normal());
      squared += map.data[pixel + c] * map.data[pixel + c];
    }
    for (int c = 0; c < channels; ++c) map.data[pixel + c] /= static_cast<float>(std::sqrt(squared));
  }
  return map;
}

int MostSimilar(const ImageF& map, const ImageF& other, int index) {
  int best = -1;
  double highest = -2;
  for (int i = 0; i < map.width * map.height; ++i) {
    double similarity = 0;
    for (int c = 0; c < map.channels; ++c) {
      similarity +=
          static_cast<double>(map.data[i * map.channels + c]) * other.data[index * map.channels + c];
    }
    if (similarity > highest) {
      highest = similarity;
      best = i;
    }
  }
  return best;
}

TEST(ReciprocalMatching, EveryPairIsReciprocal) {
  const ImageF a = RandomDescriptors(32, 24, 8, 1), b = RandomDescriptors(40, 16, 8, 2);
  const auto pairs = FindReciprocalNeighbours(a, b, ReciprocalOptions());
  EXPECT_FALSE(pairs.empty());
  EXPECT_LE(pairs.size(), 12u);  // At most one per seed.
  for (const auto& [i, j] : pairs) {
    EXPECT_EQ(MostSimilar(b, a, i), j);
    EXPECT_EQ(MostSimilar(a, b, j), i);
  }
}

// The fused search against all scores, for numbers of queries, pixels and channels that leave every kind of
// remainder, and for any number of threads.
TEST(MostSimilarPixels, EqualsBruteForce) {
  for (const auto& [width, height, channels, num_queries] :
       {std::array{33, 17, 24, 40}, std::array{1, 3, 5, 16}, std::array{64, 64, 7, 1}, std::array{90, 50, 24, 0}}) {
    const ImageF map = RandomDescriptors(width, height, channels, 5);
    const ImageF queries_map = RandomDescriptors(20, 20, channels, 6);
    std::vector<int> queries;
    for (int q = 0; q < num_queries; ++q) queries.push_back(q * 7 % 400);
    const std::vector<int> found = MostSimilarPixels(map, queries_map, queries, 1);
    ASSERT_EQ(found.size(), queries.size());
    for (size_t q = 0; q < queries.size(); ++q) EXPECT_EQ(found[q], MostSimilar(map, queries_map, queries[q]));
    EXPECT_EQ(MostSimilarPixels(map, queries_map, queries, 3), found);
  }
}

TEST(MostSimilarPixels, FirstOfEquals) {
  ImageF map(700, 2, 3, 0.0f), query(1, 1, 3, 1.0f);  // More pixels than a tile.
  for (const int x : {689, 300, 11}) {
    map.At(x, 1, 0) = 2;
    EXPECT_EQ(MostSimilarPixels(map, query, {0}, 1), std::vector<int>{700 + x});
  }
  EXPECT_EQ(MostSimilarPixels(ImageF(9, 9, 3, 1.0f), query, {0}, 1), std::vector<int>{0});
}

TEST(ReciprocalMatching, ShiftedImageGivesTheShift) {
  const ImageF a = RandomDescriptors(48, 32, 12, 3);
  ImageF b = RandomDescriptors(48, 32, 12, 4);
  for (int y = 0; y < 32; ++y) {
    for (int x = 5; x < 48; ++x) {
      for (int c = 0; c < 12; ++c) b.At(x, y, c) = a.At(x - 5, y, c);
    }
  }
  ImageF confidence_a(48, 32, 1, 4.0f), confidence_b(48, 32, 1, 1.0f);
  confidence_a.At(4, 4) = 0;  // A person.
  const DecodedPair decoded{&a, &confidence_a, &b, &confidence_b};
  const PairMatches result = MatchImagePair(decoded, decoded, ReciprocalOptions());
  EXPECT_GE(result.matches.size(), 24u);
  EXPECT_EQ(result.score, static_cast<int>(result.matches.size()) - 1);
  std::set<std::array<float, 4>> seen;
  int shifted = 0;
  for (const PixelMatch& match : result.matches) {
    EXPECT_TRUE(seen.insert({match.x_i, match.y_i, match.x_j, match.y_j}).second) << "listed twice";
    if (match.x_j == match.x_i + 5 && match.y_j == match.y_i) ++shifted;
    if (match.x_i == 4 && match.y_i == 4) {
      EXPECT_EQ(match.confidence, 0);
    } else {
      EXPECT_EQ(match.confidence, 2);
    }
  }
  EXPECT_GE(shifted, 24);
}

TEST(ReciprocalMatching, MapsMustHaveTheSameChannels) {
  EXPECT_THROW(FindReciprocalNeighbours(ImageF(8, 8, 3), ImageF(8, 8, 4), ReciprocalOptions()), Error);
}

ImageF PlanePointmap(int width, int height, double focal_px, double slope) {
  ImageF map(width, height, 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double u = (x - width / 2.0) / focal_px, v = (y - height / 2.0) / focal_px;
      const double z = 4 / (1 - slope * v);
      map.At(x, y, 0) = static_cast<float>(u * z);
      map.At(x, y, 1) = static_cast<float>(v * z);
      map.At(x, y, 2) = static_cast<float>(z);
    }
  }
  return map;
}

TEST(CanonicalView, OnePredictionKeepsItsDepth) {
  const ImageF map = PlanePointmap(32, 24, 30, 0.5);
  const CanonicalView view =
      MakeCanonicalView({map, map}, {ImageF(32, 24, 1, 3.0f), ImageF(32, 24, 1, 2.0f)});
  ASSERT_EQ(view.core_depth_m.size(), 12u);
  for (int y = 0; y < 24; ++y) {
    for (int x = 0; x < 32; ++x) {
      const AnchoredPixel pixel = AnchorOf(view.relative_depth, x, y);
      EXPECT_NEAR(view.core_depth_m[pixel.anchor] * pixel.offset, map.At(x, y, 2), 1e-5);
    }
  }
  // (2.001^2 + 1.001^2) / (2.001 + 1.001).
  EXPECT_NEAR(view.confidence.At(3, 3), 1.667556, 1e-5);
}

TEST(CanonicalView, WeighsByConfidence) {
  const ImageF near = PlanePointmap(16, 16, 30, 0);
  ImageF far = near;
  for (float& value : far.data) value *= 2;
  // A person (confidence 1) keeps a weight of only 0.001.
  const CanonicalView view =
      MakeCanonicalView({near, far}, {ImageF(16, 16, 1, 2.0f), ImageF(16, 16, 1, 1.0f)});
  EXPECT_NEAR(view.mean_pointmap_m.At(4, 4, 2), 4 * (1.001 + 2 * 0.001) / 1.002, 1e-5);
  EXPECT_THROW(MakeCanonicalView({near}, {}), Error);
  EXPECT_THROW(MakeCanonicalView({ImageF(12, 8, 3)}, {ImageF(12, 8)}), Error);
}

TEST(CanonicalView, FocalIsExactWithoutNoise) {
  for (const double focal : {25.0, 40.0, 70.0}) {
    EXPECT_NEAR(EstimateFocal_px(PlanePointmap(48, 32, focal, 0.3)), focal, 1e-4);
  }
  // Nothing to measure: the limits decide, never a NaN.
  EXPECT_TRUE(std::isfinite(EstimateFocal_px(ImageF(48, 32, 3))));
}

TEST(CanonicalView, LowerMedianTakesTheLowerOfTheMiddleTwo) {
  EXPECT_EQ(LowerMedian({4, 1, 3, 2}), 2);
  EXPECT_EQ(LowerMedian({5, 1, 3}), 3);
  EXPECT_THROW(LowerMedian({}), Error);
}

}  // namespace
}  // namespace foothold
