// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/label_video.h"

namespace foothold {

std::string ProgramVersion() { return "foothold " FOOTHOLD_VERSION; }

const char* NameOf(ClipOutcome::Status status) {
  switch (status) {
    case ClipOutcome::Status::kDone:
      return "done";
    case ClipOutcome::Status::kAlreadyDone:
      return "already_done";
    case ClipOutcome::Status::kRejected:
      return "rejected";
    case ClipOutcome::Status::kFailed:
      return "failed";
  }
  return "unknown";
}

}  // namespace foothold
