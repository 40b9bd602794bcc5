// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/network_options.h"

namespace foothold {

const OptionTable& NetworkOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<NetworkOptions>("networks",
                                         "Perception by neural networks (perception.name networks).")
          .Add("modules",
               &NetworkOptions::modules,
               {},
               "Folder of exported modules: detect.pt, body.pt and others, each with its card "
               "(docs/networks.md). Labels record their checksums.")
          .DoesNotAffectLabels()
          .Add("mast3r",
               &NetworkOptions::mast3r,
               {},
               "Weights of MASt3R, a .safetensors file (scripts/convert_checkpoint.py). Labels record its "
               "checksum.")
          .DoesNotAffectLabels()
          .Add("device", &NetworkOptions::device, {"cpu", "cuda"}, "Where the networks run.")
          .Add("precision",
               &NetworkOptions::precision,
               {"fp32", "bf16", "fp16"},
               "Numbers of MASt3R; modules have their own.")
          .Add("batch",
               &NetworkOptions::batch,
               1,
               256,
               "Images, crops or pairs in one call of a network. Rounding depends on it.")
          .Add(
              "window", &NetworkOptions::window, 1, 100, "Later keyframes that each keyframe is paired with.")
          .Add("detect_score",
               &NetworkOptions::detect_score,
               0.01,
               1,
               "Score of a detection with which a track may begin; half of it continues one.")
          .Add("contact_score",
               &NetworkOptions::contact_score,
               0,
               1,
               "Probability from which a vertex of the body touches something.")
          .Build();
  return table;
}

}  // namespace foothold
