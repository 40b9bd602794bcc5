// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/josh3r.h"

#include "foothold/base/error.h"
#include "foothold/student/dropout.h"

namespace foothold {
namespace {

constexpr int kBoxSide = 7;  // Samples along each side of a box.

const Josh3rConfig& Checked(const Josh3rConfig& config) {
  const std::string problems = config.Check();
  if (!problems.empty()) throw Error(ErrorKind::kBadInput, "JOSH3R configuration: " + problems);
  return config;
}

BlockShape AddedBlockShape(const Josh3rConfig& config) {
  BlockShape shape = DecoderShape(config.backbone);
  shape.norm_epsilon = config.added_norm_epsilon;
  return shape;
}

Initial LastWeights(HeadStart start) {
  if (start == HeadStart::kZero) return Initial::kZero;
  return start == HeadStart::kNoRotation ? Initial::kToken : Initial::kLinear;
}

// Tokens [B, N, C] as a map [B, C, rows, columns].
at::Tensor MapOf(const DecodedSide& side) {
  const at::Tensor& x = side.tokens.last;
  return x.transpose(1, 2).reshape({x.size(0), x.size(2), side.tokens.rows, side.tokens.columns});
}

// Rotations of a side's tokens and of the person's behind them, which has the position (-1, -1).
RotaryTable WithHumanToken(const DecodedSide& side, const Mast3rConfig& config) {
  const at::Device device = side.tokens.last.device();
  const at::Tensor human = at::full({1, 2}, -1, at::dtype(at::kLong).device(device));
  return MakeRotaryTable(at::cat({GridPositions(side.tokens.rows, side.tokens.columns, device), human}),
                         config.decoder_width / config.decoder_heads,
                         config.rotary_base,
                         side.tokens.last.scalar_type());
}

at::Tensor Widen(const at::Tensor& x) { return x.scalar_type() == at::kDouble ? x : x.to(at::kFloat); }

}  // namespace

BoxFeatures::BoxFeatures(const Scope& scope, int channels, int hidden)
    : conv1_(scope / "conv1", channels, hidden, 3, 1, 1),
      conv2_(scope / "conv2", hidden, hidden, 3, 1, 1),
      conv3_(scope / "conv3", hidden, hidden, 3, 1, 1),
      bn1_(scope / "bn1", hidden),
      bn2_(scope / "bn2", hidden),
      bn3_(scope / "bn3", hidden),
      fc1_(scope / "fc1", hidden * kBoxSide * kBoxSide, channels),
      bn_fc1_(scope / "bn_fc1", channels) {}

at::Tensor BoxFeatures::operator()(const at::Tensor& roi, const ForwardMode& mode) const {
  at::Tensor x = at::relu(bn1_(conv1_(roi), mode.training, mode.exchange));
  x = at::relu(bn2_(conv2_(x), mode.training, mode.exchange));
  x = at::relu(bn3_(conv3_(x), mode.training, mode.exchange));
  return bn_fc1_(fc1_(x.flatten(1)), mode.training, mode.exchange);
}

TokenHead::ResidualBlock::ResidualBlock(const Scope& scope, int width)
    : linear1(scope / "linear1", width, width),
      norm1(scope / "norm1", width),
      linear2(scope / "linear2", width, width),
      norm2(scope / "norm2", width) {}

TokenHead::TokenHead(const Scope& scope, int inputs, int hidden, int outputs, HeadStart start, double dropout)
    : first_(scope / "head_layers" / 0 / 0, inputs, hidden),
      first_norm_(scope / "head_layers" / 0 / 1, hidden),
      block1_(scope / "head_layers" / 1 / 0, hidden),
      block2_(scope / "head_layers" / 2 / 0, hidden),
      last_weight_((scope / "head_layers" / 3).Parameter("weight", {outputs, hidden}, LastWeights(start))),
      dropout_(dropout) {
  if (start == HeadStart::kZero) return;
  const Initial bias = start == HeadStart::kNoRotation ? Initial::kNoRotation : Initial::kZero;
  last_bias_ = (scope / "head_layers" / 3).Parameter("bias", {outputs}, bias);
}

at::Tensor TokenHead::operator()(const at::Tensor& x,
                                 const ForwardMode& mode,
                                 const std::string& name) const {
  at::Tensor y = at::relu(first_norm_(first_(x), mode.training, mode.exchange));
  int site = 0;
  const auto drop = [&](const at::Tensor& z) {
    const std::string where = name + "." + std::to_string(site++);
    return mode.training ? SeededDropout(z, dropout_, mode.sample_seeds, where) : z;
  };
  for (const ResidualBlock* block : {&block1_, &block2_}) {
    const at::Tensor hidden = drop(at::relu(block->norm1(block->linear1(y), mode.training, mode.exchange)));
    y = drop(at::relu(block->norm2(block->linear2(hidden), mode.training, mode.exchange) + y));
  }
  return Widen(at::linear(y, last_weight_, last_bias_));
}

at::Tensor SampleBoxes(const at::Tensor& maps,
                       const at::Tensor& boxes_px,
                       int64_t width_px,
                       int64_t height_px) {
  const at::TensorOptions options = maps.options().dtype(Widen(maps).scalar_type());
  const at::Tensor size =
      at::tensor({width_px, height_px, width_px, height_px}, at::dtype(at::kLong)).to(options);
  const at::Tensor boxes = boxes_px.to(options) / size * 2 - 1;  // [B, 4] in [-1, 1].
  const at::Tensor steps = at::linspace(0, 1, kBoxSide, options);
  const auto along = [&](int axis) {
    const at::Tensor low = boxes.narrow(1, axis, 1), high = boxes.narrow(1, axis + 2, 1);
    return low + (high - low) * steps;  // [B, 7]
  };
  const at::Tensor x = along(0).unsqueeze(1).expand({-1, kBoxSide, -1});
  const at::Tensor y = along(1).unsqueeze(2).expand({-1, -1, kBoxSide});
  constexpr int64_t kBilinear = 0, kBorder = 1;
  return at::grid_sampler(Widen(maps), at::stack({x, y}, -1), kBilinear, kBorder, /*align_corners=*/false)
      .to(maps.scalar_type());
}

Josh3r::Josh3r(const Scope& scope, const Josh3rConfig& config)
    : config_(Checked(config)),
      backbone_(scope / "mast3r", config.backbone),
      human_features1_(
          scope / "human_feat_extractor_1", config.backbone.decoder_width, config.roi_convolution_width),
      human_features2_(
          scope / "human_feat_extractor_2", config.backbone.decoder_width, config.roi_convolution_width),
      decoder_block1_(scope / "decoder_block_1", AddedBlockShape(config)),
      decoder_block2_(scope / "decoder_block_2", AddedBlockShape(config)),
      dec_norm_(scope / "dec_norm", config.backbone.decoder_width, config.added_norm_epsilon),
      human_head1_(MakeHead(scope, "human_head_1", 1, 3, HeadStart::kRandom)),
      human_head2_(MakeHead(scope, "human_head_2", 1, 3, HeadStart::kRandom)),
      scene_head1_(MakeHead(scope, "scene_head_1", 1, 1, HeadStart::kZero)),
      scene_head2_(MakeHead(scope, "scene_head_2", 1, 1, HeadStart::kZero)),
      rel_trans_head_(MakeHead(scope, "rel_trans_head", 4, 3, HeadStart::kZero)),
      rel_rot_head_(MakeHead(scope, "rel_rot_head", 4, 6, HeadStart::kNoRotation)) {}

TokenHead Josh3r::MakeHead(
    const Scope& scope, const std::string& name, int tokens, int outputs, HeadStart start) const {
  const int width = config_.backbone.decoder_width;
  return TokenHead(scope / name, tokens * width, width, outputs, start, config_.head_dropout);
}

PairPrediction Josh3r::Forward(const PairBatch& batch,
                               const ForwardMode& mode,
                               const TensorObserver* observer) const {
  const ImageTokens both =
      backbone_.Encode(batch.images.flatten(0, 1));  // Images 1 and 2 of a pair alternate.
  const at::Tensor tokens = both.tokens.unflatten(0, {-1, 2});
  return ForwardEncoded({both.rows, both.columns, tokens.select(1, 0)},
                        {both.rows, both.columns, tokens.select(1, 1)},
                        batch.boxes_px,
                        mode,
                        observer);
}

Josh3r::Sides Josh3r::Fuse(const DecodedPairs& pairs,
                           const at::Tensor& boxes_px,
                           const ForwardMode& mode,
                           const TensorObserver* observer) const {
  const int64_t patch = config_.backbone.patch_size_px;
  const auto with_human = [&](const DecodedSide& side, int index, const BoxFeatures& features) {
    const std::string suffix = std::to_string(index + 1);
    const at::Tensor roi = SampleBoxes(
        MapOf(side), boxes_px.select(1, index), patch * side.tokens.columns, patch * side.tokens.rows);
    const at::Tensor human = features(roi, mode);
    Observe(observer, "roi" + suffix, roi);
    Observe(observer, "human_feature" + suffix, human);
    return at::cat({side.tokens.last, human.unsqueeze(1)}, 1);
  };
  const at::Tensor a = with_human(pairs.first, 0, human_features1_);
  const at::Tensor b = with_human(pairs.second, 1, human_features2_);
  const RotaryTable rotary_a = WithHumanToken(pairs.first, config_.backbone);
  const RotaryTable rotary_b = WithHumanToken(pairs.second, config_.backbone);
  const auto finish = [&](const at::Tensor& fused, int index) {
    const std::string suffix = std::to_string(index + 1);
    const at::Tensor x = dec_norm_(fused);
    const int64_t num_patches = x.size(1) - 1;
    const Side side = {x.select(1, num_patches), x.narrow(1, 0, num_patches).amax(1)};
    Observe(observer, "fused" + suffix, fused);
    Observe(observer, "human_token" + suffix, side.human);
    Observe(observer, "scene_token" + suffix, side.scene);
    return side;
  };
  return {finish(decoder_block1_(a, b, rotary_a, rotary_b), 0),
          finish(decoder_block2_(b, a, rotary_b, rotary_a), 1)};
}

PairPrediction Josh3r::ForwardEncoded(const ImageTokens& first,
                                      const ImageTokens& second,
                                      const at::Tensor& boxes_px,
                                      const ForwardMode& mode,
                                      const TensorObserver* observer) const {
  const DecodedPairs pairs = backbone_.Decode(first, second);
  const Sides sides = Fuse(pairs, boxes_px, mode, observer);
  const at::Tensor all =
      at::cat({sides.first.human, sides.second.human, sides.first.scene, sides.second.scene}, -1);
  Observe(observer, "all_tokens", all);
  PairPrediction prediction;
  prediction.rel_translation = rel_trans_head_(all, mode, "rel_trans_head");
  prediction.rel_rotation = rel_rot_head_(all, mode, "rel_rot_head");
  prediction.translation1 = human_head1_(sides.first.human, mode, "human_head_1");
  prediction.translation2 = human_head2_(sides.second.human, mode, "human_head_2");
  prediction.scale1 = at::exp(scene_head1_(sides.first.scene, mode, "scene_head_1"));
  prediction.scale2 = at::exp(scene_head2_(sides.second.scene, mode, "scene_head_2"));
  prediction.points1 = backbone_.FirstView(pairs.first, /*with_descriptors=*/false).points;
  prediction.points2 = backbone_.SecondView(pairs.second, /*with_descriptors=*/false).points;
  return prediction;
}

}  // namespace foothold
