// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <utility>

#include "foothold/base/error.h"

extern char** environ;

namespace foothold {
namespace {

constexpr size_t kLastLines = 20;
constexpr size_t kMaxLine = 500;

[[noreturn]] void ThrowNotStarted(const std::string& program, int error) {
  throw Error(ErrorKind::kContract,
              program + ": cannot be started as a process beside this one: " + std::strerror(error));
}

// Of the time left; -1: for ever.
int Milliseconds(double timeout_s, const std::chrono::steady_clock::time_point& start) {
  if (timeout_s <= 0) return -1;
  const double passed_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return static_cast<int>(std::clamp(std::ceil(1000 * (timeout_s - passed_s)), 0.0, 1e9));
}

}  // namespace

MessageSocket::~MessageSocket() { close(descriptor_); }

bool MessageSocket::Send(const std::string& message) {
  const uint64_t size = message.size();
  const std::string bytes = std::string(reinterpret_cast<const char*>(&size), sizeof(size)) + message;
  const std::lock_guard lock(send_mutex_);
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = send(descriptor_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    sent += static_cast<size_t>(count);
  }
  return true;
}

MessageSocket::Result MessageSocket::Receive(double timeout_s, std::string* message) {
  const auto start = std::chrono::steady_clock::now();
  for (;;) {
    uint64_t size = 0;
    if (received_.size() >= sizeof(size)) {
      std::memcpy(&size, received_.data(), sizeof(size));
      if (received_.size() - sizeof(size) >= size) {
        *message = received_.substr(sizeof(size), size);
        received_.erase(0, sizeof(size) + size);
        return Result::kMessage;
      }
    }
    pollfd wait{descriptor_, POLLIN, 0};
    const int ready = poll(&wait, 1, Milliseconds(timeout_s, start));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return Result::kTimeout;
    char bytes[65536];
    const ssize_t count = recv(descriptor_, bytes, sizeof(bytes), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Result::kClosed;
    received_.append(bytes, static_cast<size_t>(count));
  }
}

// posix_spawn, not fork: safe beside MPI's threads and memory.
ChildProcess::ChildProcess(const std::vector<std::string>& command) {
  int sockets[2], errors[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) ThrowNotStarted(command[0], errno);
  socket_ = std::make_unique<MessageSocket>(sockets[0]);
  if (pipe2(errors, O_CLOEXEC) != 0) {
    const int error = errno;
    close(sockets[1]);
    ThrowNotStarted(command[0], error);
  }
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // The pipe first: the socket may have any number, also 2 when stderr was closed.
  posix_spawn_file_actions_adddup2(&actions, errors[1], STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&actions, sockets[1], kChildSocket);
  const int error = posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(sockets[1]);
  close(errors[1]);
  errors_ = errors[0];
  if (error != 0) {
    close(errors_);
    pid_ = -1;
    ThrowNotStarted(command[0], error);
  }
  forwarder_ = std::thread([this] { ForwardErrors(); });
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    Kill();
    Wait();
  }
}

void ChildProcess::Kill() {
  if (pid_ > 0) kill(pid_, SIGKILL);
}

ChildProcess::End ChildProcess::Wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  forwarder_.join();  // Its stderr has ended too.
  close(errors_);
  End end;
  end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  end.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  end.last_lines.assign(lines_.begin(), lines_.end());
  return end;
}

std::string ChildProcess::End::Describe() const {
  if (signal == 0) return "exit code " + std::to_string(exit_code);
  return "signal " + std::to_string(signal) + " (" + strsignal(signal) + ")";
}

void ChildProcess::ForwardErrors() {
  std::string line;
  char bytes[4096];
  for (;;) {
    const ssize_t count = read(errors_, bytes, sizeof(bytes));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    for (ssize_t written = 0; written < count;) {
      const ssize_t more = write(STDERR_FILENO, bytes + written, static_cast<size_t>(count - written));
      if (more <= 0) break;  // Nobody reads our log; the lines are kept all the same.
      written += more;
    }
    for (ssize_t i = 0; i < count; ++i) {
      if (bytes[i] != '\n') {
        if (line.size() < kMaxLine) line += bytes[i];
        continue;
      }
      const std::lock_guard lock(lines_mutex_);
      lines_.push_back(std::exchange(line, ""));
      if (lines_.size() > kLastLines) lines_.pop_front();
    }
  }
}

void DieWithParent() {
  const pid_t parent = getppid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (parent == 1 || getppid() != parent) _exit(0);  // It died before.
  for (const int signal : {SIGTERM, SIGUSR1, SIGINT, SIGPIPE}) std::signal(signal, SIG_IGN);
  close_range(ChildProcess::kChildSocket + 1, ~0u, 0);
}

}  // namespace foothold
