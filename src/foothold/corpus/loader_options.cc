// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/loader_options.h"

namespace foothold {

const OptionTable& LoaderOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<LoaderOptions>(
          "data", "Labels that the student is trained on, and the pairs drawn from them.")
          .Add("labels",
               &LoaderOptions::labels,
               std::vector<std::string>{},
               "A folder of labels, one label, or a text file that names one per line.")
          .Add("kind",
               &LoaderOptions::kind,
               {"label", "truth"},
               "Estimated labels, or truth of synthetic clips.")
          .Add("subset",
               &LoaderOptions::subset,
               {"all", "train", "held_out"},
               "Which clips; a video is held out or not by a hash of its content.")
          .Add("held_out_share",
               &LoaderOptions::held_out_share,
               0,
               0.9,
               "Share of the videos that is held out.")
          .Add("videos",
               &LoaderOptions::videos,
               std::vector<std::string>{},
               "Folder or tar archive of the videos; empty: where the labels say, else beside the label.")
          .Add("packs",
               &LoaderOptions::packs,
               std::vector<std::string>{},
               "Folder for the packs made of labels and videos; empty: student_packs beside the labels.")
          .Add("batch_size",
               &LoaderOptions::batch_size,
               1,
               1000000,
               "Pairs in a batch, of all ranks together.")
          .Add("min_gap_frames",
               &LoaderOptions::min_gap_frames,
               1,
               10000,
               "Fewest frames from image 1 to image 2.")
          .Add("max_gap_frames",
               &LoaderOptions::max_gap_frames,
               1,
               10000,
               "Most frames from image 1 to image 2.")
          .Add("width", &LoaderOptions::width, 16, 4096, "Of the student's images; a multiple of 16.")
          .Add("height", &LoaderOptions::height, 16, 4096, "Of the student's images; a multiple of 16.")
          .Add("min_confidence",
               &LoaderOptions::min_confidence,
               0,
               1,
               "Least confidence of the person in both frames.")
          .Add("min_visible",
               &LoaderOptions::min_visible,
               0,
               1,
               "Least share of the person's box that is in the picture, in both frames.")
          .Add("min_point_confidence",
               &LoaderOptions::min_point_confidence,
               0,
               1,
               "Depths with less confidence are no targets.")
          .Add("min_match_inlier_share",
               &LoaderOptions::min_match_inlier_share,
               0,
               1,
               "Least share of match inliers at the keyframe; 0: any, also where it was not measured.")
          .Add("max_contact_spread",
               &LoaderOptions::max_contact_spread,
               0,
               10,
               "Largest spread of foot depth over surface depth (log) of the person; 0: any, also where it "
               "was "
               "not measured.")
          .Add("max_student_disagreement_m",
               &LoaderOptions::max_student_disagreement_m,
               0,
               1000,
               "Largest mean distance of the person from the student's prediction that the label began with; "
               "0: "
               "any. Labels that did not begin with a student pass.")
          .Add("window_shards",
               &LoaderOptions::window_shards,
               1,
               1000000,
               "Labels whose pairs are mixed with one another.")
          .Add("seed", &LoaderOptions::seed, 0, 2147483647, "Of order and gaps.")
          .Add("prefetch",
               &LoaderOptions::prefetch,
               0,
               1000,
               "Batches made ahead; 0: each when it is asked for.")
          .DoesNotAffectLabels()
          .Add("threads", &LoaderOptions::threads, 1, 256, "Threads that make packs and batches.")
          .DoesNotAffectLabels()
          .Build();
  return table;
}

}  // namespace foothold
