// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <optional>

#include "foothold/base/hash.h"
#include "foothold/corpus/label_files.h"
#include "jobs/label_corpus_job.h"
#include "labels/body_file.h"

namespace foothold {
namespace {

BodyModel ReadBody(const JobOptions& job) {
  return labels::ReadBodyModel(job.body.empty() ? labels::DefaultBodyModelPath() : job.body);
}

bool HasLabel(const ClipOutcome& outcome) {
  return outcome.status == ClipOutcome::Status::kDone || outcome.status == ClipOutcome::Status::kAlreadyDone;
}

LedgerRecord RecordOf(const std::vector<ClipOutcome>& outcomes, const std::string& labels_folder) {
  LedgerRecord record;
  record.event = LedgerRecord::Event::kDone;
  for (const ClipOutcome& outcome : outcomes) {
    if (HasLabel(outcome)) {
      ++record.clips_done;
      record.frames += outcome.num_frames;
      if (!outcome.label_path.empty()) {
        record.labels.push_back(DescribeLabel(labels_folder, outcome.label_path, outcome.num_frames));
      }
      continue;
    }
    ++record.clips_rejected;
    // One failed clip is enough to try the video again; its labelled clips are found done then.
    const bool failed = outcome.status == ClipOutcome::Status::kFailed;
    if (failed || record.reason.empty()) {
      record.reason = outcome.reason;
      record.message = outcome.message;
    }
    if (failed) record.event = LedgerRecord::Event::kFailed;
  }
  if (record.event == LedgerRecord::Event::kDone && record.clips_done == 0) {
    record.event = LedgerRecord::Event::kRejected;
    if (outcomes.empty()) record.reason = "no_clips";
  }
  return record;
}

// Of a part: what it saw counts with the label of the join.
LedgerRecord PartRecordOf(const std::vector<ClipOutcome>& outcomes) {
  if (outcomes.empty()) {  // The part has nothing to look at.
    LedgerRecord record;
    record.event = LedgerRecord::Event::kDone;
    return record;
  }
  LedgerRecord record = RecordOf(outcomes, "");
  record.clips_done = record.frames = 0;
  return record;
}

LedgerRecord WorkOn(const WorkerContext& context,
                    const BodyModel& body,
                    const std::optional<PerceptionMaker>& perception,
                    const Unit& unit) {
  VideoTask task;
  task.perception = perception ? &*perception : nullptr;
  task.path = unit.path;
  task.begin = unit.begin;
  task.end = unit.end;
  task.output_dir = context.labels_folder + "/" + unit.id;
  // Parts and their join share it.
  task.partial_dir = context.job.output + "/partial/" + HashText(unit.path).substr(0, 16);
  task.checkpoint_s = context.job.checkpoint_s;
  task.memory_rung = context.memory_rung;
  if (unit.kind != Unit::Kind::kPart) {
    task.only_seen_parts = !unit.missing_parts.empty();
    return RecordOf(LabelVideo(task, body, context.label), context.labels_folder);
  }
  const FrameRange frames{unit.begin, unit.end};
  task.begin = 0;
  task.end = -1;
  return PartRecordOf(ObservePart(task, frames, body, context.label));
}

}  // namespace

CorpusLabeller VideoLabeller(const LearnedPerception& learned) {
  CorpusLabeller labeller;
  labeller.identity = [learned](const JobOptions& job, const LabelOptions& label) {
    const std::string networks = learned.identity ? learned.identity(label) : "";
    return "# " + ProgramVersion() + "\n# body model " + ReadBody(job).content_hash +
           (networks.empty() ? "" : "\n" + networks);
  };
  // Workers of all memory rungs share the networks.
  const auto perception = std::make_shared<std::optional<PerceptionMaker>>();
  labeller.make_worker = [learned, perception](const WorkerContext& context) -> UnitWorker {
    const auto body = std::make_shared<const BodyModel>(ReadBody(context.job));
    if (!perception->has_value() && learned.make) *perception = learned.make(context.label);
    return
        [context, body, perception](const Unit& unit) { return WorkOn(context, *body, *perception, unit); };
  };
  return labeller;
}

}  // namespace foothold
