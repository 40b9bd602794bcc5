// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace foothold {

// Whole messages over a socket, in both directions.
class MessageSocket {
 public:
  explicit MessageSocket(int descriptor) : descriptor_(descriptor) {}
  ~MessageSocket();
  MessageSocket(const MessageSocket&) = delete;
  MessageSocket& operator=(const MessageSocket&) = delete;

  // False when the other side is gone. May be called from several threads.
  bool Send(const std::string& message);
  enum class Result { kMessage, kClosed, kTimeout };
  // `timeout_s` 0: waits for ever.
  Result Receive(double timeout_s, std::string* message);

 private:
  int descriptor_;
  std::mutex send_mutex_;
  std::string received_;
};

// A program that this process starts and exchanges messages with (the child's end is kChildSocket). What it
// writes to stderr goes to ours, and its last lines are kept. It does not outlive this process if it calls
// DieWithParent.
class ChildProcess {
 public:
  static constexpr int kChildSocket = 3;

  // Throws Error(kContract) when the program cannot be started.
  explicit ChildProcess(const std::vector<std::string>& command);
  ~ChildProcess();  // Kills it.
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  MessageSocket& socket() { return *socket_; }
  pid_t pid() const { return pid_; }

  // How it ended: by itself, or by Kill.
  struct End {
    int signal = 0;  // 0: it exited.
    int exit_code = 0;
    std::vector<std::string> last_lines;  // Of its stderr, oldest first.
    std::string Describe() const;         // "signal 11 (Segmentation fault)", "exit code 3".
  };
  // Waits for the end.
  End Wait();
  void Kill();

 private:
  void ForwardErrors();

  pid_t pid_ = -1;
  std::unique_ptr<MessageSocket> socket_;
  int errors_ = -1;  // Our end of its stderr.
  std::thread forwarder_;
  std::mutex lines_mutex_;
  std::deque<std::string> lines_;
};

// In a child: a kill signal follows when the parent dies, and signals meant for the parent (drains, Ctrl-C)
// are ignored. Closes descriptors above kChildSocket, which belong to the parent's libraries.
void DieWithParent();

}  // namespace foothold
