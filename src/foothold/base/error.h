// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace foothold {

// Process exit codes; docs/operations.md explains each. Values are part of the product's contract:
// sbatch files map them to requeue or stop.
enum class ExitCode : int {
  kOk = 0,
  kFailure = 1,      // Unexpected failure inside the program.
  kUsage = 2,        // Unknown or invalid option, config or arguments.
  kBadInput = 3,     // An input file cannot be used.
  kIncomplete = 4,   // The job finished, but at least one unit was rejected or quarantined.
  kContract = 5,     // Broken internal contract (a bug): rank and clip id are in the message.
  kStorage = 6,      // Disk full, read-only, or I/O error on output.
  kDevice = 7,       // GPU failed or missing although asked for.
  kNetwork = 8,      // MPI or NCCL failed, or ranks disagree about the run.
  kInterrupted = 9,  // Drained after a signal; run again to continue.
};

// What failed, hence who has to act. Each kind maps to one exit code.
enum class ErrorKind { kUsage, kBadInput, kContract, kStorage, kDevice, kNetwork, kInterrupted };

ExitCode ExitCodeOf(ErrorKind kind);
const char* NameOf(ErrorKind kind);

// The only exception type that leaves a module of this project; exceptions of libraries are
// translated at the owning module. The message names the file, the field and the remedy.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message);

  ErrorKind kind() const { return kind_; }
  ExitCode exit_code() const { return ExitCodeOf(kind_); }
  // Empty, or a short machine-readable reason such as "video_truncated".
  const std::string& reason() const { return reason_; }
  Error&& WithReason(std::string reason) && {
    reason_ = std::move(reason);
    return std::move(*this);
  }

 private:
  ErrorKind kind_;
  std::string reason_;
};

// Rank and clip of this thread, put in front of every Error message and log line. Set by the
// program's outermost loops only.
class ErrorContext {
 public:
  static void SetRank(int rank);  // For the whole process.
  static int Rank();              // -1: not an MPI program.

  explicit ErrorContext(std::string clip_id);  // For this thread, until destruction.
  ~ErrorContext();
  ErrorContext(const ErrorContext&) = delete;
  ErrorContext& operator=(const ErrorContext&) = delete;
  static const std::string& ClipId();

 private:
  std::string previous_clip_id_;
};

// Throws Error(kContract) with file, line and message when `condition` is false. For contracts
// between functions; bad input deserves its own message.
#define FOOTHOLD_CHECK(condition, message)                                        \
  do {                                                                            \
    if (!(condition)) {                                                           \
      ::foothold::ThrowContractError(#condition, __FILE__, __LINE__, (message));  \
    }                                                                             \
  } while (false)

[[noreturn]] void ThrowContractError(const char* condition,
                                     const char* file,
                                     int line,
                                     const std::string& message);

}  // namespace foothold
