// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/unit_queue.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace foothold {
namespace {

using Effort = Ledger::Effort;

// How often a rank at work asks what others did. Little depends on it, unless joins wait for parts. And how
// old an answer may be for a rank without work.
constexpr double kFollowPeriod_s = 300, kFollowPeriodWithJoins_s = 60, kIdleMaxAge_s = 30;
// Claims of others whose lease is looked at, per folder that is stolen from and per pause.
constexpr int kLooksPerFolder = 4, kLooksPerPause = 8;
// Folders that are listed in vain before a pause, so that the ranks of a large job, which run out of work
// all at once, do not come down on the file server all at once.
constexpr int kListsPerPause = 32;

}  // namespace

UnitQueue::UnitQueue(Ledger* ledger, int rank, int size)
    : ledger_(ledger),
      rank_(static_cast<size_t>(std::max(0, rank))),
      size_(static_cast<size_t>(std::max({1, size, rank + 1}))),
      joins_(ledger->index().joins().begin(), ledger->index().joins().end()),
      // Thieves begin at places of their own; 157 and 256 have no common divisor.
      folder_(static_cast<int>(rank_ * 157 % UnitIndex::kFolders)),
      followed_s_(ledger->files().Now_s()) {}

std::unique_ptr<Ledger::Claim> UnitQueue::Next() {
  const double now_s = ledger_->files().Now_s();
  const double period_s = joins_.empty() ? kFollowPeriod_s : kFollowPeriodWithJoins_s;
  if (now_s - followed_s_ > period_s) {
    followed_s_ = now_s;
    ledger_->Follow(period_s);
  }
  if (ClaimPointer claim = Join()) return claim;
  if (ClaimPointer claim = FromShare()) return claim;
  if (ClaimPointer claim = Steal()) return claim;
  ledger_->Follow(kIdleMaxAge_s);
  followed_s_ = now_s;
  if (ClaimPointer claim = Join()) return claim;
  return Rescue();
}

// Whether the unit can be claimed as far as is known. Joins have a way of their own.
bool UnitQueue::IsFree(size_t index) const {
  const LedgerState& state = ledger_->state();
  return state.StatusOf(index) == UnitStatus::kOpen && !state.IsMarked(index) &&
         !ledger_->index().IsJoin(index);
}

bool UnitQueue::HasAllParts(const JoinUnit& join) const {
  for (size_t part = join.index - static_cast<size_t>(join.num_parts); part < join.index; ++part) {
    if (ledger_->state().StatusOf(part) == UnitStatus::kOpen) return false;
  }
  return true;
}

UnitQueue::ClaimPointer UnitQueue::Join() {
  const LedgerState& state = ledger_->state();
  for (size_t i = 0; i < joins_.size();) {
    const JoinUnit join = joins_[i];
    if (state.StatusOf(join.index) != UnitStatus::kOpen) {
      joins_[i] = joins_.back();
      joins_.pop_back();
      continue;
    }
    ++i;
    if (state.IsMarked(join.index) || !HasAllParts(join)) continue;
    if (ClaimPointer claim = ledger_->TryClaim(join.index, Effort::kIfFree)) return claim;
  }
  return nullptr;
}

// Dealing there and back again (0 1 2, 2 1 0, ...) gives every rank about the same cost.
UnitQueue::ClaimPointer UnitQueue::FromShare() {
  const auto order = ledger_->index().order();
  for (;; ++round_) {
    const size_t position = round_ * size_ + (round_ % 2 == 0 ? rank_ : size_ - 1 - rank_);
    if (round_ * size_ >= order.size()) return nullptr;
    if (position >= order.size() || !IsFree(order[position])) continue;
    if (ClaimPointer claim = ledger_->TryClaim(order[position], Effort::kIfFree)) return claim;
  }
}

// Most units are finished when a rank begins to look around, so it looks at the others alone. Units that
// were opened again make it look at all once more.
void UnitQueue::UpdateLeft() {
  const LedgerState& state = ledger_->state();
  const auto is_finished = [&](uint32_t index) { return state.StatusOf(index) != UnitStatus::kOpen; };
  std::erase_if(left_, is_finished);
  if (left_.size() == state.Count(UnitStatus::kOpen)) return;
  left_.clear();
  std::remove_copy_if(ledger_->index().order().begin(),
                      ledger_->index().order().end(),
                      std::back_inserter(left_),
                      is_finished);
}

UnitQueue::ClaimPointer UnitQueue::Steal() {
  UpdateLeft();
  std::array<bool, UnitIndex::kFolders> has_free{};
  for (const uint32_t index : left_) {
    if (IsFree(index)) has_free[UnitIndex::FolderOf(ledger_->index().HashOf(index))] = true;
  }
  for (int looked = 0, listed = 0; looked < UnitIndex::kFolders && listed < kListsPerPause; ++looked) {
    const int folder = folder_;
    folder_ = (folder_ + 1) % UnitIndex::kFolders;
    if (!has_free[folder]) continue;
    ledger_->LookAtClaims(folder);
    ++listed;
    if (ClaimPointer claim = StealFrom(folder)) return claim;
  }
  return nullptr;
}

UnitQueue::ClaimPointer UnitQueue::StealFrom(int folder) {
  const LedgerState& state = ledger_->state();
  int looks = 0;
  for (const uint32_t index : ledger_->index().UnitsIn(folder)) {
    if (IsFree(index)) {
      if (ClaimPointer claim = ledger_->TryClaim(index, Effort::kIfFree)) return claim;
    } else if (looks < kLooksPerFolder && state.IsMarked(index) &&
               state.StatusOf(index) == UnitStatus::kOpen) {
      ++looks;
      if (ClaimPointer claim = ledger_->TryClaim(index, Effort::kIfOld)) return claim;
    }
  }
  return nullptr;
}

// Only units that somebody holds are left, or held when he died.
UnitQueue::ClaimPointer UnitQueue::Rescue() {
  UpdateLeft();
  for (int looks = 0; looks < std::min<int>(kLooksPerPause, static_cast<int>(left_.size())); ++looks) {
    const size_t index = left_[rescue_position_++ % left_.size()];
    if (ClaimPointer claim = ledger_->TryClaim(index, Effort::kIfLost)) return claim;
  }
  return nullptr;
}

}  // namespace foothold
