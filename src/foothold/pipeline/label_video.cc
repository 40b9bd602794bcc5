// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/label_video.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "foothold/base/log.h"
#include "foothold/pipeline/known_probe.h"
#include "foothold/pipeline/label_commit.h"
#include "foothold/pipeline/label_writer.h"
#include "foothold/pipeline/part_files.h"
#include "foothold/pipeline/run_into_outcome.h"
#include "foothold/pipeline/sidecar.h"
#include "foothold/pipeline/video_parts.h"
#include "foothold/pipeline/video_work.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

// Fails before any work is done rather than after minutes of it.
void PrepareOutputDirectory(const std::string& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error || !fs::is_directory(directory)) {
    throw Error(ErrorKind::kStorage,
                "cannot create the output directory '" + directory +
                    "': " + (error ? error.message() : std::string("a file of that name is in the way")) +
                    "; choose another with -o");
  }
  if (access(directory.c_str(), W_OK) != 0) {
    const std::string why = std::error_code(errno, std::generic_category()).message();
    throw Error(
        ErrorKind::kStorage,
        "cannot write to the output directory '" + directory + "': " + why + "; choose another with -o");
  }
}

// Outcomes of one video; they stay where they are while labels are written.
struct Results {
  std::deque<ClipOutcome> outcomes;
  LabelWriter writer;
};

// Labels one clip, from what `observe` sees.
template <class Observe>
void LabelOneClip(const VideoWork& work, const Clip& clip, const Observe& observe, Results* results) {
  const ErrorContext context(clip.id);
  ClipOutcome& outcome = results->outcomes.emplace_back();
  outcome.name = clip.name;
  outcome.clip_id = clip.id;
  outcome.num_frames = clip.num_frames();
  outcome.label_path = (fs::path(work.task.output_dir) / (clip.name + ".h5")).string();
  const auto forget = [&work, id = clip.id] { work.partial.Remove(id); };
  if (SettledByExistingLabel(clip, work.provenance, work.options.run.overwrite, &outcome)) {
    if (outcome.status == ClipOutcome::Status::kAlreadyDone) forget();
    return;
  }
  const Timer timer;
  bool is_written = false;  // Then the outcome is the writer's.
  RunIntoOutcome(&outcome, [&] {
    LogInfo("labelling " + clip.name + " (" + std::to_string(clip.num_frames()) + " frames)");
    const std::unique_ptr<FileJournal> journal = work.partial.JournalOf(clip.id);
    labels::Label label =
        OptimiseClip(work, clip, observe(journal.get(), &outcome.times), &outcome.times, journal.get());
    outcome.num_people = static_cast<int>(label.reconstruction.people.size());
    outcome.flags = label.reconstruction.flags;
    is_written = true;
    results->writer.Commit(std::move(label), &outcome, [&outcome, timer, forget] {
      outcome.total_s = timer.Seconds();
      forget();
    });
  });
  // A failed clip is tried again.
  if (!is_written && outcome.status == ClipOutcome::Status::kRejected) forget();
}

void LabelWholeClips(const VideoWork& work, const std::vector<Clip>& clips, Results* results) {
  work.readers->Expect(clips);
  for (const Clip& clip : clips) {
    LabelOneClip(
        work,
        clip,
        [&](Journal* journal, PhaseTimes* times) { return ObserveOrResume(work, clip, journal, times); },
        results);
  }
}

// The label of the whole clip may be there already, though its parts are gone.
bool HasWholeLabel(const VideoWork& work, const Clip& clip, Results* results) {
  ClipOutcome outcome;
  outcome.name = clip.name;
  outcome.clip_id = clip.id;
  outcome.num_frames = clip.num_frames();
  outcome.label_path = (fs::path(work.task.output_dir) / (clip.name + ".h5")).string();
  if (!SettledByExistingLabel(clip, work.provenance, work.options.run.overwrite, &outcome)) return false;
  results->outcomes.push_back(std::move(outcome));
  return true;
}

void LabelFromParts(const VideoWork& work, const std::vector<Clip>& clips, Results* results) {
  for (const Clip& clip : clips) {
    if (HasWholeLabel(work, clip, results)) continue;
    std::vector<SeenStretch> stretches;
    ClipOutcome nothing_seen;
    nothing_seen.name = clip.name;
    nothing_seen.clip_id = clip.id;
    nothing_seen.num_frames = clip.num_frames();
    PhaseTimes times;
    RunIntoOutcome(&nothing_seen, [&] {
      const PhaseTimes::Scope scope(&times, "join");
      stretches = JoinPieces(work, clip);
    });
    if (stretches.empty()) results->outcomes.push_back(nothing_seen);
    for (SeenStretch& stretch : stretches) {
      const auto observe = [&](Journal*, PhaseTimes* of_clip) {
        for (const auto& [phase, seconds] : times.seconds()) of_clip->Add(phase, seconds);
        times = PhaseTimes();
        return std::move(stretch.observations);
      };
      LabelOneClip(work, stretch.clip, observe, results);
    }
  }
}

// Frames of the video from its first clip to its last; parts are planned over them.
FrameRange FramesOf(const VideoTask& task, const std::vector<Clip>& clips) {
  const Clip& last = clips.back();
  return {task.begin, task.end >= 0 ? task.end : last.first_frame + last.num_frames()};
}

