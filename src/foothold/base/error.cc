// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/error.h"

#include <atomic>
#include <utility>

namespace foothold {
namespace {

std::atomic<int> process_rank{-1};
thread_local std::string thread_clip_id;

std::string WithContext(const std::string& message) {
  std::string prefix;
  if (const int rank = process_rank.load(); rank >= 0) prefix += "rank " + std::to_string(rank) + ": ";
  if (!thread_clip_id.empty()) prefix += "clip " + thread_clip_id + ": ";
  return prefix + message;
}

}  // namespace

ExitCode ExitCodeOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return ExitCode::kUsage;
    case ErrorKind::kBadInput:
      return ExitCode::kBadInput;
    case ErrorKind::kContract:
      return ExitCode::kContract;
    case ErrorKind::kStorage:
      return ExitCode::kStorage;
    case ErrorKind::kDevice:
      return ExitCode::kDevice;
    case ErrorKind::kNetwork:
      return ExitCode::kNetwork;
    case ErrorKind::kInterrupted:
      return ExitCode::kInterrupted;
  }
  return ExitCode::kFailure;
}

const char* NameOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return "usage";
    case ErrorKind::kBadInput:
      return "bad_input";
    case ErrorKind::kContract:
      return "contract";
    case ErrorKind::kStorage:
      return "storage";
    case ErrorKind::kDevice:
      return "device";
    case ErrorKind::kNetwork:
      return "network";
    case ErrorKind::kInterrupted:
      return "interrupted";
  }
  return "unknown";
}

Error::Error(ErrorKind kind, const std::string& message)
    : std::runtime_error(WithContext(message)), kind_(kind) {}

void ErrorContext::SetRank(int rank) { process_rank = rank; }
int ErrorContext::Rank() { return process_rank; }

ErrorContext::ErrorContext(std::string clip_id)
    : previous_clip_id_(std::exchange(thread_clip_id, std::move(clip_id))) {}
ErrorContext::~ErrorContext() { thread_clip_id = std::move(previous_clip_id_); }
const std::string& ErrorContext::ClipId() { return thread_clip_id; }

void ThrowContractError(const char* condition, const char* file, int line, const std::string& message) {
  throw Error(ErrorKind::kContract,
              std::string("broken contract: ") + message + " (" + condition + " at " + file + ":" +
                  std::to_string(line) + "); please report this");
}

}  // namespace foothold
