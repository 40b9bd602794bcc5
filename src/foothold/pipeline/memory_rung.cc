// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/memory_rung.h"

#include <algorithm>

#include "foothold/pipeline/label_video.h"

namespace foothold {
namespace {

// The least that the options allow is below what people can be seen in.
constexpr int kLeastAnalysis_px = 480;
constexpr int kLeastWorking_px = 256;

int Reduced(int long_edge_px, double share, int least_px) {
  return std::min(long_edge_px, std::max(least_px, static_cast<int>(share * long_edge_px) / 16 * 16));
}

}  // namespace

MemoryRung StepDown(int rung, LabelOptions* options) {
  MemoryRung out;
  if (rung >= 1) {
    options->run.threads = 1;
    options->josh.match_memory_mb = 0;
  }
  if (rung < 2) return out;
  const double share = rung == 2 ? 2.0 / 3 : 0.5;
  int& analysis_px = options->classical.frames.analysis_long_edge_px;
  int& working_px = options->video.working_long_edge_px;
  analysis_px = Reduced(analysis_px, share, kLeastAnalysis_px);
  working_px = Reduced(working_px, share, kLeastWorking_px);
  out.flags = {"memory_reduced"};
  out.note = "memory rung " + std::to_string(rung) + ": analysis_long_edge_px " +
             std::to_string(analysis_px) + ", working_long_edge_px " + std::to_string(working_px);
  return out;
}

}  // namespace foothold
