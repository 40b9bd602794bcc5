// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "foothold/base/child_process.h"
#include "foothold/base/error.h"
#include "foothold/corpus/manifest_row.h"
#include "foothold/pipeline/scan/scan_options.h"
#include "foothold/video/video.h"

namespace foothold {

// Looks at files in a process of its own, so that a decoder that crashes, hangs or eats memory costs one
// file its verdict and nothing else. Messages: options there, "ready" back; then a manifest row there, any
// number of "." as signs of life back, and the row as it is known now.
class ProbeChild {
 public:
  // `command` runs RunProbeWorker.
  ProbeChild(std::vector<std::string> command, const ScanOptions& scan, const VideoOptions& video);

  // Fills in the row; a process that dies or stands still becomes the reason decoder_crash or probe_timeout.
  // Throws Error(kContract) when no process can be started.
  void Probe(ManifestRow* row);

 private:
  void Start();
  MessageSocket::Result Ask(const std::string& question, std::string* answer);
  std::string EndOfChild();

  std::vector<std::string> command_;
  std::string options_text_;
  double timeout_s_;
  std::unique_ptr<ChildProcess> child_;
  int num_probed_ = 0;
};

// The other side; returns when the scan is gone.
ExitCode RunProbeWorker();

}  // namespace foothold
