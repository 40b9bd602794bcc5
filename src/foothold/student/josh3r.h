// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foothold/networks/mast3r.h"

namespace foothold {

// Sizes of the student. Defaults: the released one, whose additions to MASt3R have 65,399,052 parameters.
struct Josh3rConfig {
  Mast3rConfig backbone;
  int roi_convolution_width = 256;
  double added_norm_epsilon = 1e-5;
  double head_dropout = 0.5;

  static Josh3rConfig Tiny();
  std::string Check() const;  // As Mast3rConfig::Check.
};
std::string ToJson(const Josh3rConfig& config);
Josh3rConfig Josh3rConfigFromJson(const std::string& json, const std::string& origin);
Josh3rConfig Josh3rConfigOf(const SafetensorsFile& file);

// A batch of image pairs with one person, who is in both images.
struct PairBatch {
  at::Tensor images;    // [B, 2, 3, H, W] in [-1, 1].
  at::Tensor boxes_px;  // [B, 2, 4]: x1, y1, x2, y2 of the person; may leave the image.
};

// What the network says about the pairs. Float32 or float64. Relative motion is in the parameters of the
// body: posing it at the identity in image 1's time and at (rel_rotation, rel_translation) in image 2's.
struct PairPrediction {
  at::Tensor rel_translation;             // [B, 3] metres.
  at::Tensor rel_rotation;                // [B, 6]: two rows of a matrix, to be made orthonormal.
  at::Tensor translation1, translation2;  // [B, 3] metres, of the body in the camera of its image.
  at::Tensor points1, points2;            // [B, H, W, 3], not scaled: the pointmaps of the backbone.
  at::Tensor scale1, scale2;              // [B, 1]: metres per unit of the pointmaps.
};

// Evaluation, or training with one random seed per sample: dropout depends on the seed alone, not on how
// samples are gathered to batches.
struct ForwardMode {
  bool training = false;
  std::vector<uint64_t> sample_seeds;  // One per pair; may be empty where dropout is 0.
  BatchExchange* exchange = nullptr;   // Training on a part of a batch: batch norm is over all parts.
};

// 3 convolutions and a linear map, each with batch norm: features of the person's box to one token.
class BoxFeatures {
 public:
  BoxFeatures(const Scope& scope, int channels, int hidden);
  at::Tensor operator()(const at::Tensor& roi, const ForwardMode& mode) const;  // [B, C, 7, 7] -> [B, C]

 private:
  Convolution conv1_, conv2_, conv3_;
  BatchNorm bn1_, bn2_, bn3_;
  Linear fc1_;
  BatchNorm bn_fc1_;
};

// What a head says before it is trained.
enum class HeadStart {
  kRandom,
  kZero,        // The last layer has no bias and weights that start at zero.
  kNoRotation,  // Nearly no rotation. People turn by a few degrees, and a random start is long unlearnt.
};

// Regression from tokens: linear, two residual blocks, linear.
class TokenHead {
 public:
  TokenHead(const Scope& scope, int inputs, int hidden, int outputs, HeadStart start, double dropout);
  at::Tensor operator()(const at::Tensor& x, const ForwardMode& mode, const std::string& name) const;

 private:
  struct ResidualBlock {
    Linear linear1;
    BatchNorm norm1;
    Linear linear2;
    BatchNorm norm2;
    ResidualBlock(const Scope& scope, int width);
  };
  Linear first_;
  BatchNorm first_norm_;
  ResidualBlock block1_, block2_;
  at::Tensor last_weight_, last_bias_;
  double dropout_;
};

// Features of boxes [B, 4] (x1, y1, x2, y2, pixels) in maps [B, C, h, w] of an image of width x height:
// bilinear on a grid of 7 x 7 points whose outer ones lie on the box's edge; outside, the border's values.
at::Tensor SampleBoxes(const at::Tensor& maps,
                       const at::Tensor& boxes_px,
                       int64_t width_px,
                       int64_t height_px);

// JOSH3R: MASt3R with a token for the person in each image, and heads for the person's motion and the scale
// of the scene. Written from ../shared/design/josh.md, section 7.2.
class Josh3r {
 public:
  Josh3r(const Scope& scope, const Josh3rConfig& config);
  Josh3r(const Josh3r&) = delete;
  Josh3r& operator=(const Josh3r&) = delete;

  const Josh3rConfig& config() const { return config_; }
  const Mast3r& backbone() const { return backbone_; }

  PairPrediction Forward(const PairBatch& batch,
                         const ForwardMode& mode,
                         const TensorObserver* observer = nullptr) const;
  // The same from encoded images: for videos, where an image is part of several pairs.
  PairPrediction ForwardEncoded(const ImageTokens& first,
                                const ImageTokens& second,
                                const at::Tensor& boxes_px,
                                const ForwardMode& mode,
                                const TensorObserver* observer = nullptr) const;

 private:
  struct Side {
    at::Tensor human, scene;  // [B, D] each.
  };
  struct Sides {
    Side first, second;
  };
  TokenHead MakeHead(
      const Scope& scope, const std::string& name, int tokens, int outputs, HeadStart start) const;
  Sides Fuse(const DecodedPairs& pairs,
             const at::Tensor& boxes_px,
             const ForwardMode& mode,
             const TensorObserver* observer) const;

  Josh3rConfig config_;
  Mast3r backbone_;
  BoxFeatures human_features1_, human_features2_;
  DecoderBlock decoder_block1_, decoder_block2_;
  LayerNorm dec_norm_;
  TokenHead human_head1_, human_head2_, scene_head1_, scene_head2_, rel_trans_head_, rel_rot_head_;
};

}  // namespace foothold
