// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/label_video.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "foothold/base/log.h"
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

labels::Provenance MakeProvenance(const BodyModel& body, const LabelOptions& options) {
  LabelOptions copy = options;
  OptionSet set;
  copy.BindTo(&set);
  labels::Provenance provenance;
  provenance.program = ProgramVersion();
  provenance.options = set.Dump(/*labels_only=*/true);
  provenance.body_model_hash = body.content_hash;
  return provenance;
}

// What differs between an existing label and the one we would make; empty when nothing does.
std::string Difference(const labels::Label& existing, const Clip& clip, const labels::Provenance& ours) {
  if (existing.kind != "label") return "it is of kind '" + existing.kind + "'";
  if (existing.clip.id != clip.id) return "it is of another video or frame range";
  if (existing.provenance.program != ours.program) return "'" + existing.provenance.program + "' made it";
  if (existing.provenance.options != ours.options) return "other options made it";
  if (existing.provenance.body_model_hash != ours.body_model_hash) return "it uses another body model";
  return "";
}

// Sets status, reason and message when a label at outcome->label_path decides the outcome; returns
// whether it does.
bool SettledByExistingLabel(const Clip& clip,
                            const labels::Provenance& provenance,
                            bool overwrite,
                            ClipOutcome* outcome) {
  if (!fs::exists(outcome->label_path)) return false;
  std::string reason, problem;
  try {
    const labels::Label existing = labels::ReadLabel(outcome->label_path);
    problem = Difference(existing, clip, provenance);
    if (problem.empty()) {
      outcome->status = ClipOutcome::Status::kAlreadyDone;
      outcome->num_people = static_cast<int>(existing.reconstruction.people.size());
      outcome->flags = existing.reconstruction.flags;
      return true;
    }
    reason = "label_exists";
  } catch (const Error& error) {
    problem = error.what();
    reason = "label_corrupt";
  }
  if (overwrite) return false;
  outcome->status = ClipOutcome::Status::kFailed;
  outcome->exit_code = ExitCode::kUsage;
  outcome->reason = reason;
  outcome->message = "'" + outcome->label_path + "' is in the way (" + problem +
                     "); choose another output directory, or pass --overwrite";
  return true;
}

// Writes the label under its name; with `overwrite` replaces what is there.
void CommitLabel(const labels::Label& label, const std::string& path, bool overwrite) {
  if (!overwrite) {
    // False: another process finished the same clip first; labels are deterministic, so its is ours.
    labels::WriteLabel(label, path);
    return;
  }
  const std::string replacement = path + ".replacement-" + std::to_string(getpid());
  std::error_code error;
  fs::remove(replacement, error);
  labels::WriteLabel(label, replacement);
  fs::rename(replacement, path, error);
  if (error) {
    fs::remove(replacement, error);
    throw Error(ErrorKind::kStorage, "cannot replace '" + path + "': " + error.message());
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

ClipOutcome LabelOneClip(const Clip& clip,
                         const std::string& output_dir,
                         const BodyModel& body,
                         const LabelOptions& options) {
  ErrorContext context(clip.id);
  ClipOutcome outcome;
  outcome.name = clip.name;
  outcome.clip_id = clip.id;
  outcome.num_frames = clip.num_frames();
  outcome.label_path = (fs::path(output_dir) / (clip.name + ".h5")).string();
  const bool overwrite = options.run.overwrite;
  if (SettledByExistingLabel(clip, MakeProvenance(body, options), overwrite, &outcome)) return outcome;

  const Timer timer;
  RunIntoOutcome(&outcome, [&] {
    const labels::Label label = LabelClip(clip, body, options, &outcome.times);
    {
      PhaseTimes::Scope scope(&outcome.times, "write");
      CommitLabel(label, outcome.label_path, overwrite);
    }
    outcome.status = ClipOutcome::Status::kDone;
    outcome.num_people = static_cast<int>(label.reconstruction.people.size());
    outcome.flags = label.reconstruction.flags;
  });
  outcome.total_s = timer.Seconds();
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
                        PhaseTimes* times) {
  const int threads = ResolveThreads(options.run.threads);
  const Observations observations =
      MakePerception(options.perception, options.classical)->Observe(clip, body, threads, times);
  if (observations.clip.num_frames() != clip.num_frames()) {
    throw Error(ErrorKind::kBadInput,
                "the observations of '" + clip.source_path + "' have " +
                    std::to_string(observations.clip.num_frames()) + " frames, the clip has " +
                    std::to_string(clip.num_frames()) + "; make them from the same video and frame range")
        .WithReason("observations_mismatch");
  }
  LogInfo(clip.name + ": " + std::to_string(observations.people.size()) + " tracks, " +
          std::to_string(observations.keyframes.size()) + " keyframes seen; optimising");
  PhaseTimes::Scope scope(times, "optimise");
  JoshResult result = OptimizeJointly(observations, body, options.josh, threads);
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

std::vector<ClipOutcome> LabelVideo(const std::string& path,
                                    int begin,
                                    int end,
                                    const std::string& output_dir,
                                    const BodyModel& body,
                                    const LabelOptions& options) {
  PrepareOutputDirectory(output_dir);
  std::vector<Clip> clips;
  ClipOutcome whole_video;
  whole_video.name = fs::path(path).stem().string();
  RunIntoOutcome(&whole_video, [&] {
    clips = ClipsOf(ProbeVideo(path, options.video), begin, end, options.video);
    if (clips.empty()) {
      throw Error(ErrorKind::kBadInput,
                  "'" + path + "' has no run of at least " + std::to_string(options.video.min_clip_frames) +
                      " frames without a cut (video.min_clip_frames)")
          .WithReason("video_too_short");
    }
  });
  std::vector<ClipOutcome> outcomes;
  if (clips.empty()) outcomes.push_back(whole_video);
  for (const Clip& clip : clips) {
    LogInfo("labelling " + clip.name + " (" + std::to_string(clip.num_frames()) + " frames)");
    outcomes.push_back(LabelOneClip(clip, output_dir, body, options));
  }
  for (const ClipOutcome& outcome : outcomes) WriteSidecars(outcome, path, output_dir);
  return outcomes;
}

}  // namespace foothold
