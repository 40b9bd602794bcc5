// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>

namespace foothold {

// Sizes of a MASt3R network (Leroy et al. 2024). Defaults: the released one, 688,638,856 parameters.
struct Mast3rConfig {
  int patch_size_px = 16;
  int encoder_width = 1024, encoder_depth = 24, encoder_heads = 16;
  int decoder_width = 768, decoder_depth = 12, decoder_heads = 12;
  double mlp_ratio = 4;
  double norm_epsilon = 1e-6;
  double rotary_base = 100;
  // Point head: it reads the tokens after these decoder layers (0: the encoder's).
  std::array<int, 4> hooks = {0, 6, 9, 12};
  std::array<int, 4> head_layer_widths = {96, 192, 384, 768};
  int head_feature_width = 256, head_last_width = 128;
  // Descriptors: hidden width of their MLP as a multiple of encoder plus decoder width.
  double local_feature_ratio = 4;
  int descriptor_width = 24;

  // Smallest sensible network of the same structure, for tests and trials: 1.2 million parameters.
  static Mast3rConfig Tiny();

  // All violated conditions, one line each; empty when the network can be built.
  std::string Check() const;
};

// The configuration as JSON with the released code's names ("enc_embed_dim": 1024, ...), as the metadata
// entry "config" of our safetensors files holds it. Reading requires every size, refuses modes that this
// implementation does not have, skips keys that other networks add, and throws Error(kBadInput).
std::string ToJson(const Mast3rConfig& config);
Mast3rConfig Mast3rConfigFromJson(const std::string& json, const std::string& origin);

}  // namespace foothold
