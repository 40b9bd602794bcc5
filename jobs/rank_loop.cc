// SPDX-License-Identifier: Apache-2.0
#include "jobs/rank_loop.h"

#include <chrono>
#include <thread>

#include "foothold/base/error.h"
#include "foothold/base/log.h"
#include "foothold/base/timer.h"

namespace foothold {
namespace {

using Event = LedgerRecord::Event;

LedgerRecord Failure(Event event, const std::string& reason, const std::string& message) {
  LedgerRecord record;
  record.event = event;
  record.reason = reason;
  record.message = message;
  return record;
}

// The message without rank and clip, which stand beside it in records and log lines.
std::string WithoutContext(const std::string& message, const std::string& unit_id) {
  const std::string context = "clip " + unit_id + ": ";
  const size_t begin = message.find(context);
  return begin == std::string::npos ? message : message.substr(begin + context.size());
}

LedgerRecord WorkOn(const Unit& unit, const UnitWorker& worker) {
  if (!unit.rejected_reason.empty())  // By the scan.
    return Failure(Event::kRejected, unit.rejected_reason, unit.rejected_message);
  if (unit.kind == Unit::Kind::kJoin && unit.missing_parts.size() == static_cast<size_t>(unit.num_parts))
    return Failure(Event::kRejected, "no_parts", "none of the video's parts has a result");
  try {
    LedgerRecord record = worker(unit);
    record.message = WithoutContext(record.message, unit.id);
    return record;
  } catch (const Error& error) {
    const std::string reason = error.reason().empty() ? NameOf(error.kind()) : error.reason();
    if (error.kind() == ErrorKind::kBadInput)
      return Failure(Event::kRejected, reason, WithoutContext(error.what(), unit.id));
    if (error.kind() == ErrorKind::kContract)
      return Failure(Event::kFailed, reason, WithoutContext(error.what(), unit.id));
    throw;
  } catch (const std::exception& error) {
    return Failure(Event::kFailed, "internal_error", error.what());
  }
}

void Report(const LedgerRecord& record, RankTotals* totals) {
  if (record.event == Event::kDone) {
    ++totals->done;
    LogInfo("labelled " + std::to_string(record.clips_done) + " clips, " + std::to_string(record.frames) +
            " frames" +
            (record.clips_rejected > 0 ? "; rejected " + std::to_string(record.clips_rejected) : ""));
  } else {
    ++(record.event == Event::kRejected ? totals->rejected : totals->failed);
    LogWarning((record.event == Event::kRejected ? "rejected: " : "failed: ") + record.reason + ": " +
               record.message);
  }
  totals->clips += record.clips_done;
  totals->frames += record.frames;
}

}  // namespace

void RunRank(Ledger* ledger,
             int rank,
             int size,
             const UnitWorker& worker,
             const std::function<bool()>& drain_requested,
             RankTotals* totals) {
  UnitQueue queue(ledger, rank, size);
  Backoff backoff(size);
  while (!queue.all_finished()) {
    if (drain_requested()) {
      totals->drained = true;
      LogInfo("drained; run again to continue");
      return;
    }
    const std::unique_ptr<Ledger::Claim> claim = queue.Next();
    if (claim == nullptr) {
      if (!queue.all_finished())
        std::this_thread::sleep_for(std::chrono::duration<double>(backoff.NextPause_s()));
      continue;
    }
    backoff.Reset();
    const ErrorContext context(claim->unit().id);
    const Timer timer;
    LedgerRecord record = WorkOn(claim->unit(), worker);
    record.seconds = timer.Seconds();
    claim->Finish(record);
    Report(record, totals);
  }
}

}  // namespace foothold
