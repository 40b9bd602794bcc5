// SPDX-License-Identifier: Apache-2.0
#include "jobs/drain_deadline.h"

#include <chrono>
#include <cstdlib>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/base/log.h"
#include "jobs/drain.h"

namespace foothold {

DrainDeadline::DrainDeadline(double seconds, std::function<void()> give_back)
    : thread_([seconds, give_back = std::move(give_back)](const std::stop_token& stop) {
        constexpr double kStep_s = 0.1;
        for (double drained_s = 0; drained_s < seconds; drained_s += DrainRequested() ? kStep_s : 0) {
          std::this_thread::sleep_for(std::chrono::duration<double>(kStep_s));
          if (stop.stop_requested()) return;
        }
        LogWarning("drained with work unfinished; what it kept is gone on with later");
        give_back();
        std::_Exit(static_cast<int>(ExitCode::kInterrupted));
      }) {}

}  // namespace foothold
