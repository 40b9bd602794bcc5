// SPDX-License-Identifier: Apache-2.0
#include "foothold/networks/mast3r.h"

#include <algorithm>

#include "foothold/base/error.h"

namespace foothold {
namespace {

const Mast3rConfig& Checked(const Mast3rConfig& config) {
  const std::string problems = config.Check();
  if (!problems.empty()) throw Error(ErrorKind::kBadInput, "MASt3R configuration: " + problems);
  return config;
}

BlockShape EncoderShape(const Mast3rConfig& config) {
  return {config.encoder_width,
          config.encoder_heads,
          static_cast<int>(config.mlp_ratio * config.encoder_width),
          config.norm_epsilon};
}

std::string LayerName(int layer) {
  return std::string(layer < 10 ? "layer0" : "layer") + std::to_string(layer);
}

// Keeps the tokens that the head reads as layers pass by.
void Keep(int layer, const Mast3rConfig& config, const at::Tensor& x, HeadTokens* tokens) {
  for (size_t k = 0; k < config.hooks.size(); ++k) {
    if (config.hooks[k] == layer) tokens->hooks[k] = x;
  }
}

DecodedSide StartSide(const ImageTokens& image, const Mast3rConfig& config) {
  DecodedSide side;
  side.tokens.rows = image.rows;
  side.tokens.columns = image.columns;
  side.tokens.encoder = image.tokens;
  Keep(0, config, image.tokens, &side.tokens);
  side.rotary = MakeRotaryTable(GridPositions(image.rows, image.columns, image.tokens.device()),
                                config.decoder_width / config.decoder_heads,
                                config.rotary_base,
                                image.tokens.scalar_type());
  return side;
}

}  // namespace

BlockShape DecoderShape(const Mast3rConfig& config) {
  return {config.decoder_width,
          config.decoder_heads,
          static_cast<int>(config.mlp_ratio * config.decoder_width),
          config.norm_epsilon};
}

ImageTokens ImageTokens::Select(const std::vector<int64_t>& indices) const {
  const at::Tensor index = at::tensor(indices, at::dtype(at::kLong)).to(tokens.device());
  return {rows, columns, tokens.index_select(0, index)};
}

Mast3r::Mast3r(const Scope& scope, const Mast3rConfig& config)
    : config_(Checked(config)),
      patch_embed_(scope / "patch_embed" / "proj",
                   3,
                   config.encoder_width,
                   config.patch_size_px,
                   config.patch_size_px,
                   0),
      enc_norm_(scope / "enc_norm", config.encoder_width, config.norm_epsilon),
      decoder_embed_(scope / "decoder_embed", config.encoder_width, config.decoder_width),
      dec_norm_(scope / "dec_norm", config.decoder_width, config.norm_epsilon),
      downstream_head1_(scope / "downstream_head1", config),
      downstream_head2_(scope / "downstream_head2", config) {
  for (int i = 0; i < config.encoder_depth; ++i) {
    enc_blocks_.emplace_back(scope / "enc_blocks" / i, EncoderShape(config));
  }
  for (int i = 0; i < config.decoder_depth; ++i) {
    dec_blocks_.emplace_back(scope / "dec_blocks" / i, DecoderShape(config));
    dec_blocks2_.emplace_back(scope / "dec_blocks2" / i, DecoderShape(config));
  }
  // Left over from pre-training by masking; the released weights count it.
  scope.Parameter("mask_token", {1, 1, config.decoder_width}, Initial::kToken);
}

ImageTokens Mast3r::Encode(const at::Tensor& images, const TensorObserver* observer) const {
  const int patch = config_.patch_size_px;
  const bool fits = images.dim() == 4 && images.size(1) == 3 && images.size(2) >= patch &&
                    images.size(3) >= patch && images.size(2) % patch == 0 && images.size(3) % patch == 0;
  if (!fits) {
    throw Error(ErrorKind::kBadInput,
                "images of shape " + FormatSizes(images.sizes()) +
                    " cannot be encoded: it must be [B, 3, H, W], H and W multiples of " +
                    std::to_string(patch) + "; crop or resize them");
  }
  const at::Tensor patches = patch_embed_(images.to(patch_embed_.weight.scalar_type()));
  ImageTokens result = {static_cast<int>(patches.size(2)), static_cast<int>(patches.size(3)), {}};
  const at::Tensor positions = GridPositions(result.rows, result.columns, images.device());
  const RotaryTable rotary = MakeRotaryTable(
      positions, config_.encoder_width / config_.encoder_heads, config_.rotary_base, patches.scalar_type());
  at::Tensor x = patches.flatten(2).transpose(1, 2);
  Observe(observer, "positions", positions);
  Observe(observer, "patch_embed", x);
  for (size_t i = 0; i < enc_blocks_.size(); ++i) {
    x = enc_blocks_[i](x, rotary);
    Observe(observer, "enc_blocks." + std::to_string(i), x);
  }
  result.tokens = enc_norm_(x);
  Observe(observer, "tokens", result.tokens);
  return result;
}

DecodedPairs Mast3r::Decode(const ImageTokens& first,
                            const ImageTokens& second,
                            const TensorObserver* observer) const {
  if (first.tokens.size(0) != second.tokens.size(0)) {
    throw Error(ErrorKind::kContract, "the two sides of a batch of pairs differ in number");
  }
  DecodedPairs pairs = {StartSide(first, config_), StartSide(second, config_)};
  at::Tensor a = decoder_embed_(first.tokens), b = decoder_embed_(second.tokens);
  Observe(observer, "a/embed", a);
  Observe(observer, "b/embed", b);
  for (int i = 0; i < config_.decoder_depth; ++i) {
    const at::Tensor previous_a = a;
    a = dec_blocks_[i](a, b, pairs.first.rotary, pairs.second.rotary);
    b = dec_blocks2_[i](b, previous_a, pairs.second.rotary, pairs.first.rotary);
    if (i + 1 == config_.decoder_depth) {
      a = dec_norm_(a);
      b = dec_norm_(b);
    }
    Keep(i + 1, config_, a, &pairs.first.tokens);
    Keep(i + 1, config_, b, &pairs.second.tokens);
    Observe(observer, "a/" + LayerName(i + 1), a);
    Observe(observer, "b/" + LayerName(i + 1), b);
  }
  pairs.first.tokens.last = a;
  pairs.second.tokens.last = b;
  return pairs;
}

DenseView Mast3r::FirstView(const DecodedSide& side,
                            bool with_descriptors,
                            const TensorObserver* observer) const {
  return downstream_head1_(side.tokens, with_descriptors, observer);
}
DenseView Mast3r::SecondView(const DecodedSide& side,
                             bool with_descriptors,
                             const TensorObserver* observer) const {
  return downstream_head2_(side.tokens, with_descriptors, observer);
}

std::string ConfigTextOf(const SafetensorsFile& file) {
  const auto config = file.metadata().find("config");
  if (config == file.metadata().end()) {
    throw Error(ErrorKind::kBadInput,
                file.origin() +
                    ": its metadata has no entry 'config' with the network's sizes; convert the "
                    "checkpoint with scripts/convert_checkpoint.py");
  }
  return config->second;
}

Mast3rConfig Mast3rConfigOf(const SafetensorsFile& file) {
  return Mast3rConfigFromJson(ConfigTextOf(file), file.origin() + ": config");
}

}  // namespace foothold
