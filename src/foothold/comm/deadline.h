// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "foothold/base/error.h"
#include "foothold/base/timer.h"

namespace foothold {

// Calls `done` until it is true, with pauses that leave the core to others. Error(kNetwork) after
// `timeout_s` seconds.
template <class Done>
void WaitUntil(const Done& done, double timeout_s, const std::string& what) {
  const Timer timer;
  auto pause = std::chrono::microseconds(20);
  while (!done()) {
    if (timer.Seconds() > timeout_s) {
      char seconds[32];
      std::snprintf(seconds, sizeof(seconds), "%g", timeout_s);
      throw Error(ErrorKind::kNetwork,
                  what + " was not done after " + seconds +
                      " s: a rank is dead, hung or far behind; see the other ranks' logs, run again to go on "
                      "from the last checkpoint (train.collective_timeout_s is the limit)")
          .WithReason("collective_timeout");
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(1000));
  }
}

}  // namespace foothold
