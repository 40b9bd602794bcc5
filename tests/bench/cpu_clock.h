// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>

#include "foothold/base/timer.h"

namespace foothold {

// Wall and CPU seconds since construction. CPU time, of all threads of the process, is what a machine
// with other work on it can measure.
class CpuClock {
 public:
  double WallSeconds() const { return wall_.Seconds(); }
  double CpuSeconds() const { return Now() - start_; }

 private:
  static double Now() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  }
  Timer wall_;
  double start_ = Now();
};

}  // namespace foothold
