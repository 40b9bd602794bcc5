// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace foothold {

// Calls `beat` every `interval_s` from a thread of its own until destruction.
class Heartbeat {
 public:
  Heartbeat(double interval_s, std::function<void()> beat);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

 private:
  void Run();

  double interval_s_;
  std::function<void()> beat_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

std::string HostName();
// Who holds a claim, as the first line of the claim file.
std::string DescribeThisProcess(const std::string& process_name);

enum class Holder {
  kUnknown,    // Not yet written, or damaged.
  kElsewhere,  // Another machine, or another process namespace: only its lease tells.
  kAlive,
  kDead,  // A process of this boot of this machine that is no more: no need to wait for its lease.
};
Holder HolderOf(std::string_view claim_text);

}  // namespace foothold
