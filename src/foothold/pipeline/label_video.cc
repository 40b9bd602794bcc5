// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/label_video.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "foothold/base/log.h"
#include "foothold/pipeline/label_commit.h"
#include "foothold/pipeline/partial_work.h"
#include "foothold/pipeline/sidecar.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

int ResolveThreads(int threads) {
  if (threads > 0) return threads;
  const unsigned cores = std::thread::hardware_concurrency();
  return cores > 0 ? static_cast<int>(cores) : 1;
}

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

// Those of the file too: whoever trains on the label should know.
void AddSourceFlags(const std::vector<std::string>& source_flags, std::vector<std::string>* flags) {
  for (const std::string& flag : source_flags) {
    if (std::find(flags->begin(), flags->end(), flag) == flags->end()) flags->push_back(flag);
  }
}

bool IsAboutTheClip(ErrorKind kind) { return kind == ErrorKind::kBadInput || kind == ErrorKind::kContract; }

void SetFailure(ClipOutcome::Status status,
                ExitCode code,
                std::string reason,
                std::string message,
                ClipOutcome* outcome) {
  outcome->status = status;
  outcome->exit_code = code;
  outcome->reason = std::move(reason);
  outcome->message = std::move(message);
}

// Runs `work`, turning an exception that concerns only this clip into the outcome.
template <class Work>
void RunIntoOutcome(ClipOutcome* outcome, const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    if (!IsAboutTheClip(error.kind())) throw;
    const bool rejected = error.kind() == ErrorKind::kBadInput;
    const std::string fallback = rejected ? "bad_input" : "internal_error";
    SetFailure(rejected ? ClipOutcome::Status::kRejected : ClipOutcome::Status::kFailed,
               error.exit_code(),
               error.reason().empty() ? fallback : error.reason(),
               error.what(),
               outcome);
  } catch (const std::bad_alloc&) {
    SetFailure(ClipOutcome::Status::kFailed,
               ExitCode::kFailure,
               kOutOfMemory,
               "the memory that this process may have does not suffice; allow more, or use fewer threads, a "
               "smaller video.working_long_edge_px or shorter parts (video.part_frames)",
               outcome);
  } catch (const std::exception& error) {
    SetFailure(ClipOutcome::Status::kFailed,
               ExitCode::kFailure,
               "internal_error",
               std::string("unexpected failure (please report it): ") + error.what(),
               outcome);
  }
}

// A frame range that this video does not have is this video's problem: others of a corpus go on.
std::vector<Clip> ClipsOf(const VideoProbe& probe, int begin, int end, const VideoOptions& options) {
  try {
    return MakeClips(probe, begin, end, options);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUsage) throw;
    throw Error(ErrorKind::kBadInput, error.what()).WithReason("frame_range");
  }
}

// One video on its way.
struct Work {
  const VideoTask& task;
  const BodyModel& body;
  const LabelOptions& options;
  labels::Provenance provenance;
  PartialWork partial;
};

std::string IdentityOf(const labels::Provenance& provenance) {
  return "# " + provenance.program + "\n# body model " + provenance.body_model_hash + "\n" +
         provenance.options;
}

void RequireSameFrames(const Observations& observations, const Clip& clip) {
  if (observations.clip.num_frames() == clip.num_frames()) return;
  throw Error(ErrorKind::kBadInput,
              "the observations of '" + clip.source_path + "' have " +
                  std::to_string(observations.clip.num_frames()) + " frames, the clip has " +
                  std::to_string(clip.num_frames()) + "; make them from the same video and frame range")
      .WithReason("observations_mismatch");
}

Observations Observe(const Clip& clip,
                     const BodyModel& body,
                     const LabelOptions& options,
                     PhaseTimes* times,
                     Journal* journal) {
  const std::unique_ptr<Perception> perception = MakePerception(options.perception, options.classical);
  perception->set_journal(journal);
  Observations observations = perception->Observe(clip, body, ResolveThreads(options.run.threads), times);
  RequireSameFrames(observations, clip);
  return observations;
}

labels::Label Optimise(const Clip& clip,
                       const Observations& observations,
                       const BodyModel& body,
                       const LabelOptions& options,
                       PhaseTimes* times,
                       Journal* journal) {
  LogInfo(clip.name + ": " + std::to_string(observations.people.size()) + " tracks, " +
          std::to_string(observations.keyframes.size()) + " keyframes seen; optimising");
  PhaseTimes::Scope scope(times, "optimise");
  JoshResult result =
      OptimizeJointly(observations, body, options.josh, ResolveThreads(options.run.threads), journal);
  FillJoints(body, &result.reconstruction);

  labels::Label label;
  label.clip = clip;
  // Recorded observations bring the transform of the working image they were made in.
  label.clip.working_from_source = observations.clip.working_from_source;
  label.reconstruction = std::move(result.reconstruction);
  AddSourceFlags(clip.source_flags, &label.reconstruction.flags);
  label.summary = std::move(result.summary);
  label.quality = std::move(result.quality);
  label.provenance = MakeProvenance(body, options);
  label.provenance.perception = observations.source;
  return label;
}

