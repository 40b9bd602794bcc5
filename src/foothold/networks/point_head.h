// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "foothold/networks/layers.h"
#include "foothold/networks/mast3r_config.h"

namespace foothold {

// One image's dense predictions, float32 (float64 where the network is), [B, H, W, ...].
struct DenseView {
  at::Tensor points;                 // [B, H, W, 3], in the camera of the image that was decoded first.
  at::Tensor confidence;             // [B, H, W], >= 1.
  at::Tensor descriptors;            // [B, H, W, descriptor_width], unit norm. Undefined when not asked for.
  at::Tensor descriptor_confidence;  // [B, H, W], > 0. Likewise.
};

// Tokens of one image that the head reads.
struct HeadTokens {
  int rows = 0, columns = 0;        // Of the grid of patches.
  std::array<at::Tensor, 4> hooks;  // [B, N, C] after the layers config.hooks.
  at::Tensor encoder, last;         // Encoder's output and last decoder layer's, for the descriptors.
};

// ReLU, convolution, ReLU, convolution, plus the input.
struct ResidualConvolutions {
  Convolution conv1, conv2;
  ResidualConvolutions(const Scope& scope, int channels);
  at::Tensor operator()(const at::Tensor& x) const;
};

// Adds a finer map to a coarser one and doubles the resolution.
struct FusionStage {
  ResidualConvolutions res_conv_unit1, res_conv_unit2;
  Convolution out_conv;
  FusionStage(const Scope& scope, int channels);
  // `lateral` undefined: the coarsest stage, which only refines.
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& lateral) const;
};

// Dense prediction transformer (Ranftl et al. 2021) over tokens of four depths: [B, 4, H, W], points and a
// confidence, raw.
class DensePredictor {
 public:
  DensePredictor(const Scope& scope, const Mast3rConfig& config);
  at::Tensor operator()(const HeadTokens& tokens, const TensorObserver* observer) const;

 private:
  at::Tensor Reassemble(int index, const HeadTokens& tokens) const;

  std::vector<Convolution> projections_;
  std::vector<BlockUpsampling> upsamplings_;  // Of maps 0 and 1.
  Convolution downsampling_;                  // Of map 3.
  std::vector<Convolution> laterals_;
  std::vector<FusionStage> fusions_;
  Convolution head0_, head2_, head4_;
  int patch_size_;
};

// Points and descriptors of one side.
class PointHead {
 public:
  PointHead(const Scope& scope, const Mast3rConfig& config);
  // Descriptors cost more than the points; the student does without.
  DenseView operator()(const HeadTokens& tokens, bool with_descriptors, const TensorObserver* observer) const;

 private:
  DensePredictor dpt_;
  Mlp local_features_;
  int patch_size_, descriptor_width_;
};

}  // namespace foothold
