// SPDX-License-Identifier: Apache-2.0
#include "jobs/isolated_labeller.h"

#include <algorithm>
#include <csignal>
#include <memory>
#include <utility>

#include "foothold/base/child_process.h"
#include "foothold/base/log.h"
#include "jobs/memory_limit.h"
#include "jobs/unit_messages.h"

namespace foothold {
namespace {

constexpr size_t kLinesInRecord = 5;
constexpr double kStart_s = 120;  // Programs come over a slow network at times.

// How one attempt at a unit ended.
struct Attempt {
  enum class Kind { kAnswered, kNoProgress, kEnded };
  Kind kind = Kind::kEnded;
  UnitAnswer answer;
  ChildProcess::End end;
  bool memory_kill = false;
};

LedgerRecord Failure(const std::string& reason, const std::string& message, const ChildProcess::End& end) {
  LedgerRecord record;
  record.event = LedgerRecord::Event::kFailed;
  record.reason = reason;
  record.message = message;
  const size_t skipped = end.last_lines.size() - std::min(kLinesInRecord, end.last_lines.size());
  for (size_t i = skipped; i < end.last_lines.size(); ++i) {
    record.message += (i == skipped ? "; its last lines: " : " | ") + end.last_lines[i];
  }
  return record;
}

bool RanOutOfMemory(const Attempt& attempt) {
  if (attempt.kind == Attempt::Kind::kNoProgress) return false;
  if (attempt.kind == Attempt::Kind::kAnswered) {
    return attempt.answer.kind == UnitAnswer::Kind::kRecord ? attempt.answer.record.reason == kOutOfMemory
                                                            : attempt.answer.reason == kOutOfMemory;
  }
  if (attempt.end.signal == SIGKILL) return attempt.memory_kill;
  // An allocation, or the stack of a thread, that failed where nothing can be thrown.
  return std::any_of(attempt.end.last_lines.begin(), attempt.end.last_lines.end(), [](const auto& line) {
    return line.find("bad_alloc") != std::string::npos ||
           line.find("Resource temporarily unavailable") != std::string::npos;
  });
}

class IsolatedWorker {
 public:
  explicit IsolatedWorker(const WorkerContext& context) : context_(context) {}

  LedgerRecord Work(const Unit& unit) {
    for (int rung = 0;; ++rung) {
      const Attempt attempt = Try({unit, rung});
      if (RanOutOfMemory(attempt)) {
        child_.reset();  // Another begins with an unspoilt heap.
        if (rung < kLastMemoryRung) {
          LogWarning("out of memory; tried again on memory rung " + std::to_string(rung + 1));
          continue;
        }
        return Failure(kOutOfMemory,
                       "also memory rung " + std::to_string(rung) + " needs more memory than " +
                           (context_.job.memory_gb > 0 ? "job.memory_gb" : "the machine has"),
                       attempt.end);
      }
      return RecordOf(attempt, rung);
    }
  }

 private:
  Attempt Try(const UnitOrder& order) {
    Attempt attempt;
    const long memory_kills = CountMemoryKills();
    Start();
    const bool sent = child_->socket().Send(FormatOrder(order));
    std::string message;
    while (sent) {
      const MessageSocket::Result result = child_->socket().Receive(context_.job.watchdog_s, &message);
      if (result == MessageSocket::Result::kMessage) {
        FOOTHOLD_CHECK(ParseAnswer(message, &attempt.answer), "answers of the worker process are whole");
        if (attempt.answer.kind == UnitAnswer::Kind::kProgress) continue;
        attempt.kind = Attempt::Kind::kAnswered;
        return attempt;
      }
      if (result == MessageSocket::Result::kTimeout) attempt.kind = Attempt::Kind::kNoProgress;
      break;
    }
    if (attempt.kind == Attempt::Kind::kNoProgress) child_->Kill();
    attempt.end = child_->Wait();
    child_.reset();
    attempt.memory_kill = CountMemoryKills() > memory_kills;
    return attempt;
  }

  // A worker that does not even start says nothing about the unit: the rank ends, and the unit stays open.
  void Start() {
    if (child_ != nullptr) return;
    child_ = std::make_unique<ChildProcess>(std::vector<std::string>{"/proc/self/exe", kUnitWorkerArgument});
    std::string ready;
    if (child_->socket().Send(FormatContext(context_)) &&
        child_->socket().Receive(kStart_s, &ready) == MessageSocket::Result::kMessage) {
      return;
    }
    child_->Kill();
    const ChildProcess::End end = child_->Wait();
    child_.reset();
    throw Error(ErrorKind::kDevice,
                "the worker process does not start on this host: " + end.Describe() +
                    (end.last_lines.empty() ? "" : ": " + end.last_lines.back()));
  }

  LedgerRecord RecordOf(const Attempt& attempt, int rung) const {
    switch (attempt.kind) {
      case Attempt::Kind::kNoProgress:
        return Failure("no_progress", "no progress within job.watchdog_s; the worker was ended", attempt.end);
      case Attempt::Kind::kEnded:
        return Failure(attempt.end.signal == SIGKILL ? "worker_killed" : "worker_crashed",
                       "the process that worked on it ended with " + attempt.end.Describe(),
                       attempt.end);
      case Attempt::Kind::kAnswered:
        break;
    }
    if (attempt.answer.kind == UnitAnswer::Kind::kError) {
      throw Error(attempt.answer.error_kind, attempt.answer.message).WithReason(attempt.answer.reason);
    }
    LedgerRecord record = attempt.answer.record;
    if (rung > 0 && record.message.empty()) record.message = "done on memory rung " + std::to_string(rung);
    return record;
  }

  WorkerContext context_;
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace

CorpusLabeller Isolated(const CorpusLabeller& labeller) {
  CorpusLabeller isolated = labeller;
  isolated.make_worker = [labeller](const WorkerContext& context) -> UnitWorker {
    if (!context.job.isolate) return labeller.make_worker(context);
    const auto worker = std::make_shared<IsolatedWorker>(context);
    return [worker](const Unit& unit) { return worker->Work(unit); };
  };
  return isolated;
}

}  // namespace foothold
