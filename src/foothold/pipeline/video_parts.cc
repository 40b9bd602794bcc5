// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/video_parts.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "foothold/base/log.h"
#include "foothold/pipeline/join/join_observations.h"
#include "foothold/pipeline/part_files.h"
#include "foothold/pipeline/run_into_outcome.h"

namespace foothold {
namespace {

FrameRange RangeOf(const Clip& clip) { return {clip.first_frame, clip.first_frame + clip.num_frames()}; }

// The frames of the clip that lie in `range`, from the keyframe before on; false when there are too few.
bool PieceOf(const Clip& clip, const FrameRange& range, const LabelOptions& options, Clip* piece) {
  const std::vector<int> keyframes = KeyframesOf(clip, options.perception.keyframe_interval);
  const int step = keyframes.size() > 1 ? keyframes[1] : 1;
  const FrameRange whole = RangeOf(clip);
  const int begin = (std::max(range.begin, whole.begin) - whole.begin) / step * step;
  const int end = std::min(range.end, whole.end) - whole.begin;
  if (begin >= end) return false;
  const bool is_whole = begin == 0 && end == clip.num_frames();
  if (!is_whole && end - begin < options.video.part_overlap_frames) return false;
  *piece = SubClip(clip, begin, end);
  return true;
}

ClipOutcome ObservePiece(const VideoWork& work, const PartFiles& files, const Clip& piece) {
  const ErrorContext context(piece.id);
  ClipOutcome outcome;
  outcome.name = piece.name;
  outcome.clip_id = piece.id;
  outcome.num_frames = piece.num_frames();
  if (files.Has(RangeOf(piece))) {
    outcome.status = ClipOutcome::Status::kAlreadyDone;
    return outcome;
  }
  LogInfo("looking at frames " + std::to_string(piece.first_frame) + " to " +
          std::to_string(RangeOf(piece).end));
  const Timer timer;
  RunIntoOutcome(&outcome, [&] {
    const std::unique_ptr<FileJournal> journal = work.partial.JournalOf(piece.id);
    Observations observations = ObserveClip(work, piece, &outcome.times, journal.get());
    AddFlags(work.rung.flags, &observations.flags);
    if (!work.rung.note.empty()) observations.source += "; " + work.rung.note;
    const PhaseTimes::Scope scope(&outcome.times, "write");
    files.Keep(RangeOf(piece), observations);
    outcome.status = ClipOutcome::Status::kDone;
    outcome.num_people = static_cast<int>(observations.people.size());
    outcome.flags = observations.flags;
  });
  outcome.total_s = timer.Seconds();
  if (outcome.status == ClipOutcome::Status::kRejected) {
    files.Fail({RangeOf(piece), outcome.reason, outcome.message});
  }
  if (outcome.status != ClipOutcome::Status::kFailed) work.partial.Remove(piece.id);
  return outcome;
}

}  // namespace

std::vector<ClipOutcome> ObservePieces(const VideoWork& work,
                                       const std::vector<Clip>& clips,
                                       const std::vector<FrameRange>& parts) {
  const PartFiles files(work.partial);
  std::vector<Clip> pieces, expected;
  Clip piece;
  for (const FrameRange& part : parts) {
    for (const Clip& clip : clips) {
      if (PieceOf(clip, part, work.options, &piece)) pieces.push_back(piece);
    }
  }
  std::copy_if(pieces.begin(), pieces.end(), std::back_inserter(expected), [&](const Clip& clip) {
    return !files.Has(RangeOf(clip));
  });
  work.readers->Expect(std::move(expected));
  std::vector<ClipOutcome> outcomes;
  for (const Clip& each : pieces) outcomes.push_back(ObservePiece(work, files, each));
  return outcomes;
}

std::vector<SeenStretch> JoinPieces(const VideoWork& work, const Clip& clip) {
  const PartFiles files(work.partial);
  std::vector<Observations> parts = files.Read(RangeOf(clip));
  if (parts.empty()) {
    const std::vector<PartFiles::Failure> failures = files.Failures(RangeOf(clip));
    if (!failures.empty()) {
      throw Error(ErrorKind::kBadInput, failures[0].message).WithReason(failures[0].reason);
    }
    throw Error(ErrorKind::kBadInput,
                clip.source_path + ": none of its parts was seen; their records say why")
        .WithReason("parts_missing");
  }
  for (const Observations& part : parts) {
    if (part.clip.source_hash != clip.source_hash) {
      throw Error(ErrorKind::kBadInput,
                  clip.source_path + ": changed since its parts were seen; remove " + work.partial.folder())
          .WithReason("video_changed");
    }
  }
  std::vector<SeenStretch> stretches;
  for (const std::vector<int>& indices : ConnectedStretches(parts)) {
    std::vector<Observations> of_stretch;
    for (const int index : indices) of_stretch.push_back(std::move(parts[index]));
    const int begin = of_stretch.front().clip.first_frame - clip.first_frame;
    const int end = RangeOf(of_stretch.back().clip).end - clip.first_frame;
    SeenStretch stretch{SubClip(clip, begin, end), {}};
    stretch.observations = JoinObservations(std::move(of_stretch), stretch.clip, work.body);
    stretches.push_back(std::move(stretch));
  }
  if (stretches.size() > 1 || stretches[0].clip.num_frames() < clip.num_frames()) {
    for (SeenStretch& stretch : stretches) stretch.observations.flags.push_back("parts_missing");
  }
  return stretches;
}

}  // namespace foothold
