// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/predict_options.h"

namespace foothold {

const OptionTable& PredictOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<PredictOptions>(
          "predict", "The trained student of `foothold predict` and of `label.init = student`.")
          .Add("model",
               &PredictOptions::model,
               {},
               "Weights of the student, a .safetensors file; docs/networks.md says what it holds.")
          .Add("device", &PredictOptions::device, {"cpu", "cuda"}, "Where the network runs.")
          .Add("precision", &PredictOptions::precision, {"fp32", "bf16", "fp16"}, "Numbers of the network.")
          .Add("threads",
               &PredictOptions::threads,
               1,
               1024,
               "Threads of the network on the CPU. Another number may change the last bits of labels, unlike "
               "run.threads.")
          .Add("image_side_px",
               &PredictOptions::image_side_px,
               32,
               4096,
               "Longer side of the images that the network sees.")
          .Add("gap_frames", &PredictOptions::gap_frames, 1, 1000, "Frames between the two images of a pair.")
          .Add("scale_reach",
               &PredictOptions::scale_reach,
               0,
               1000,
               "Pairs to each side over which the scale of the scene is smoothed.")
          .Build();
  return table;
}

}  // namespace foothold
