// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/ledger_state.h"

#include <algorithm>

namespace foothold {
namespace {

using Event = LedgerRecord::Event;

constexpr UnitHistory DoneAtOnce(bool partly) { return {1, 0, 0, 0, 0, partly}; }

}  // namespace

const char* NameOf(UnitStatus status) {
  switch (status) {
    case UnitStatus::kOpen:
      return "open";
    case UnitStatus::kDone:
      return "done";
    case UnitStatus::kPartly:
      return "partly";
    case UnitStatus::kRejected:
      return "rejected";
    case UnitStatus::kQuarantined:
      return "quarantined";
  }
  return "";
}

UnitStatus UnitHistory::status() const {
  if (done > reopened) return partly ? UnitStatus::kPartly : UnitStatus::kDone;
  if (rejected > reopened) return UnitStatus::kRejected;
  return quarantined > reopened ? UnitStatus::kQuarantined : UnitStatus::kOpen;
}

void UnitHistory::Add(const RecordHead& head) {
  const auto attempt = static_cast<uint16_t>(head.attempt);
  UnitHistory more;
  switch (head.event) {
    case Event::kDone:
      more.done = attempt;
      more.partly = head.partly;
      break;
    case Event::kRejected:
      more.rejected = attempt;
      break;
    case Event::kFailed:
      more.failed = attempt;
      break;
    case Event::kQuarantined:
      more.quarantined = attempt;
      break;
    case Event::kReopened:
      more.reopened = attempt;
      break;
  }
  Add(more);
}

void UnitHistory::Add(const UnitHistory& other) {
  if (other.done == done) partly = partly || other.partly;
  if (other.done > done) partly = other.partly;
  done = std::max(done, other.done);
  rejected = std::max(rejected, other.rejected);
  failed = std::max(failed, other.failed);
  quarantined = std::max(quarantined, other.quarantined);
  reopened = std::max(reopened, other.reopened);
}

UnitHistory LedgerState::HistoryOf(size_t index) const {
  switch (CodeOf(index)) {
    case kNothing:
      return {};
    case kInMap:
      return histories_.at(static_cast<uint32_t>(index));
    default:
      return DoneAtOnce(CodeOf(index) == kPartlyAtOnce);
  }
}

UnitStatus LedgerState::StatusOf(size_t index) const {
  switch (CodeOf(index)) {
    case kNothing:
      return UnitStatus::kOpen;
    case kDoneAtOnce:
      return UnitStatus::kDone;
    case kPartlyAtOnce:
      return UnitStatus::kPartly;
    default:
      return HistoryOf(index).status();
  }
}

void LedgerState::Add(size_t index, const RecordHead& head) {
  UnitHistory more;
  more.Add(head);
  Add(index, more);
}

void LedgerState::Add(size_t index, const UnitHistory& history) {
  const UnitHistory before = HistoryOf(index);
  UnitHistory after = before;
  after.Add(history);
  if (after == before) return;
  --counts_[static_cast<size_t>(before.status())];
  ++counts_[static_cast<size_t>(after.status())];
  Set(index, after);  // And the mark is gone.
}

void LedgerState::AddDoneAtOnce(size_t first, size_t count, bool partly) {
  const uint8_t code = partly ? kPartlyAtOnce : kDoneAtOnce;
  for (size_t i = first; i < first + count; ++i) {
    if (codes_[i] != code) Add(i, DoneAtOnce(partly));
  }
}

void LedgerState::Set(size_t index, const UnitHistory& history) {
  if (CodeOf(index) == kInMap) histories_.erase(static_cast<uint32_t>(index));
  if (history == UnitHistory()) {
    codes_[index] = kNothing;
  } else if (history == DoneAtOnce(history.partly)) {
    codes_[index] = history.partly ? kPartlyAtOnce : kDoneAtOnce;
  } else {
    codes_[index] = kInMap;
    histories_[static_cast<uint32_t>(index)] = history;
  }
}

}  // namespace foothold
