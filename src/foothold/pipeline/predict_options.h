// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/base/options.h"

namespace foothold {

// Of `foothold predict` and label.init = student. Here and not with the student, so that one config file
// serves programs that are built without LibTorch too.
struct PredictOptions {
  std::string model;               // Weights of a student, .safetensors.
  std::string device = "cpu";      // cpu, cuda
  std::string precision = "fp32";  // fp32, bf16, fp16
  int threads = 1;
  int image_side_px = 512;
  int gap_frames = 3;
  int scale_reach = 4;
  static const OptionTable& Table();
};

}  // namespace foothold
