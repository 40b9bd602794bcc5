// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/base/options.h"

namespace foothold {

// Of perception 'networks' (docs/networks.md, "Perception with networks"). Here and not with the networks, so
// that one config file serves programs that are built without LibTorch too.
struct NetworkOptions {
  // Where the networks lie; what they are is in the provenance, by checksum.
  std::string modules;  // Folder of exported modules: detect.pt or detect.pt2, body.pt, ... with their cards.
  std::string mast3r;   // Weights of MASt3R, .safetensors.
  std::string device = "cpu";      // cpu, cuda
  std::string precision = "fp32";  // fp32, bf16, fp16: of MASt3R.
  int batch = 1;                   // Images or pairs of one call.
  int window = 10;                 // Keyframes after one that it is paired with.
  double detect_score = 0.5;       // Score of a detection that may begin a track; half of it continues one.
  double contact_score = 0.5;      // Probability above which a vertex touches something.
  static const OptionTable& Table();
};

}  // namespace foothold
