// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace foothold {

// Touches a file every `interval_s` from a thread of its own until destruction.
class Heartbeat {
 public:
  Heartbeat(std::string path, double interval_s);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

 private:
  void Run();

  std::string path_;
  double interval_s_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

// Who holds a claim, as text in the claim file.
std::string DescribeThisProcess(const std::string& process_name);
// True when the text of a claim names a process of this machine (same boot, same process namespace)
// that no longer exists: no need to wait for its lease.
bool IsDeadNeighbour(const std::string& description);

}  // namespace foothold
