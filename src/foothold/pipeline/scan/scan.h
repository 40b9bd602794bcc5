// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "foothold/pipeline/scan/scan_options.h"
#include "foothold/video/video.h"

namespace foothold {

struct ScanRequest {
  std::vector<std::string> sources;  // ReadSources.
  std::string manifest_path;
  bool replace = false;  // A manifest that is there already.
  ScanOptions scan;
  VideoOptions video;
  int threads = 1;
  std::vector<std::string> worker_command;  // Runs RunProbeWorker.
};

struct ScanSummary {
  int num_videos = 0, num_units = 0, num_long = 0;
  int num_known = 0;                    // Taken from an interrupted scan.
  std::map<std::string, int> rejected;  // Videos by reason.
};

// Lists the sources, looks at every file in processes beside this one, and writes the manifest. No file ends
// it: each gets a verdict. What is known is kept in <manifest>.journal until the manifest is there, so that
// an interrupted scan continues. Throws Error(kBadInput) for sources that cannot be listed, Error(kUsage)
// when there is a manifest already, Error(kStorage).
ScanSummary ScanCorpus(const ScanRequest& request);

}  // namespace foothold
