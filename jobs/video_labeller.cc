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

// What a worker keeps from one unit to the next.
struct Tools {
  BodyModel body;
  std::optional<ClipSolver> start;
  std::shared_ptr<const PerceptionMaker> perception;
};

std::optional<ClipSolver> MakeStart(const WorkerContext& context,
                                    const LearnedParts& learned,
                                    const BodyModel& body) {
  if (context.label.start.init != "student") return std::nullopt;
  if (!learned.make_start)
    throw Error(ErrorKind::kUsage, "label.init = student needs a program that is built with LibTorch");
  try {
    return learned.make_start(context, body);
  } catch (const Error& error) {
    // Weights that are no student's say nothing about the video at hand: the rank ends.
    if (error.kind() == ErrorKind::kBadInput) throw Error(ErrorKind::kUsage, error.what());
    throw;
  }
}

LedgerRecord WorkOn(const WorkerContext& context, const Tools& tools, const Unit& unit) {
  const BodyModel& body = tools.body;
  VideoTask task;
  task.perception = tools.perception.get();
  task.path = unit.path;
  task.begin = unit.begin;
  task.end = unit.end;
  task.output_dir = context.labels_folder + "/" + unit.id;
  // Parts and their join share it.
  task.partial_dir = context.job.output + "/partial/" + HashText(unit.path).substr(0, 16);
  task.checkpoint_s = context.job.checkpoint_s;
  task.memory_rung = context.memory_rung;
  task.solver = tools.start ? &*tools.start : nullptr;
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

CorpusLabeller VideoLabeller(const LearnedParts& learned) {
  CorpusLabeller labeller;
  labeller.identity = [learned](const JobOptions& job, const LabelOptions& label) {
    const std::string networks = learned.perception_identity ? learned.perception_identity(label) : "";
    return "# " + ProgramVersion() + "\n# body model " + ReadBody(job).content_hash +
           (networks.empty() ? "" : "\n" + networks);
  };
  // Workers of all memory rungs share the networks.
  const auto shared = std::make_shared<std::shared_ptr<const PerceptionMaker>>();
  labeller.make_worker = [learned, shared](const WorkerContext& context) -> UnitWorker {
    if (*shared == nullptr && learned.make_perception) {
      if (auto made = learned.make_perception(context.label))
        *shared = std::make_shared<const PerceptionMaker>(std::move(*made));
    }
    const auto tools = std::make_shared<Tools>();
    tools->body = ReadBody(context.job);
    tools->start = MakeStart(context, learned, tools->body);
    tools->perception = *shared;
    return [context, tools](const Unit& unit) { return WorkOn(context, *tools, unit); };
  };
  return labeller;
}

}  // namespace foothold
