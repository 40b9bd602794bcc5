// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/base/options.h"
#include "foothold/base/timer.h"
#include "foothold/josh/josh.h"
#include "foothold/perception/perception.h"
#include "foothold/video/video.h"
#include "labels/label.h"

namespace foothold {

// How the program runs; none of it changes label bytes.
struct RunOptions {
  int threads = 0;  // 0: all cores.
  std::string log_level = "info";
  static const OptionTable& Table();
};

// Every option of labelling, in one place for the config file, the command line and provenance.
struct LabelOptions {
  RunOptions run;
  VideoOptions video;
  PerceptionOptions perception;
  JoshOptions josh;
  void BindTo(OptionSet* set);
};

struct ClipOutcome {
  enum class Status { kDone, kAlreadyDone, kRejected, kFailed };
  Status status = Status::kFailed;
  std::string clip_id;
  std::string label_path;   // When done.
  std::string reason;       // When rejected or failed: a named reason.
  std::string message;
  int num_frames = 0;
  int num_people = 0;
  PhaseTimes times;
};

// Perception and joint optimisation of one clip; no files are written.
labels::Label LabelClip(const Clip& clip, const BodyModel& body, const LabelOptions& options, PhaseTimes* times);

// Labels frames [begin, end) of one video into `output_dir`: <name>.h5 per clip and <name>.timing.json.
// A clip that cannot be labelled becomes an outcome, not an exception; storage errors throw.
std::vector<ClipOutcome> LabelVideo(const std::string& path,
                                    int begin,
                                    int end,
                                    const std::string& output_dir,
                                    const BodyModel& body,
                                    const LabelOptions& options);

}  // namespace foothold
