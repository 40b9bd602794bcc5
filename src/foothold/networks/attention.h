// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/networks/layers.h"

namespace foothold {

// Rotary position embedding in two dimensions (Su et al. 2021, by axis): the first half of a head's
// channels turns with the token's row, the second with its column. Within a half of 2 K channels, channels
// k and K + k form a plane that turns by position x base^(-k / K).
struct RotaryTable {
  at::Tensor cosine, sine;  // [N, 2, K]: token, axis (row, column), plane.
};
// `positions`: [N, 2] integers (row, column), of any sign. head_width is a multiple of 4.
RotaryTable MakeRotaryTable(const at::Tensor& positions, int head_width, double base, at::ScalarType type);
at::Tensor Rotate(const at::Tensor& heads, const RotaryTable& table);  // [B, heads, N, head_width]

// Positions of rows x columns tokens, row by row: [N, 2].
at::Tensor GridPositions(int rows, int columns, at::Device device);

// Attention goes through LibTorch's scaled_dot_product_attention: on a GPU a fused kernel.
struct SelfAttention {
  Linear qkv, proj;
  int num_heads;
  SelfAttention(const Scope& scope, int channels, int heads);
  at::Tensor operator()(const at::Tensor& x, const RotaryTable& rotary) const;  // [B, N, C]
};

struct CrossAttention {
  Linear projq, projk, projv, proj;
  int num_heads;
  CrossAttention(const Scope& scope, int channels, int heads);
  at::Tensor operator()(const at::Tensor& x,
                        const at::Tensor& memory,
                        const RotaryTable& rotary_x,
                        const RotaryTable& rotary_memory) const;
};

struct BlockShape {
  int channels, heads, hidden;
  double norm_epsilon;
};

// x + attention, x + MLP, each of the normalised input.
struct EncoderBlock {
  LayerNorm norm1;
  SelfAttention attn;
  LayerNorm norm2;
  Mlp mlp;
  EncoderBlock(const Scope& scope, const BlockShape& shape);
  at::Tensor operator()(const at::Tensor& x, const RotaryTable& rotary) const;
};

// The same with attention to the other image's tokens in between.
struct DecoderBlock {
  LayerNorm norm1;
  SelfAttention attn;
  LayerNorm norm2, norm_y;
  CrossAttention cross_attn;
  LayerNorm norm3;
  Mlp mlp;
  DecoderBlock(const Scope& scope, const BlockShape& shape);
  at::Tensor operator()(const at::Tensor& x,
                        const at::Tensor& other,
                        const RotaryTable& rotary_x,
                        const RotaryTable& rotary_other) const;
};

}  // namespace foothold
