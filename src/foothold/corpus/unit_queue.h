// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "foothold/corpus/ledger.h"

namespace foothold {

// Hands out the units of a run to one rank of a job: joins whose parts are finished; then this rank's
// share, dealt out largest first (priority before cost); then what others have left; then what others
// lost. Shares only keep ranks out of each other's way: claims decide, so ranks and jobs come and go.
class UnitQueue {
 public:
  UnitQueue(Ledger* ledger, int rank, int size);

  // A claim on some unit; null when all others are finished or busy now. Call all_finished() next.
  std::unique_ptr<Ledger::Claim> Next();
  bool all_finished() const { return ledger_->state().all_finished(); }

 private:
  using ClaimPointer = std::unique_ptr<Ledger::Claim>;
  bool IsFree(size_t index) const;
  bool HasAllParts(const JoinUnit& join) const;
  ClaimPointer Join();
  ClaimPointer FromShare();
  ClaimPointer Steal();
  ClaimPointer StealFrom(int folder);
  ClaimPointer Rescue();
  void UpdateLeft();

  Ledger* ledger_;
  size_t rank_, size_;
  size_t round_ = 0;             // Of dealing.
  std::vector<JoinUnit> joins_;  // Not known to be finished.
  std::vector<uint32_t> left_;   // Not known to be finished, once this rank's share is.
  int folder_;                   // Where stealing goes on.
  size_t rescue_position_ = 0;
  double followed_s_;
};

// Pauses of a rank that finds nothing to do: short at first, for the end of small jobs; then seldom, for
// the file server's sake: all ranks of a large job together look 100 times a second at most.
class Backoff {
 public:
  explicit Backoff(int num_ranks) : last_s_(std::max(5.0, num_ranks / 100.0)) { Reset(); }
  void Reset() { pause_s_ = last_s_ / 250; }
  double NextPause_s() {
    const double pause_s = pause_s_;
    pause_s_ = std::min(2 * pause_s_, last_s_);
    return pause_s;
  }

 private:
  double last_s_, pause_s_;
};

}  // namespace foothold
