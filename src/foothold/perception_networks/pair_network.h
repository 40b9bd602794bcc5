// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "foothold/scene/image.h"

namespace foothold {

// What MASt3R says of one image of a pair, as seen beside the other: metres, in the image's own camera.
struct PairView {
  ImageF points_m;    // Three channels.
  ImageF confidence;  // >= 1.
};
// Descriptors of one decoding: `a` on the first image of the pair, `b` on the second.
struct PairDescriptors {
  ImageF descriptors_a, confidence_a, descriptors_b, confidence_b;
};
struct PairSight {
  PairView first, second;
  PairDescriptors decoded_12, decoded_21;
};

// A network that looks at pairs of images of one size; tests put the truth in its place.
class PairNetwork {
 public:
  virtual ~PairNetwork() = default;

  // Of one image, kept by the caller, so that an image is encoded once.
  struct Encoding {
    virtual ~Encoding() = default;
  };
  using Encodings = std::vector<std::shared_ptr<const Encoding>>;
  // RGB images whose sides are multiples of the patch: Error(kBadInput) otherwise.
  virtual Encodings Encode(const std::vector<const ImageU8*>& images) const = 0;
  // Both decodings of each pair. Throws Error(kBadInput), reason "network_output", when a number is not
  // finite.
  using EncodedPairs = std::vector<std::pair<const Encoding*, const Encoding*>>;
  virtual std::vector<PairSight> Look(const EncodedPairs& pairs) const = 0;
  virtual int patch_size_px() const = 0;
};

// MASt3R. Weights: .safetensors (docs/networks.md). Throws Error(kBadInput), Error(kDevice).
std::unique_ptr<PairNetwork> LoadMast3r(const std::string& path,
                                        const std::string& device,
                                        const std::string& precision);

}  // namespace foothold
