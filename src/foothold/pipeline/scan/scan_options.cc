// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/scan/scan_options.h"

namespace foothold {

const OptionTable& ScanOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<ScanOptions>("scan", "foothold corpus scan. Decides which videos are labelled.")
          .Add("hash",
               &ScanOptions::hash,
               {"ends", "full"},
               "Content hash that finds duplicates: of size, start, middle and end, or of every byte.")
          .DoesNotAffectLabels()
          .Add("samples",
               &ScanOptions::samples,
               3,
               100,
               "Places of a video that are looked at, two pictures each.")
          .DoesNotAffectLabels()
          .Add("min_short_side_px",
               &ScanOptions::min_short_side_px,
               64,
               4320,
               "Smaller pictures are rejected (picture_too_small).")
          .DoesNotAffectLabels()
          .Add("dark_level",
               &ScanOptions::dark_level,
               0,
               255,
               "Pictures whose brightest 5 % are below this are dark; almost all dark: too_dark. 0: never.")
          .DoesNotAffectLabels()
          .Add("still_level",
               &ScanOptions::still_level,
               0,
               255,
               "Grey levels by which two pictures, shrunk to 64x36, may differ anywhere and count as the "
               "same. "
               "0: no static_image, no slideshow.")
          .DoesNotAffectLabels()
          .Add("slideshow_share",
               &ScanOptions::slideshow_share,
               0.5,
               1,
               "Share of places that stand still while the places differ, from which on it is a slideshow.")
          .DoesNotAffectLabels()
          .Add("subtitle_band",
               &ScanOptions::subtitle_band,
               0,
               1,
               "Without people, and all that changes lies in a band of this share of the height: "
               "subtitles_only. 0: never.")
          .DoesNotAffectLabels()
          .Add("people",
               &ScanOptions::people,
               "Look for upright people, and reject videos without (no_people). Turn it off for recorded "
               "observations, whose people are known, and for people who do not stand.")
          .DoesNotAffectLabels()
          .Add("people_score",
               &ScanOptions::people_score,
               0,
               10,
               "Detection score that counts as a person; 1 is what starts a track of classical perception.")
          .DoesNotAffectLabels()
          .Add("people_long_edge_px",
               &ScanOptions::people_long_edge_px,
               320,
               3840,
               "Long edge of the picture that people are looked for in.")
          .DoesNotAffectLabels()
          .Add("part_minutes",
               &ScanOptions::part_minutes,
               0,
               1440,
               "Whole videos longer than one and a half times this become units of about this length, and a "
               "join. "
               "0: never."
               "never.")
          .DoesNotAffectLabels()
          .Add("file_timeout_s",
               &ScanOptions::file_timeout_s,
               0.1,
               86400,
               "A file is given up when its decoder makes no progress for so long (probe_timeout).")
          .DoesNotAffectLabels()
          .Add("worker_memory_mb",
               &ScanOptions::worker_memory_mb,
               0,
               1048576,
               "Memory of a process that looks at files; 0: no limit.")
          .DoesNotAffectLabels()
          .Build();
  return table;
}

}  // namespace foothold
