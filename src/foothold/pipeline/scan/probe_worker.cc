// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/scan/probe_worker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "foothold/config/config_file.h"
#include "foothold/pipeline/scan/probe_row.h"

namespace foothold {
namespace {

constexpr int kFilesOfAProcess = 500;  // Decoders leak.

std::string DumpOptions(ScanOptions scan, VideoOptions video) {
  OptionSet set;
  set.Bind(&scan);
  set.Bind(&video);
  return nlohmann::json(set.Dump()).dump();
}

void ReadOptions(const std::string& line, ScanOptions* scan, VideoOptions* video) {
  OptionSet set;
  set.Bind(scan);
  set.Bind(video);
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_string())
    throw Error(ErrorKind::kUsage, "a probe worker is started by foothold corpus scan alone");
  for (const OptionAssignment& assignment : ParseConfigText(json.get<std::string>(), "scan")) {
    set.Assign(assignment.key, assignment.text, assignment.origin);
  }
}

void LimitMemory(int megabytes) {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (megabytes <= 0) return;
  const rlim_t bytes = static_cast<rlim_t>(megabytes) << 20;
  const rlimit limit{bytes, bytes};
  setrlimit(RLIMIT_DATA, &limit);  // What is written to; the many threads of a decoder reserve much more.
}

}  // namespace

ProbeChild::ProbeChild(std::vector<std::string> command, const ScanOptions& scan, const VideoOptions& video)
    : command_(std::move(command)),
      options_text_(DumpOptions(scan, video)),
      timeout_s_(scan.file_timeout_s) {}

ProbeChild::~ProbeChild() { Stop(); }

void ProbeChild::Start() {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
    throw Error(ErrorKind::kContract, std::string("no socket for a probe worker: ") + std::strerror(errno));
  }
  std::vector<char*> arguments;
  for (std::string& word : command_) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {  // Nothing but calls that are safe here.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(sockets[1], 0) < 0 || dup2(sockets[1], 1) < 0) _exit(126);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(sockets[1]);
  socket_ = sockets[0];
  buffer_.clear();
  num_probed_ = 0;
  std::string line;
  if (pid_ < 0 || !Send(options_text_) || Receive(&line) != Answer::kLine || line != "ready") {
    const std::string end = pid_ < 0 ? "fork failed" : EndOfChild();
    throw Error(ErrorKind::kContract, "the probe worker " + command_[0] + " does not start: " + end);
  }
}

void ProbeChild::Stop() {
  if (socket_ >= 0) close(std::exchange(socket_, -1));
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(std::exchange(pid_, -1), nullptr, 0);
}

bool ProbeChild::Send(const std::string& line) {
  const std::string text = line + "\n";
  for (size_t sent = 0; sent < text.size();) {
    const ssize_t count = send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    sent += static_cast<size_t>(count);
  }
  return true;
}

// The next line that is no sign of life.
ProbeChild::Answer ProbeChild::Receive(std::string* line) {
  for (;;) {
    const size_t end = buffer_.find('\n');
    if (end != std::string::npos) {
      *line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      if (*line != ".") return Answer::kLine;
      continue;
    }
    pollfd wait{socket_, POLLIN, 0};
    const int ready = poll(&wait, 1, static_cast<int>(std::min(2e9, std::ceil(1000 * timeout_s_))));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return Answer::kTimeout;
    char bytes[4096];
    const ssize_t count = recv(socket_, bytes, sizeof bytes, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Answer::kClosed;
    buffer_.append(bytes, static_cast<size_t>(count));
  }
}

// Of a process that closed its socket: "signal 11 (Segmentation fault)".
std::string ProbeChild::EndOfChild() {
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  close(std::exchange(socket_, -1));
  if (!WIFSIGNALED(status)) return "exit code " + std::to_string(WEXITSTATUS(status));
  return "signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) + ")";
}

void ProbeChild::Probe(ManifestRow* row) {
  if (num_probed_ >= kFilesOfAProcess) Stop();
  if (pid_ < 0) Start();
  ++num_probed_;
  std::string line;
  const Answer answer = Send(FormatManifestRow(*row)) ? Receive(&line) : Answer::kClosed;
  if (answer == Answer::kLine) {
    *row = ParseManifestRow(line, "probe worker");
    return;
  }
  const std::string again = "; foothold inspect " + row->unit.path + " shows it alone";
  row->unit.cost_s = 0;
  if (answer == Answer::kTimeout) {
    Stop();
    row->unit.rejected_reason = "probe_timeout";
    row->unit.rejected_message =
        "the decoder stood still for " + std::to_string(timeout_s_) + " s (scan.file_timeout_s)" + again;
  } else {
    row->unit.rejected_reason = "decoder_crash";
    row->unit.rejected_message = "the process that looked at the file ended with " + EndOfChild() + again;
  }
}

ExitCode RunProbeWorker() {
  // Whatever libraries print goes to the log, not between our lines.
  const int output = fcntl(1, F_DUPFD_CLOEXEC, 3);
  dup2(2, 1);
  const auto say = [&](const std::string& line) {
    const std::string text = line + "\n";
    if (write(output, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      throw Error(ErrorKind::kInterrupted, "the scan is gone");
  };
  ScanOptions scan;
  VideoOptions video;
  std::string line;
  std::getline(std::cin, line);
  ReadOptions(line, &scan, &video);
  LimitMemory(scan.worker_memory_mb);
  say("ready");
  RowProber prober(scan, video);
  while (std::getline(std::cin, line)) {
    ManifestRow row = ParseManifestRow(line, "scan");
    prober.Probe(&row, [&] { say("."); });
    say(FormatManifestRow(row));
  }
  return ExitCode::kOk;
}

}  // namespace foothold
