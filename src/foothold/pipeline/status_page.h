// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/corpus/run_sample.h"
#include "foothold/corpus/run_status.h"
#include "foothold/corpus/status_formats.h"
#include "foothold/scene/body.h"

namespace foothold {

struct StatusPageOptions {
  size_t sample = 200;  // Labels whose quality is read.
  size_t pictures = 6;  // Of the best, of the worst and of rejected clips each.
  int picture_width_px = 360;
};

// One HTML page about a run, complete in itself: counts, speed over time, reasons, nodes, and from a sample
// of the labels their quality, with pictures of the best, the worst and of rejected clips. A label or video
// that cannot be read costs only its picture.
std::string MakeStatusPage(const RunStatus& status,
                           const StatusPrice& price,
                           const RunSample& sample,
                           const BodyModel& body,
                           const StatusPageOptions& options);

}  // namespace foothold
