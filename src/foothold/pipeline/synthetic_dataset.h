// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foothold/scene/body.h"
#include "foothold/scene/synthetic.h"

namespace foothold {

// A folder of synthetic clips (docs/synthetic.md).
struct SyntheticDataset {
  std::string dir;  // Made if missing.
  int num_clips = 1;
  uint64_t seed = 1;  // Clip k is made from seed + k.
  SyntheticOptions options;
  NoiseOptions noise;
};

// Writes, per clip, synth_<seed>.mp4 (rendered video), .observations.h5 (noisy), .truth.h5 (a label of
// kind "truth") and .synthetic.conf (recipe of the exact observations); replaces files of those names.
// The same dataset gives the same bytes for any number of threads. Returns the videos' paths. Throws
// Error(kStorage), and Error(kUsage) for options that give no clip.
std::vector<std::string> WriteSyntheticDataset(const SyntheticDataset& dataset,
                                               const BodyModel& body,
                                               int threads);

}  // namespace foothold
