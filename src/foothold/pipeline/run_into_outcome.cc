// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/run_into_outcome.h"

#include <new>
#include <opencv2/core.hpp>
#include <string>
#include <system_error>
#include <utility>

namespace foothold {
namespace {

bool IsAboutTheClip(ErrorKind kind) { return kind == ErrorKind::kBadInput || kind == ErrorKind::kContract; }

void SetFailure(ClipOutcome::Status status,
                ExitCode code,
                std::string reason,
                std::string message,
                ClipOutcome* outcome) {
  outcome->status = status;
  outcome->exit_code = code;
  outcome->reason = std::move(reason);
  outcome->message = std::move(message);
}

void SetOutOfMemory(ClipOutcome* outcome) {
  SetFailure(ClipOutcome::Status::kFailed,
             ExitCode::kFailure,
             kOutOfMemory,
             "the memory that this process may have does not suffice; allow more, or use fewer threads, a "
             "smaller video.working_long_edge_px or shorter parts (video.part_frames)",
             outcome);
}

}  // namespace

void RunIntoOutcome(ClipOutcome* outcome, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    if (!IsAboutTheClip(error.kind())) throw;
    const bool rejected = error.kind() == ErrorKind::kBadInput;
    const std::string fallback = rejected ? "bad_input" : "internal_error";
    SetFailure(rejected ? ClipOutcome::Status::kRejected : ClipOutcome::Status::kFailed,
               error.exit_code(),
               error.reason().empty() ? fallback : error.reason(),
               error.what(),
               outcome);
  } catch (const std::bad_alloc&) {
    SetOutOfMemory(outcome);
  } catch (const std::exception& error) {
    const auto* from_opencv = dynamic_cast<const cv::Exception*>(&error);
    const auto* from_system = dynamic_cast<const std::system_error*>(&error);  // A thread without a stack.
    if ((from_opencv != nullptr && from_opencv->code == cv::Error::StsNoMem) ||
        (from_system != nullptr && from_system->code() == std::errc::resource_unavailable_try_again)) {
      SetOutOfMemory(outcome);
      return;
    }
    SetFailure(ClipOutcome::Status::kFailed,
               ExitCode::kFailure,
               "internal_error",
               std::string("unexpected failure (please report it): ") + error.what(),
               outcome);
  }
}

}  // namespace foothold
