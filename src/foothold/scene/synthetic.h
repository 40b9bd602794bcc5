// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "foothold/base/options.h"
#include "foothold/scene/body.h"
#include "foothold/scene/observations.h"
#include "foothold/scene/reconstruction.h"

namespace foothold {

// Synthetic clips with exact truth: a textured room or street with ground, boxes, slopes and stairs,
// people who walk, turn and step with truly planted feet, and a moving or static camera. Everything
// is a pure function of the options, the seed and the body model.
struct SyntheticOptions {
  int num_frames = 120;
  double frame_rate_hz = 30;
  int width = 512, height = 384;  // Working image; multiples of 16.
  int num_people = 0;             // 0: 1 to 3, drawn from the seed.
  std::string scene = "any";      // any (a room or a street), room, street, loop
  std::string camera = "moving";  // moving, static, rotating
  double focal_px = 0;            // 0: drawn from 0.7 to 1.1 times the width.
  double distortion_k1 = 0;
  int keyframe_interval = 5;
  int match_stride_px = 8;
  double loop_length_m = 0;         // Of the way round in scene loop; 0: drawn from 100 to 140.
  int loop_pairs_per_keyframe = 0;  // Pairs with keyframes of long ago that see the same surfaces.
  // No option of the table, for programs that hold long clips: no colour, and no depth or scene points
  // in the truth.
  bool light = false;
  static const OptionTable& Table();
};

// The default noise of docs/synthetic.md; each field is one standard deviation or share.
struct NoiseOptions {
  double match_px = 0.5;
  double match_outliers = 0.02;                          // Share of gross outliers.
  double depth_smooth = 0.02;                            // Smooth multiplicative distortion.
  double depth_scale_min = 0.8, depth_scale_max = 1.25;  // Per keyframe.
  double body_depth = 0.10;
  double joint_rotation_rad = 0.1;
  double shape = 0.3;
  double wrong_contacts = 0.10;  // Share.
  double focal = 0.05;           // Uniform in +- this.
  static const OptionTable& Table();
};

struct SyntheticClip {
  Reconstruction truth;
  Observations observations;  // Exact: made from the truth without noise.
  // What the renderer draws; opaque to users.
  struct World;
  std::shared_ptr<const World> world;
};

SyntheticClip MakeSyntheticClip(const BodyModel& body,
                                const SyntheticOptions& options,
                                const std::string& name,
                                uint64_t seed,
                                int threads = 1);  // Does not change the clip.

// A noisy copy: matches, depth, bodies, shape, contacts, focal, and initial cameras chained from
// pairwise alignment of the noisy pointmaps.
Observations AddNoise(const SyntheticClip& clip,
                      const BodyModel& body,
                      const NoiseOptions& options,
                      uint64_t seed);
// The same without a copy: replaces the exact observations.
void MakeNoisy(const BodyModel& body, const NoiseOptions& options, uint64_t seed, SyntheticClip* clip);

// Software rendering of one frame, lens distortion included.
struct RenderedFrame {
  ImageU8 color;        // RGB.
  ImageF depth_m;       // z depth, people included.
  ImageU8 person_mask;  // 0, or 1 + index of the person.
};
RenderedFrame RenderFrame(const SyntheticClip& clip, const BodyModel& body, int frame);

}  // namespace foothold
