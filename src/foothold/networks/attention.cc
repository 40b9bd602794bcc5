// SPDX-License-Identifier: Apache-2.0
#include "foothold/networks/attention.h"

#include <cmath>

#include "foothold/base/error.h"

namespace foothold {
namespace {

at::Tensor SplitHeads(const at::Tensor& x, int heads) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

at::Tensor MergeHeads(const at::Tensor& heads) { return heads.transpose(1, 2).flatten(2); }

}  // namespace

RotaryTable MakeRotaryTable(const at::Tensor& positions, int head_width, double base, at::ScalarType type) {
  FOOTHOLD_CHECK(head_width > 0 && head_width % 4 == 0, "rotary embedding needs a head width divisible by 4");
  const int planes = head_width / 4;
  // Angles in double: they are few, and float32 would leave 1e-6 of a turn's error.
  const at::Tensor exponents = at::arange(planes, positions.options().dtype(at::kDouble)) / -planes;
  const at::Tensor frequencies = at::exp(exponents * std::log(base));
  const at::Tensor angles = positions.to(at::kDouble).unsqueeze(-1) * frequencies;  // [N, 2, K]
  return {at::cos(angles).to(type), at::sin(angles).to(type)};
}

at::Tensor Rotate(const at::Tensor& heads, const RotaryTable& table) {
  const int64_t planes = table.cosine.size(2);
  const at::Tensor split = heads.reshape({heads.size(0), heads.size(1), heads.size(2), 2, 2, planes});
  const at::Tensor first = split.select(-2, 0), second = split.select(-2, 1);
  const at::Tensor turned_first = at::addcmul(first * table.cosine, second, table.sine, -1);
  const at::Tensor turned_second = at::addcmul(second * table.cosine, first, table.sine);
  return at::stack({turned_first, turned_second}, -2).view(heads.sizes());
}

at::Tensor GridPositions(int rows, int columns, at::Device device) {
  const at::TensorOptions options = at::dtype(at::kLong).device(device);
  const at::Tensor y = at::arange(rows, options).repeat_interleave(columns);
  const at::Tensor x = at::arange(columns, options).repeat({rows});
  return at::stack({y, x}, 1);
}

SelfAttention::SelfAttention(const Scope& scope, int channels, int heads)
    : qkv(scope / "qkv", channels, 3 * channels),
      proj(scope / "proj", channels, channels),
      num_heads(heads) {}

at::Tensor SelfAttention::operator()(const at::Tensor& x, const RotaryTable& rotary) const {
  const at::Tensor heads = SplitHeads(qkv(x), 3 * num_heads);  // Queries, keys, values.
  const at::Tensor rotated = Rotate(heads.narrow(1, 0, 2 * num_heads), rotary);
  return proj(MergeHeads(at::scaled_dot_product_attention(rotated.narrow(1, 0, num_heads),
                                                          rotated.narrow(1, num_heads, num_heads),
                                                          heads.narrow(1, 2 * num_heads, num_heads))));
}

CrossAttention::CrossAttention(const Scope& scope, int channels, int heads)
    : projq(scope / "projq", channels, channels),
      projk(scope / "projk", channels, channels),
      projv(scope / "projv", channels, channels),
      proj(scope / "proj", channels, channels),
      num_heads(heads) {}

at::Tensor CrossAttention::operator()(const at::Tensor& x,
                                      const at::Tensor& memory,
                                      const RotaryTable& rotary_x,
                                      const RotaryTable& rotary_memory) const {
  const at::Tensor query = Rotate(SplitHeads(projq(x), num_heads), rotary_x);
  const at::Tensor key = Rotate(SplitHeads(projk(memory), num_heads), rotary_memory);
  const at::Tensor value = SplitHeads(projv(memory), num_heads);
  return proj(MergeHeads(at::scaled_dot_product_attention(query, key, value)));
}

EncoderBlock::EncoderBlock(const Scope& scope, const BlockShape& shape)
    : norm1(scope / "norm1", shape.channels, shape.norm_epsilon),
      attn(scope / "attn", shape.channels, shape.heads),
      norm2(scope / "norm2", shape.channels, shape.norm_epsilon),
      mlp(scope / "mlp", shape.channels, shape.hidden, shape.channels) {}

at::Tensor EncoderBlock::operator()(const at::Tensor& x, const RotaryTable& rotary) const {
  const at::Tensor attended = x + attn(norm1(x), rotary);
  return attended + mlp(norm2(attended));
}

DecoderBlock::DecoderBlock(const Scope& scope, const BlockShape& shape)
    : norm1(scope / "norm1", shape.channels, shape.norm_epsilon),
      attn(scope / "attn", shape.channels, shape.heads),
      norm2(scope / "norm2", shape.channels, shape.norm_epsilon),
      norm_y(scope / "norm_y", shape.channels, shape.norm_epsilon),
      cross_attn(scope / "cross_attn", shape.channels, shape.heads),
      norm3(scope / "norm3", shape.channels, shape.norm_epsilon),
      mlp(scope / "mlp", shape.channels, shape.hidden, shape.channels) {}

at::Tensor DecoderBlock::operator()(const at::Tensor& x,
                                    const at::Tensor& other,
                                    const RotaryTable& rotary_x,
                                    const RotaryTable& rotary_other) const {
  const at::Tensor attended = x + attn(norm1(x), rotary_x);
  const at::Tensor crossed = attended + cross_attn(norm2(attended), norm_y(other), rotary_x, rotary_other);
  return crossed + mlp(norm3(crossed));
}

}  // namespace foothold
