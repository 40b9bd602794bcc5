// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/scene/synthetic.h"
#include "labels/body_file.h"

namespace foothold {

inline const BodyModel& ShippedBody() {
  static const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  return body;
}

struct SmallClipOptions {
  uint64_t seed = 1;
  std::string scene = "any";
  std::string camera = "moving";
  int num_frames = 16;
  int num_people = 0;
  double distortion_k1 = 0;
  int width = 128, height = 96;
};

// Small images: quick, and everything but the number of pixels is as in a large clip.
inline SyntheticClip SmallClip(const SmallClipOptions& small, int threads = 2) {
  SyntheticOptions options;
  options.width = small.width;
  options.height = small.height;
  options.scene = small.scene;
  options.camera = small.camera;
  options.num_frames = small.num_frames;
  options.num_people = small.num_people;
  options.distortion_k1 = small.distortion_k1;
  return MakeSyntheticClip(ShippedBody(), options, "test", small.seed, threads);
}

}  // namespace foothold
