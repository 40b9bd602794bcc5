// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/video_work.h"

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "foothold/base/log.h"
#include "foothold/pipeline/known_probe.h"
#include "foothold/pipeline/label_commit.h"

namespace foothold {
namespace {

int ResolveThreads(int threads) {
  if (threads > 0) return threads;
  const unsigned cores = std::thread::hardware_concurrency();
  return cores > 0 ? static_cast<int>(cores) : 1;
}

// Everything besides the clip that partial results follow from.
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

// A frame range that this video does not have is this video's problem: others of a corpus go on.
std::vector<Clip> MakeClipsOf(const VideoProbe& probe, int begin, int end, const VideoOptions& options) {
  try {
    return MakeClips(probe, begin, end, options);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUsage) throw;
    throw Error(ErrorKind::kBadInput, error.what()).WithReason("frame_range");
  }
}

}  // namespace

VideoWork MakeVideoWork(const VideoTask& task, const BodyModel& body, const LabelOptions& options) {
  labels::Provenance provenance = MakeProvenance(body, options);
  if (task.perception != nullptr) provenance.options += task.perception->identity;
  if (task.solver != nullptr) provenance.options += task.solver->identity;
  LabelOptions reduced = options;
  const MemoryRung rung = StepDown(task.memory_rung, &reduced);
  return {task,
          body,
          options,
          reduced,
          provenance,
          rung,
          PartialWork(task.partial_dir, IdentityOf(provenance), rung.note, task.checkpoint_s),
          std::make_shared<FrameReaders>()};
}

std::vector<Clip> ClipsOf(const VideoWork& work) {
  const VideoProbe probe = ProbeOnce(work.task.path, work.options.video, work.partial);
  return MakeClipsOf(probe, work.task.begin, work.task.end, work.options.video);
}

void AddFlags(const std::vector<std::string>& more, std::vector<std::string>* flags) {
  for (const std::string& flag : more) {
    if (std::find(flags->begin(), flags->end(), flag) == flags->end()) flags->push_back(flag);
  }
}

bool SeesPictures(const LabelOptions& options) {
  return options.perception.name != "recorded" && options.perception.name != "synthetic";
}

Observations ObserveClip(const VideoWork& work, const Clip& clip, PhaseTimes* times, Journal* journal) {
  const std::unique_ptr<Perception> perception =
      work.task.perception != nullptr
          ? work.task.perception->make(work.options.perception, work.options.classical)
          : MakePerception(work.options.perception, work.options.classical);
  perception->set_journal(journal);
  perception->set_readers(work.readers.get());
  Observations observations =
      perception->Observe(clip, work.body, ResolveThreads(work.options.run.threads), times);
  RequireSameFrames(observations, clip);
  return observations;
}

Observations ObserveOrResume(const VideoWork& work, const Clip& clip, Journal* journal, PhaseTimes* times) {
  Observations observations;
  {
    const PhaseTimes::Scope scope(times, "resume");
    if (work.partial.FindObservations(clip.id, &observations)) return observations;
  }
  const Timer timer;
  observations = ObserveClip(work, clip, times, journal);
  if (work.partial.IsWorthKeeping(timer.Seconds())) {
    const PhaseTimes::Scope scope(times, "checkpoint");
    work.partial.KeepObservations(clip.id, observations);
  }
  return observations;
}

labels::Label OptimiseClip(
    const VideoWork& work, const Clip& clip, Observations observations, PhaseTimes* times, Journal* journal) {
  // Recorded observations bring the transform of the working image they were made in.
  const ImageTransform working_from_source = observations.clip.working_from_source;
  const std::string source = observations.source;
  LogInfo(clip.name + ": " + std::to_string(observations.people.size()) + " tracks, " +
          std::to_string(observations.keyframes.size()) + " keyframes seen; optimising");
  PhaseTimes::Scope scope(times, "optimise");
  const int threads = ResolveThreads(work.options.run.threads);
  const SolveContext context{clip, work.readers.get(), work.options.josh, threads, journal};
  JoshResult result = work.task.solver != nullptr
                          ? work.task.solver->solve(std::move(observations), context)
                          : OptimizeJointly(observations, work.body, work.options.josh, threads, journal);
  FillJoints(work.body, &result.reconstruction);

  labels::Label label;
  label.clip = clip;
  label.clip.working_from_source = working_from_source;
  label.reconstruction = std::move(result.reconstruction);
  // Those of the file too: whoever trains on the label should know.
  AddFlags(clip.source_flags, &label.reconstruction.flags);
  AddFlags(work.rung.flags, &label.reconstruction.flags);
  label.summary = std::move(result.summary);
  label.quality = std::move(result.quality);
  label.provenance = work.provenance;
  label.provenance.perception = source;
  if (!work.rung.note.empty()) label.provenance.perception += "; " + work.rung.note;
  return label;
}

}  // namespace foothold
