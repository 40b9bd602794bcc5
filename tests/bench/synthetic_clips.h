// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <string>

#include "foothold/scene/synthetic.h"

namespace foothold {

// Which synthetic clips a benchmark takes; every table has the same flags and defaults for it, so that
// their rows speak of the same clips.
struct SyntheticClips {
  int seeds = 10;
  int first_seed = 1;
  int threads = 1;
  SyntheticOptions options;

  // Takes a flag and its value; false when it is not about clips.
  bool Take(const std::string& name, const char* value) {
    if (name == "--seeds") {
      seeds = std::atoi(value);
    } else if (name == "--first-seed") {
      first_seed = std::atoi(value);
    } else if (name == "--threads") {
      threads = std::atoi(value);
    } else if (name == "--frames") {
      options.num_frames = std::atoi(value);
    } else if (name == "--people") {
      options.num_people = std::atoi(value);
    } else if (name == "--camera") {
      options.camera = value;
    } else {
      return false;
    }
    return true;
  }
};

}  // namespace foothold