// Perception, unless a process before this one completed it.
Observations ObserveOrResume(const Work& work, const Clip& clip, Journal* journal, PhaseTimes* times) {
  Observations observations;
  {
    const PhaseTimes::Scope scope(times, "resume");
    if (work.partial.FindObservations(clip.id, &observations)) return observations;
  }
  const Timer timer;
  observations = Observe(clip, work.body, work.options, times, journal);
  if (work.partial.IsWorthKeeping(timer.Seconds())) {
    const PhaseTimes::Scope scope(times, "checkpoint");
    work.partial.KeepObservations(clip.id, observations);
  }
  return observations;
}

ClipOutcome LabelOneClip(const Work& work, const Clip& clip) {
  ErrorContext context(clip.id);
  ClipOutcome outcome;
  outcome.name = clip.name;
  outcome.clip_id = clip.id;
  outcome.num_frames = clip.num_frames();
  outcome.label_path = (fs::path(work.task.output_dir) / (clip.name + ".h5")).string();
  const bool overwrite = work.options.run.overwrite;
  const bool settled = SettledByExistingLabel(clip, work.provenance, overwrite, &outcome);
  const Timer timer;
  if (!settled) {
    RunIntoOutcome(&outcome, [&] {
      const std::unique_ptr<FileJournal> journal = work.partial.JournalOf(clip.id);
      const Observations observations = ObserveOrResume(work, clip, journal.get(), &outcome.times);
      const labels::Label label =
          Optimise(clip, observations, work.body, work.options, &outcome.times, journal.get());
      {
        PhaseTimes::Scope scope(&outcome.times, "write");
        CommitLabel(label, outcome.label_path, overwrite);
      }
      outcome.status = ClipOutcome::Status::kDone;
      outcome.num_people = static_cast<int>(label.reconstruction.people.size());
      outcome.flags = label.reconstruction.flags;
    });
    outcome.total_s = timer.Seconds();
  }
  // A failed clip is tried again.
  if (outcome.status != ClipOutcome::Status::kFailed) work.partial.Remove(clip.id);
  return outcome;
}

}  // namespace

const OptionTable& RunOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<RunOptions>("run", "How the program runs. Nothing here changes a label.")
          .Add("threads", &RunOptions::threads, 0, 1024, "Threads per process; 0 uses all cores.")
          .DoesNotAffectLabels()
          .Add("log_level",
               &RunOptions::log_level,
               {"debug", "info", "warning", "error"},
               "Least important message that is printed.")
          .DoesNotAffectLabels()
          .Add("overwrite",
               &RunOptions::overwrite,
               "Replace labels in the output directory that other options, another program version or "
               "another body model made.")
          .DoesNotAffectLabels()
          .Build();
  return table;
}

void LabelOptions::BindTo(OptionSet* set) {
  set->Bind(&run);
  set->Bind(&video);
  set->Bind(&perception);
  classical.BindTo(set);
  set->Bind(&josh);
}

labels::Label LabelClip(const Clip& clip,
                        const BodyModel& body,
                        const LabelOptions& options,
                        PhaseTimes* times,
                        Journal* journal) {
  return Optimise(clip, Observe(clip, body, options, times, journal), body, options, times, journal);
}

std::vector<ClipOutcome> LabelVideo(const VideoTask& task,
                                    const BodyModel& body,
                                    const LabelOptions& options) {
  PrepareOutputDirectory(task.output_dir);
  const labels::Provenance provenance = MakeProvenance(body, options);
  const Work work{task,
                  body,
                  options,
                  provenance,
                  PartialWork(task.partial_dir, IdentityOf(provenance), task.checkpoint_s)};
  std::vector<Clip> clips;
  ClipOutcome whole_video;
  whole_video.name = fs::path(task.path).stem().string();
  RunIntoOutcome(&whole_video, [&] {
    clips = ClipsOf(ProbeVideo(task.path, options.video), task.begin, task.end, options.video);
  });
  std::vector<ClipOutcome> outcomes;
  if (clips.empty()) outcomes.push_back(whole_video);
  for (const Clip& clip : clips) {
    LogInfo("labelling " + clip.name + " (" + std::to_string(clip.num_frames()) + " frames)");
    outcomes.push_back(LabelOneClip(work, clip));
  }
  for (const ClipOutcome& outcome : outcomes) WriteSidecars(outcome, task.path, task.output_dir);
  return outcomes;
}

}  // namespace foothold
