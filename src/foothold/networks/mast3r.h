// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/networks/attention.h"
#include "foothold/networks/mast3r_config.h"
#include "foothold/networks/point_head.h"

namespace foothold {

// What the encoder makes of images: depends on each image alone, so an image is encoded once, however many
// pairs it is part of.
struct ImageTokens {
  int rows = 0, columns = 0;  // Of the grid of patches.
  at::Tensor tokens;          // [B, rows x columns, encoder_width]

  // The images `indices` of this batch, with repetitions: those of a list of pairs, say.
  ImageTokens Select(const std::vector<int64_t>& indices) const;
};

// Decoder tokens of one side of a batch of pairs.
struct DecodedSide {
  HeadTokens tokens;
  RotaryTable rotary;  // Of this side's tokens.
};
struct DecodedPairs {
  DecodedSide first, second;
};

// MASt3R (Leroy et al. 2024): two images in, for every pixel of both a point in the first one's camera, in
// metres, and a descriptor. Written from ../shared/design/josh.md, section 7.1; parameter names are those of
// the released weights.
class Mast3r {
 public:
  // Registers the parameters below `scope`. Throws Error(kBadInput) for a configuration that fails Check.
  Mast3r(const Scope& scope, const Mast3rConfig& config);
  Mast3r(const Mast3r&) = delete;
  Mast3r& operator=(const Mast3r&) = delete;

  const Mast3rConfig& config() const { return config_; }

  // Images [B, 3, H, W] in [-1, 1], RGB; H and W are multiples of the patch size: Error(kBadInput) else.
  ImageTokens Encode(const at::Tensor& images, const TensorObserver* observer = nullptr) const;
  // Pair b is (first b, second b). Sides may differ in size.
  DecodedPairs Decode(const ImageTokens& first,
                      const ImageTokens& second,
                      const TensorObserver* observer = nullptr) const;
  DenseView FirstView(const DecodedSide& side,
                      bool with_descriptors,
                      const TensorObserver* observer = nullptr) const;
  DenseView SecondView(const DecodedSide& side,
                       bool with_descriptors,
                       const TensorObserver* observer = nullptr) const;

 private:
  Mast3rConfig config_;
  Convolution patch_embed_;
  std::vector<EncoderBlock> enc_blocks_;
  LayerNorm enc_norm_;
  Linear decoder_embed_;
  std::vector<DecoderBlock> dec_blocks_, dec_blocks2_;
  LayerNorm dec_norm_;
  PointHead downstream_head1_, downstream_head2_;
};

// One decoder block of this configuration: the student adds two.
BlockShape DecoderShape(const Mast3rConfig& config);

// The configuration that a checkpoint of ours carries in its metadata. Throws Error(kBadInput).
Mast3rConfig Mast3rConfigOf(const SafetensorsFile& file);
std::string ConfigTextOf(const SafetensorsFile& file);  // The same as text.

}  // namespace foothold
