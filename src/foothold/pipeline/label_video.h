// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/base/journal.h"
#include "foothold/base/options.h"
#include "foothold/base/timer.h"
#include "foothold/josh/josh.h"
#include "foothold/perception/classical/classical.h"
#include "foothold/perception/network_options.h"
#include "foothold/perception/perception.h"
#include "foothold/pipeline/memory_rung.h"
#include "foothold/video/video.h"
#include "labels/label.h"

namespace foothold {

// How the program runs; none of it changes label bytes.
struct RunOptions {
  int threads = 0;  // 0: all cores.
  std::string log_level = "info";
  bool overwrite = false;  // Replace a label that other options, program or body made.
  static const OptionTable& Table();
};

// Where the joint optimisation begins.
struct StartOptions {
  std::string init = "perception";  // perception, or student: student_start.h.
  static const OptionTable& Table();
};

// Every option of labelling, in one place for the config file, the command line and provenance.
struct LabelOptions {
  RunOptions run;
  StartOptions start;
  VideoOptions video;
  PerceptionOptions perception;
  ClassicalOptions classical;
  NetworkOptions networks;
  JoshOptions josh;
  void BindTo(OptionSet* set);
};

struct ClipOutcome {
  // kRejected: the input cannot carry a label. kFailed: something else went wrong, which says nothing
  // about the input: a label of other provenance is in the way, or the program has a bug.
  enum class Status { kDone, kAlreadyDone, kRejected, kFailed };
  Status status = Status::kFailed;
  ExitCode exit_code = ExitCode::kOk;  // What a program that labels only this clip returns.
  std::string name;                    // Of the clip, or of the video when it gives no clip.
  std::string clip_id;                 // Empty when the video gives no clip.
  std::string label_path;              // When done.
  std::string reason;                  // When rejected or failed: a named reason.
  std::string message;
  int num_frames = 0;
  int num_people = 0;
  std::vector<std::string> flags;  // Of the reconstruction, when done.
  double total_s = 0;              // Wall time of the clip; probing the video not included.
  PhaseTimes times;
};

inline constexpr char kOutOfMemory[] = "out_of_memory";  // Reason of a failed clip.

// "foothold 0.1.0".
std::string ProgramVersion();
const char* NameOf(ClipOutcome::Status status);

// Perception and joint optimisation of one clip; no files are written, but to `journal` (may be null).
labels::Label LabelClip(const Clip& clip,
                        const BodyModel& body,
                        const LabelOptions& options,
                        PhaseTimes* times,
                        Journal* journal = nullptr);

// What a solver needs besides the observations.
struct SolveContext {
  const Clip& clip;
  FrameReaders* readers;    // Of the clip's frames.
  const JoshOptions& josh;  // As the memory ladder has them.
  int threads;              // Does not change the result.
  Journal* journal;         // May be null.
};

// What makes a world of observations in place of the joint optimisation, or around it: a trained student,
// say.
struct ClipSolver {
  std::string identity;  // Everything that its results follow from, as lines for the label's provenance.
  std::function<JoshResult(Observations observations, const SolveContext& context)> solve;
};

// One video, or frames [begin, end) of it, to be labelled.
struct VideoTask {
  std::string path;
  int begin = 0, end = -1;  // end < 0: to the end of the video.
  std::string output_dir;   // Of labels and sidecars.
  std::string partial_dir;  // Of what a later process goes on from (partial_work.h); empty: nothing is kept.
  double checkpoint_s = 5;  // Seconds between partial results.
  int memory_rung = 0;      // memory_rung.h
  // Of the join of a video some of whose parts cannot be seen (they crash, or take too much memory): only
  // what others saw is used, as one label per connected stretch of frames, with the flag parts_missing.
  bool only_seen_parts = false;
  const ClipSolver* solver = nullptr;           // Null: the joint optimisation.
  const PerceptionMaker* perception = nullptr;  // Null: MakePerception.
};

// Labels a video into output_dir: <name>.h5 per clip, <name>.timing.json, and <name>.failed.json where it
// was not possible. A clip that cannot be labelled becomes an outcome, not an exception; so does a label
// that is there already: kAlreadyDone when the same options, program and body made it, else kFailed with
// the reason label_exists or label_corrupt, unless options.run.overwrite. Storage, device, network and
// usage errors throw. Killed and called again, it goes on from its partial results and gives the same bytes.
// A long video (PlanParts) is seen in parts, each from or into a file in partial_dir, and then solved as one
// world. The parts are those of the video and its options, whoever looks at them and in which order.
std::vector<ClipOutcome> LabelVideo(const VideoTask& task,
                                    const BodyModel& body,
                                    const LabelOptions& options);

// Sees the parts of a long video that begin in `frames` (end < 0: to its end), for the LabelVideo of the same
// task to join. One outcome per part and clip; a part that fails or is rejected is missing there.
std::vector<ClipOutcome> ObservePart(const VideoTask& task,
                                     const FrameRange& frames,
                                     const BodyModel& body,
                                     const LabelOptions& options);

}  // namespace foothold
