// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/label_writer.h"

#include "foothold/pipeline/label_commit.h"
#include "foothold/pipeline/run_into_outcome.h"

namespace foothold {

LabelWriter::~LabelWriter() {
  if (pending_.valid()) pending_.wait();  // Only on the way of another exception.
}

void LabelWriter::Wait(ClipOutcome* outcome) {
  if (!pending_.valid()) return;
  const PhaseTimes::Scope scope(&outcome->times, "wait_write");
  pending_.get();
}

void LabelWriter::Commit(labels::Label label, ClipOutcome* outcome, std::function<void()> done) {
  Wait(outcome);
  pending_outcome_ = outcome;
  auto write = [this, label = std::move(label), outcome, done = std::move(done)] {
    const ErrorContext context(outcome->clip_id);
    RunIntoOutcome(outcome, [&] {
      {
        const PhaseTimes::Scope scope(&outcome->times, "write");
        CommitLabel(label, outcome->label_path, overwrite_);
      }
      outcome->status = ClipOutcome::Status::kDone;
      done();
    });
  };
  pending_ = std::async(std::launch::async, std::move(write));
}

void LabelWriter::Finish() {
  if (pending_outcome_ != nullptr) Wait(pending_outcome_);
}

}  // namespace foothold
