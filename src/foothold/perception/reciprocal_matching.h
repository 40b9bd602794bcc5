// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "foothold/scene/image.h"
#include "foothold/scene/observations.h"

namespace foothold {

// Matching of two images by dense descriptors (MASt3R, Leroy et al. 2024, section 3.3): reciprocal
// nearest neighbours found by walking from a grid of seeds.

struct ReciprocalOptions {
  int stride_px = 8;    // Seeds at stride / 2, 3 stride / 2, ... on both axes.
  int max_rounds = 10;  // A seed still moving after so many rounds there and back is dropped.
  int threads = 1;      // The result does not depend on it.
};

// Pairs (index in the seeded map, index in the other map) of pixels that are each other's nearest
// neighbour by the dot product of their descriptors; indices are y * width + x. Unique, ascending.
// The maps have the same number of channels. Equal similarities: the smaller index.
std::vector<std::pair<int, int>> FindReciprocalNeighbours(const ImageF& seeded_map,
                                                          const ImageF& other_map,
                                                          const ReciprocalOptions& options);

// Descriptors and their confidences of one decoding of an image pair: `a` lives on image 1, `b` on
// image 2. Confidence is 0 on people.
struct DecodedPair {
  const ImageF* descriptors_a = nullptr;
  const ImageF* confidence_a = nullptr;
  const ImageF* descriptors_b = nullptr;
  const ImageF* confidence_b = nullptr;
};

struct PairMatches {
  std::vector<PixelMatch> matches;  // i: image 1, j: image 2; ascending by index in image 1, then 2.
  int score = 0;                    // Matches with positive confidence: the pair's weight in the tree.
};

// Both directions of both decodings, (1, 2) and (2, 1), merged. Confidence: square root of the product
// at both ends, from the first of the four searches that found the match.
PairMatches MatchImagePair(const DecodedPair& decoded_12,
                           const DecodedPair& decoded_21,
                           const ReciprocalOptions& options);

// Matches below this confidence are not used.
constexpr float kMinMatchConfidence = 1e-3f;

}  // namespace foothold
