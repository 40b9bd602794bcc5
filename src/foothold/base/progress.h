// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <mutex>
#include <string>

namespace foothold {

// Progress of one long operation: a bar that redraws itself on a terminal, otherwise a log line at
// most every 10 s, so that batch logs stay short. Advance may be called from several threads.
class Progress {
 public:
  Progress(std::string title, long total_steps);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Advance(long steps = 1);
  void Finish();

 private:
  void Print(bool final_line);

  std::mutex mutex_;
  std::string title_;
  long total_steps_;
  long done_steps_ = 0;
  bool is_terminal_;
  bool finished_ = false;
  std::chrono::steady_clock::time_point start_, last_print_;
};

}  // namespace foothold
