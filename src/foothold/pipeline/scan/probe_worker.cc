// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/scan/probe_worker.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "foothold/config/config_file.h"
#include "foothold/pipeline/scan/probe_row.h"

namespace foothold {
namespace {

constexpr int kFilesOfAProcess = 500;  // Decoders leak.
constexpr char kStartedByScan[] = "a probe worker is started by foothold corpus scan alone";

std::string DumpOptions(ScanOptions scan, VideoOptions video) {
  OptionSet set;
  set.Bind(&scan);
  set.Bind(&video);
  return set.Dump();
}

void ReadOptions(const std::string& text, ScanOptions* scan, VideoOptions* video) {
  OptionSet set;
  set.Bind(scan);
  set.Bind(video);
  for (const OptionAssignment& assignment : ParseConfigText(text, "scan")) {
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

void ProbeChild::Start() {
  child_ = std::make_unique<ChildProcess>(command_);
  num_probed_ = 0;
  std::string answer;
  if (Ask(options_text_, &answer) == MessageSocket::Result::kMessage && answer == "ready") return;
  child_->Kill();
  throw Error(ErrorKind::kContract, "the probe worker " + command_[0] + " does not start: " + EndOfChild());
}

// The next message that is no sign of life.
MessageSocket::Result ProbeChild::Ask(const std::string& question, std::string* answer) {
  MessageSocket& socket = child_->socket();
  if (!socket.Send(question)) return MessageSocket::Result::kClosed;
  for (;;) {
    const MessageSocket::Result result = socket.Receive(timeout_s_, answer);
    if (result != MessageSocket::Result::kMessage || *answer != ".") return result;
  }
}

// Of a process that closed its socket: "signal 11 (Segmentation fault)".
std::string ProbeChild::EndOfChild() {
  const std::string end = child_->Wait().Describe();
  child_.reset();
  return end;
}

void ProbeChild::Probe(ManifestRow* row) {
  if (num_probed_ >= kFilesOfAProcess) child_.reset();
  if (child_ == nullptr) Start();
  ++num_probed_;
  std::string answer;
  const MessageSocket::Result result = Ask(FormatManifestRow(*row), &answer);
  if (result == MessageSocket::Result::kMessage) {
    *row = ParseManifestRow(answer, "probe worker");
    return;
  }
  const std::string again = "; foothold inspect " + row->unit.path + " shows it alone";
  row->unit.cost_s = 0;
  if (result == MessageSocket::Result::kTimeout) {
    child_.reset();
    row->unit.rejected_reason = "probe_timeout";
    row->unit.rejected_message =
        "the decoder stood still for " + std::to_string(timeout_s_) + " s (scan.file_timeout_s)" + again;
  } else {
    row->unit.rejected_reason = "decoder_crash";
    row->unit.rejected_message = "the process that looked at the file ended with " + EndOfChild() + again;
  }
}

ExitCode RunProbeWorker() {
  DieWithParent();
  dup2(STDERR_FILENO, STDOUT_FILENO);  // What libraries print is no output of the scan's.
  MessageSocket socket(ChildProcess::kChildSocket);
  const auto say = [&](const std::string& message) {
    if (!socket.Send(message)) throw Error(ErrorKind::kInterrupted, "the scan is gone");
  };
  std::string message;
  const auto next = [&] { return socket.Receive(0, &message) == MessageSocket::Result::kMessage; };
  if (!next()) throw Error(ErrorKind::kUsage, kStartedByScan);
  ScanOptions scan;
  VideoOptions video;
  ReadOptions(message, &scan, &video);
  LimitMemory(scan.worker_memory_mb);
  say("ready");
  RowProber prober(scan, video);
  while (next()) {
    ManifestRow row = ParseManifestRow(message, "scan");
    prober.Probe(&row, [&] { say("."); });
    say(FormatManifestRow(row));
  }
  return ExitCode::kOk;
}

}  // namespace foothold
