// SPDX-License-Identifier: Apache-2.0
#include "foothold/video/video.h"

namespace foothold {

const OptionTable& VideoOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<VideoOptions>("video", "Decoding, splitting into clips, working resolution.")
          .Add("working_long_edge_px",
               &VideoOptions::working_long_edge_px,
               64,
               4096,
               "Long edge of the working image; both sides are rounded to multiples of 16, never enlarged.")
          .Add("working_fit",
               &VideoOptions::working_fit,
               {"crop", "pad"},
               "Whether the multiple of 16 is reached by cropping the picture or by padding it with black.")
          .Add("split_at_cuts", &VideoOptions::split_at_cuts, "Make one clip of each camera shot.")
          .Add("cut_threshold",
               &VideoOptions::cut_threshold,
               0.05,
               1.0,
               "Change of colours and structure (0 same, 1 nothing in common) that makes a cut.")
          .Add("min_clip_frames",
               &VideoOptions::min_clip_frames,
               2,
               100000,
               "Videos and shots with fewer frames are not labelled.")
          .Add("part_frames",
               &VideoOptions::part_frames,
               30,
               1000000,
               "Longer videos are looked at in overlapping parts of about so many frames, then joined into "
               "one "
               "world: memory of perception and work lost by a killed rank do not grow with the video.")
          .Add("part_overlap_frames",
               &VideoOptions::part_overlap_frames,
               10,
               1000,
               "Frames that neighbouring parts share, at least two keyframes' worth.")
          .Build();
  return table;
}

}  // namespace foothold
