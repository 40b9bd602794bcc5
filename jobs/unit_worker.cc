// SPDX-License-Identifier: Apache-2.0
// The process beside a rank.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <new>
#include <string_view>
#include <thread>

#include "foothold/base/child_process.h"
#include "foothold/base/log.h"
#include "foothold/base/pulse.h"
#include "jobs/isolated_labeller.h"
#include "jobs/memory_limit.h"
#include "jobs/unit_messages.h"

namespace foothold {
namespace {

// Tells the rank while there is progress.
class ProgressTeller {
 public:
  ProgressTeller(double watchdog_s, MessageSocket* socket)
      : interval_s_(watchdog_s > 0 ? std::clamp(watchdog_s / 5, 0.02, 10.0) : 10.0),
        socket_(socket),
        thread_([this] { Run(); }) {}
  ~ProgressTeller() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

 private:
  void Run() {
    uint64_t last = PulseCount();
    const std::string progress = FormatAnswer({});
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, std::chrono::duration<double>(interval_s_), [this] { return stop_; })) {
      const uint64_t now = PulseCount();
      if (now != last) socket_->Send(progress);
      last = now;
    }
  }

  double interval_s_;
  MessageSocket* socket_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

// Without the context that the rank puts in front of every message.
std::string Plain(const std::string& message, const Unit& unit) {
  std::string text = message;
  for (const std::string& context :
       {"rank " + std::to_string(ErrorContext::Rank()) + ": ", "clip " + unit.id + ": "}) {
    if (text.starts_with(context)) text.erase(0, context.size());
  }
  return text;
}

UnitAnswer ErrorAnswer(ErrorKind kind, const std::string& reason, const std::string& message) {
  UnitAnswer answer;
  answer.kind = UnitAnswer::Kind::kError;
  answer.error_kind = kind;
  answer.reason = reason;
  answer.message = message;
  return answer;
}

UnitAnswer Answer(const UnitWorker& worker, const Unit& unit) {
  const ErrorContext context(unit.id);
  try {
    UnitAnswer answer;
    answer.kind = UnitAnswer::Kind::kRecord;
    answer.record = worker(unit);
    return answer;
  } catch (const Error& error) {
    return ErrorAnswer(error.kind(), error.reason(), Plain(error.what(), unit));
  } catch (const std::bad_alloc&) {
    return ErrorAnswer(ErrorKind::kContract, kOutOfMemory, "memory does not suffice");
  } catch (const std::exception& error) {
    UnitAnswer answer;
    answer.kind = UnitAnswer::Kind::kRecord;
    answer.record.event = LedgerRecord::Event::kFailed;
    answer.record.reason = "internal_error";
    answer.record.message = error.what();
    return answer;
  }
}

}  // namespace

bool IsUnitWorker(int argc, const char* const* argv) {
  return argc == 2 && std::string_view(argv[1]) == kUnitWorkerArgument;
}

int RunUnitWorker(const CorpusLabeller& labeller) {
  DieWithParent();
  MessageSocket socket(ChildProcess::kChildSocket);
  WorkerContext context;
  int rank = -1;
  std::string message;
  if (socket.Receive(0, &message) != MessageSocket::Result::kMessage ||
      !ParseContext(message, &context, &rank)) {
    std::fprintf(stderr, "%s is for label_corpus itself\n", kUnitWorkerArgument);
    return static_cast<int>(ExitCode::kUsage);
  }
  if (rank >= 0) ErrorContext::SetRank(rank);
  SetLogLevel(LogLevelOf(context.label.run.log_level));
  LimitMemory(context.job.memory_gb);
  if (!socket.Send(FormatAnswer({}))) return static_cast<int>(ExitCode::kOk);  // It is there.
  std::map<int, UnitWorker> workers;                                           // By rung.
  while (socket.Receive(0, &message) == MessageSocket::Result::kMessage) {
    UnitOrder order;
    if (!ParseOrder(message, &order)) return static_cast<int>(ExitCode::kContract);
    const ProgressTeller teller(context.job.watchdog_s, &socket);
    context.memory_rung = order.memory_rung;
    UnitAnswer answer;
    try {
      UnitWorker& worker = workers[order.memory_rung];
      if (!worker) worker = labeller.make_worker(context);
      answer = Answer(worker, order.unit);
    } catch (const Error& error) {  // From making the worker: the body model.
      answer = ErrorAnswer(error.kind(), error.reason(), Plain(error.what(), order.unit));
    } catch (const std::bad_alloc&) {
      answer = ErrorAnswer(ErrorKind::kContract, kOutOfMemory, "memory does not suffice");
    }
    if (!socket.Send(FormatAnswer(answer))) break;
  }
  return static_cast<int>(ExitCode::kOk);
}

}  // namespace foothold
