// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <thread>

namespace foothold {

// Ends the process with exit code 9 when, so many seconds after a drain was asked for, it still lives:
// `give_back` is called before, from another thread than the one at work.
class DrainDeadline {
 public:
  DrainDeadline(double seconds, std::function<void()> give_back);
  DrainDeadline(const DrainDeadline&) = delete;
  DrainDeadline& operator=(const DrainDeadline&) = delete;

 private:
  std::jthread thread_;
};

}  // namespace foothold
