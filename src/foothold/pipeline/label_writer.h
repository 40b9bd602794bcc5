// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <future>
#include <utility>

#include "foothold/pipeline/label_video.h"

namespace foothold {

// Commits labels from a thread of its own, one at a time, while the next clip is computed. At most one
// label waits, so that memory stays bounded.
class LabelWriter {
 public:
  explicit LabelWriter(bool overwrite) : overwrite_(overwrite) {}
  ~LabelWriter();
  LabelWriter(const LabelWriter&) = delete;
  LabelWriter& operator=(const LabelWriter&) = delete;

  // Waits for the label before, then hands over this one. The outcome (which stays where it is until
  // Finish) becomes kDone when the label is there, and `done` is called. Phases "write" and "wait_write"
  // of its times say how long writing took and how much of it was waited for.
  void Commit(labels::Label label, ClipOutcome* outcome, std::function<void()> done);
  // Waits for the last label. Throws Error(kStorage) when it could not be written, as Commit does for the
  // one before.
  void Finish();

 private:
  void Wait(ClipOutcome* outcome);

  bool overwrite_;
  ClipOutcome* pending_outcome_ = nullptr;
  std::future<void> pending_;
};

}  // namespace foothold
