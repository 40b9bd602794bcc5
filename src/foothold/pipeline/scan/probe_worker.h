// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/corpus/manifest_row.h"
#include "foothold/pipeline/scan/scan_options.h"
#include "foothold/video/video.h"

namespace foothold {

// Looks at files in a process of its own, so that a decoder that crashes, hangs or eats memory costs one
// file its verdict and nothing else. The two sides talk in lines over a socket: options there, "ready" back;
// then a manifest row there, any number of "." as signs of life back, and the row as it is known now.
class ProbeChild {
 public:
  // `command` runs RunProbeWorker on its standard input.
  ProbeChild(std::vector<std::string> command, const ScanOptions& scan, const VideoOptions& video);
  ~ProbeChild();
  ProbeChild(const ProbeChild&) = delete;
  ProbeChild& operator=(const ProbeChild&) = delete;

  // Fills in the row; a process that dies or stands still becomes the reason decoder_crash or probe_timeout.
  // Throws Error(kContract) when no process can be started.
  void Probe(ManifestRow* row);

 private:
  enum class Answer { kLine, kClosed, kTimeout };
  void Start();
  void Stop();
  bool Send(const std::string& line);
  Answer Receive(std::string* line);
  std::string EndOfChild();

  std::vector<std::string> command_;
  std::string options_text_;
  double timeout_s_;
  int socket_ = -1, pid_ = -1, num_probed_ = 0;
  std::string buffer_;
};

// The other side; returns when standard input ends.
ExitCode RunProbeWorker();

}  // namespace foothold