// Parts seen on different rungs of the memory ladder are joined: their working images have one size.
std::vector<Clip> AtFullSize(const VideoWork& work, std::vector<Clip> clips) {
  for (Clip& clip : clips) {
    const ImageTransform& size = clip.working_from_source;
    clip.working_from_source = MakeWorkingTransform(size.source_width, size.source_height, work.asked.video);
  }
  return clips;
}

bool AllHaveLabels(const VideoWork& work, const std::vector<Clip>& clips) {
  return std::all_of(clips.begin(), clips.end(), [&](const Clip& clip) {
    return !work.options.run.overwrite && fs::exists(fs::path(work.task.output_dir) / (clip.name + ".h5"));
  });
}

// Whether every clip has one label for all of it: then parts have done their duty.
bool AllWhole(const std::vector<Clip>& clips, const std::deque<ClipOutcome>& outcomes) {
  return std::all_of(clips.begin(), clips.end(), [&](const Clip& clip) {
    return std::any_of(outcomes.begin(), outcomes.end(), [&](const ClipOutcome& outcome) {
      return outcome.clip_id == clip.id && (outcome.status == ClipOutcome::Status::kDone ||
                                            outcome.status == ClipOutcome::Status::kAlreadyDone);
    });
  });
}

void LabelClips(const VideoWork& work, const std::vector<Clip>& given, Results* results) {
  const FrameRange frames = FramesOf(work.task, given);
  const std::vector<FrameRange> plan = PlanParts(frames.begin, frames.end, work.options.video);
  if (!SeesPictures(work.options) || plan.size() == 1) return LabelWholeClips(work, given, results);
  const std::vector<Clip> clips = AtFullSize(work, given);
  if (!work.task.only_seen_parts && !AllHaveLabels(work, clips)) {
    for (ClipOutcome& piece : ObservePieces(work, clips, plan)) {
      if (piece.status == ClipOutcome::Status::kFailed) results->outcomes.push_back(std::move(piece));
    }
    if (!results->outcomes.empty()) return;  // Tried again; what was seen is kept.
  }
  LabelFromParts(work, clips, results);
  results->writer.Finish();
  // Parts of a video with holes stay: once the missing ones are seen, the join can be whole.
  if (!AllWhole(clips, results->outcomes)) return;
  ForgetProbe(work.partial);
  PartFiles(work.partial).Remove(frames);
}

// Parts need a folder.
VideoTask WithPartialFolder(VideoTask task) {
  if (task.partial_dir.empty()) task.partial_dir = task.output_dir + "/.partial";
  return task;
}

}  // namespace

labels::Label LabelClip(const Clip& clip,
                        const BodyModel& body,
                        const LabelOptions& options,
                        PhaseTimes* times,
                        Journal* journal) {
  const VideoTask task;
  const VideoWork work = MakeVideoWork(task, body, options);
  return OptimiseClip(work, clip, ObserveClip(work, clip, times, journal), times, journal);
}

std::vector<ClipOutcome> LabelVideo(const VideoTask& given,
                                    const BodyModel& body,
                                    const LabelOptions& options) {
  const VideoTask task = WithPartialFolder(given);
  PrepareOutputDirectory(task.output_dir);
  const VideoWork work = MakeVideoWork(task, body, options);
  std::vector<Clip> clips;
  ClipOutcome whole_video;
  whole_video.name = fs::path(task.path).stem().string();
  RunIntoOutcome(&whole_video, [&] { clips = ClipsOf(work); });
  Results results{{}, LabelWriter(options.run.overwrite)};
  if (clips.empty()) {
    results.outcomes.push_back(whole_video);
  } else {
    LabelClips(work, clips, &results);
  }
  results.writer.Finish();
  for (const ClipOutcome& outcome : results.outcomes) WriteSidecars(outcome, task.path, task.output_dir);
  return {results.outcomes.begin(), results.outcomes.end()};
}

std::vector<ClipOutcome> ObservePart(const VideoTask& task,
                                     const FrameRange& frames,
                                     const BodyModel& body,
                                     const LabelOptions& options) {
  FOOTHOLD_CHECK(!task.partial_dir.empty(), "a part is seen for a join, in its folder");
  const VideoWork work = MakeVideoWork(task, body, options);
  if (!SeesPictures(work.options)) return {};
  std::vector<Clip> clips;
  ClipOutcome whole_video;
  whole_video.name = fs::path(task.path).stem().string();
  RunIntoOutcome(&whole_video, [&] { clips = ClipsOf(work); });
  if (clips.empty()) return {whole_video};
  const FrameRange whole = FramesOf(task, clips);
  const std::vector<FrameRange> plan = PlanParts(whole.begin, whole.end, work.options.video);
  if (plan.size() == 1) return {};  // Short after all: the join looks itself.
  std::vector<FrameRange> ours;
  for (const FrameRange& part : plan) {
    if (part.begin >= frames.begin && (frames.end < 0 || part.begin < frames.end)) ours.push_back(part);
  }
  return ObservePieces(work, AtFullSize(work, clips), ours);
}

}  // namespace foothold
