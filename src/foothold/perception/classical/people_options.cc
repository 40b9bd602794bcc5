// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/people.h"

namespace foothold {

const OptionTable& PeopleOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<PeopleOptions>("classical_people", "Finding and following people, classical perception.")
          .Add("detection_long_edge_px",
               &PeopleOptions::detection_long_edge_px,
               320,
               3840,
               "Long edge of the image that people are looked for in, moving camera.")
          .Add("static_detection_long_edge_px",
               &PeopleOptions::static_detection_long_edge_px,
               320,
               3840,
               "The same for a static camera, whose people are seen from afar.")
          .Add("detection_rate_hz",
               &PeopleOptions::detection_rate_hz,
               0.5,
               240,
               "Frames looked at per second, moving camera.")
          .Add("static_detection_rate_hz",
               &PeopleOptions::static_detection_rate_hz,
               0.5,
               240,
               "Frames looked at per second, static camera.")
          .Add("start_score",
               &PeopleOptions::start_score,
               0.0,
               10,
               "A track starts above this detection score; 1 is as good as measured on street scenes.")
          .Add("continue_score",
               &PeopleOptions::continue_score,
               0.0,
               10,
               "A track takes detections above this score.")
          .Add("gate_log_height",
               &PeopleOptions::gate_log_height,
               0.05,
               10,
               "Largest |ln(height / height expected from the foot row)| of a detection.")
          .Add("gate_window_s",
               &PeopleOptions::gate_window_s,
               0.05,
               60,
               "Half window of the horizon's estimate, moving camera.")
          .Add("max_coast_frames",
               &PeopleOptions::max_coast_frames,
               0,
               1000,
               "Frames that a track may go on unseen.")
          .Add("min_hits", &PeopleOptions::min_hits, 1, 1000, "Detections that a track needs to be kept.")
          .Add("cut_appearance",
               &PeopleOptions::cut_appearance,
               0.5,
               1000,
               "Change of clothes over its spread that cuts a track in two people.")
          .Add("min_foreground_share",
               &PeopleOptions::min_foreground_share,
               0.0,
               1.0,
               "Median share of foreground in the box below which a track is dropped, static or rotating "
               "camera.")
          .Build();
  return table;
}

}  // namespace foothold
