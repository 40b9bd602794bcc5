// SPDX-License-Identifier: Apache-2.0
#include "foothold/networks/mast3r_config.h"

#include <map>

#include "foothold/base/error.h"
#include "foothold/networks/config_json.h"

namespace foothold {
namespace {

// The one table of names, for both directions.
template <class Config, class Visitor>
void VisitFields(Config* config, Visitor&& visit) {
  visit("patch_size", &config->patch_size_px);
  visit("enc_embed_dim", &config->encoder_width);
  visit("enc_depth", &config->encoder_depth);
  visit("enc_num_heads", &config->encoder_heads);
  visit("dec_embed_dim", &config->decoder_width);
  visit("dec_depth", &config->decoder_depth);
  visit("dec_num_heads", &config->decoder_heads);
  visit("mlp_ratio", &config->mlp_ratio);
  visit("norm_eps", &config->norm_epsilon);
  visit("rope_base", &config->rotary_base);
  visit("hooks", &config->hooks);
  visit("head_layer_dims", &config->head_layer_widths);
  visit("head_feature_dim", &config->head_feature_width);
  visit("head_last_dim", &config->head_last_width);
  visit("local_feature_hidden_factor", &config->local_feature_ratio);
  visit("desc_dim", &config->descriptor_width);
}

// How raw outputs become points and confidences; other choices of the released code are not implemented.
const std::map<std::string, std::string>& Modes() {
  static const std::map<std::string, std::string> modes = {{"depth_mode", "exp"},
                                                           {"conf_mode", "exp, vmin 1"},
                                                           {"desc_conf_mode", "exp, vmin 0"},
                                                           {"desc_mode", "norm"}};
  return modes;
}

}  // namespace

Mast3rConfig Mast3rConfig::Tiny() {
  Mast3rConfig config;
  config.encoder_width = 64;
  config.encoder_depth = 2;
  config.encoder_heads = 4;
  config.decoder_width = 32;
  config.decoder_depth = 4;
  config.decoder_heads = 2;
  config.hooks = {0, 2, 3, 4};
  config.head_layer_widths = {12, 16, 24, 32};
  config.head_feature_width = 24;
  config.head_last_width = 12;
  config.local_feature_ratio = 0.5;
  return config;
}

std::string Mast3rConfig::Check() const {
  std::string problems;
  const auto require = [&](bool good, const std::string& what) {
    if (!good) problems += (problems.empty() ? "" : "\n") + what;
  };
  constexpr int kMaxWidth = 1 << 16, kMaxDepth = 1 << 10;
  const auto in_range = [&](const std::string& name, int value, int max) {
    require(value >= 1 && value <= max,
            name + " is " + std::to_string(value) + ", not 1 to " + std::to_string(max));
  };
  in_range("patch_size", patch_size_px, 256);
  in_range("enc_depth", encoder_depth, kMaxDepth);
  in_range("dec_depth", decoder_depth, kMaxDepth);
  in_range("head_feature_dim", head_feature_width, kMaxWidth);
  in_range("head_last_dim", head_last_width, kMaxWidth);
  in_range("desc_dim", descriptor_width, kMaxWidth);
  const auto check_heads = [&](const std::string& name, int width, int heads) {
    in_range(name + "_embed_dim", width, kMaxWidth);
    in_range(name + "_num_heads", heads, kMaxWidth);
    require(heads < 1 || (width % heads == 0 && (width / heads) % 4 == 0),
            name + "_embed_dim over " + name + "_num_heads is not a multiple of 4");
  };
  check_heads("enc", encoder_width, encoder_heads);
  check_heads("dec", decoder_width, decoder_heads);
  for (const int width : head_layer_widths) in_range("head_layer_dims", width, kMaxWidth);
  for (const int hook : hooks)
    require(hook >= 0 && hook <= decoder_depth, "hooks are not layers of the decoder");
  require(mlp_ratio > 0 && mlp_ratio <= 64, "mlp_ratio is not in (0, 64]");
  require(local_feature_ratio > 0 && local_feature_ratio <= 64,
          "local_feature_hidden_factor is not in (0, 64]");
  require(norm_epsilon > 0 && norm_epsilon < 1, "norm_eps is not in (0, 1)");
  require(rotary_base > 1, "rope_base is not above 1");
  return problems;
}

std::string ToJson(const Mast3rConfig& config) {
  ConfigJsonWriter json;
  VisitFields(&config, [&](const std::string& name, const auto* value) { json.Write(name, *value); });
  for (const auto& [name, mode] : Modes()) json.Write(name, mode);
  return json.Text();
}

Mast3rConfig Mast3rConfigFromJson(const std::string& json, const std::string& origin) {
  const ConfigJson values(json, origin);
  Mast3rConfig config;
  VisitFields(&config, [&](const std::string& name, auto* value) { values.Read(name, value); });
  for (const auto& [name, mode] : Modes()) values.Require(name, mode);
  const std::string problems = config.Check();
  if (!problems.empty()) throw Error(ErrorKind::kBadInput, origin + ": " + problems);
  return config;
}

}  // namespace foothold
