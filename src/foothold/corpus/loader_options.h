// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/base/options.h"

namespace foothold {

// Where training pairs come from and which are good enough (docs/student_data.md).
struct LoaderOptions {
  std::string labels;          // A folder of labels, one label, or a text file with one path per line.
  std::string kind = "label";  // label, truth: which of them are used.
  std::string subset = "all";  // all, train, held_out: a clip's side is a function of its id alone.
  double held_out_share = 0.1;
  std::string videos;  // Folder or tar archive; empty: where the labels say, else beside the label.
  std::string packs;   // Folder of packs (student_pack.h); empty: "student_packs" beside the labels.
  int batch_size = 8;  // Of all ranks together.
  int min_gap_frames = 3, max_gap_frames = 10;
  int width = 512, height = 384;  // Of the student's images; multiples of 16.
  double min_confidence = 0.5;    // Of the person in both frames.
  double min_visible = 0.5;       // Share of the person's box that is in the picture, in both frames.
  double min_point_confidence = 0.1;
  double min_match_inlier_share = 0;      // At the keyframe; 0: any, also where quality was not measured.
  double max_contact_spread = 0;          // Of the person; 0: any.
  double max_student_disagreement_m = 0;  // Of the person; 0: any.
  int window_shards = 8;                  // Labels whose pairs are mixed with one another.
  int seed = 1;
  int prefetch = 4;  // Batches made ahead; 0: each when it is asked for.
  int threads = 2;   // That make them.

  static const OptionTable& Table();  // Section "data".
};

}  // namespace foothold
