// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/error.h"
#include "foothold/networks/config_json.h"
#include "foothold/student/josh3r.h"

namespace foothold {

Josh3rConfig Josh3rConfig::Tiny() {
  Josh3rConfig config;
  config.backbone = Mast3rConfig::Tiny();
  config.roi_convolution_width = 16;
  return config;
}

std::string Josh3rConfig::Check() const {
  std::string problems = backbone.Check();
  const auto require = [&](bool good, const std::string& what) {
    if (!good) problems += (problems.empty() ? "" : "\n") + what;
  };
  require(roi_convolution_width >= 1 && roi_convolution_width <= 1 << 16,
          "roi_conv_channels is not 1 to 65536");
  require(added_norm_epsilon > 0 && added_norm_epsilon < 1, "added_norm_eps is not in (0, 1)");
  require(head_dropout >= 0 && head_dropout < 1, "head_dropout is not in [0, 1)");
  return problems;
}

std::string ToJson(const Josh3rConfig& config) {
  ConfigJsonWriter added;
  added.Write("roi_conv_channels", config.roi_convolution_width);
  added.Write("added_norm_eps", config.added_norm_epsilon);
  added.Write("head_dropout", config.head_dropout);
  const std::string backbone = ToJson(config.backbone);
  return backbone.substr(0, backbone.size() - 1) + ", " + added.Text().substr(1);
}

Josh3rConfig Josh3rConfigFromJson(const std::string& json, const std::string& origin) {
  Josh3rConfig config;
  config.backbone = Mast3rConfigFromJson(json, origin);
  const ConfigJson values(json, origin);
  values.Read("roi_conv_channels", &config.roi_convolution_width);
  // Not in every checkpoint: the released network has but one value of each.
  if (values.Has("added_norm_eps")) values.Read("added_norm_eps", &config.added_norm_epsilon);
  if (values.Has("head_dropout")) values.Read("head_dropout", &config.head_dropout);
  const std::string problems = config.Check();
  if (!problems.empty()) throw Error(ErrorKind::kBadInput, origin + ": " + problems);
  return config;
}

Josh3rConfig Josh3rConfigOf(const SafetensorsFile& file) {
  return Josh3rConfigFromJson(ConfigTextOf(file), file.origin() + ": config");
}

}  // namespace foothold
