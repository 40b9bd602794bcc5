// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "foothold/base/log.h"

namespace foothold {
namespace {

constexpr double kTerminalInterval_s = 0.1;
constexpr double kLogInterval_s = 10;
constexpr int kBarWidth = 30;

double SecondsBetween(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

Progress::Progress(std::string title, long total_steps)
    : title_(std::move(title)),
      total_steps_(total_steps),
      is_terminal_(isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()),
      last_print_(start_) {}

Progress::~Progress() { Finish(); }

void Progress::Advance(long steps) {
  const std::lock_guard lock(mutex_);
  done_steps_ += steps;
  const auto now = std::chrono::steady_clock::now();
  if (SecondsBetween(last_print_, now) < (is_terminal_ ? kTerminalInterval_s : kLogInterval_s)) return;
  last_print_ = now;
  Print(false);
}

void Progress::Finish() {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  finished_ = true;
  // A short operation leaves no line in a batch log.
  const double seconds = SecondsBetween(start_, std::chrono::steady_clock::now());
  if (is_terminal_ || seconds >= kLogInterval_s) Print(true);
}

void Progress::Print(bool final_line) {
  const double seconds = SecondsBetween(start_, std::chrono::steady_clock::now());
  const double fraction =
      total_steps_ > 0
          ? std::clamp(static_cast<double>(done_steps_) / static_cast<double>(total_steps_), 0.0, 1.0)
          : 1.0;
  char text[96];
  std::snprintf(
      text, sizeof(text), "%ld/%ld %3.0f %% %.0f s", done_steps_, total_steps_, 100 * fraction, seconds);
  if (!is_terminal_) {
    LogInfo(title_ + ": " + text);
    return;
  }
  const int filled = static_cast<int>(fraction * kBarWidth);
  const std::string bar = std::string(filled, '#') + std::string(kBarWidth - filled, '.');
  std::fprintf(stderr, "\r%s [%s] %s\x1b[K%s", title_.c_str(), bar.c_str(), text, final_line ? "\n" : "");
  std::fflush(stderr);
}

}  // namespace foothold
