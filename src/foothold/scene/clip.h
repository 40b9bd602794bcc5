// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace foothold {

// Exact map from pixels of the decoded source image (after rotation metadata) to pixels of the
// working image, per axis: working = scale * source + offset. Working sides are multiples of 16.
struct ImageTransform {
  int source_width = 0, source_height = 0;
  int width = 0, height = 0;  // Working image.
  double scale_x = 1, scale_y = 1;
  double offset_x_px = 0, offset_y_px = 0;
};

// A run of frames of one video without a scene cut: the unit that perception and the optimiser see.
struct Clip {
  std::string id;           // 32 hex characters: hash of source_hash and the frame range.
  std::string name;         // File name without extension; with "_<first frame>" when a video gives several.
  std::string source_path;  // As given.
  std::string source_hash;  // XXH3-128 of the file's bytes, 32 hex characters.
  int first_frame = 0;      // Decoded order in the source, from 0.
  std::vector<double> time_s;  // Presentation time of each frame, strictly increasing.
  double frame_rate_hz = 0;    // Median rate.
  ImageTransform working_from_source;
  std::vector<std::string> source_flags;  // What is odd about the file ("video_truncated", ...); in a label,
                                          // they are among its flags.

  int num_frames() const { return static_cast<int>(time_s.size()); }
};

}  // namespace foothold
