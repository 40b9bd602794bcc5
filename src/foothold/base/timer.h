// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <string>

namespace foothold {

// Seconds since construction.
class Timer {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Wall seconds per named phase, for the timing sidecar; never part of a label.
class PhaseTimes {
 public:
  void Add(const std::string& phase, double seconds) { seconds_[phase] += seconds; }
  const std::map<std::string, double>& seconds() const { return seconds_; }

  // Adds the time until destruction to `phase`.
  class Scope {
   public:
    Scope(PhaseTimes* times, std::string phase) : times_(times), phase_(std::move(phase)) {}
    ~Scope() {
      if (times_ != nullptr) times_->Add(phase_, timer_.Seconds());
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    PhaseTimes* times_;
    std::string phase_;
    Timer timer_;
  };

 private:
  std::map<std::string, double> seconds_;
};

}  // namespace foothold
