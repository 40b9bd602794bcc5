// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/scene/clip.h"
#include "foothold/scene/quality.h"
#include "foothold/scene/reconstruction.h"
#include "foothold/solver/summary.h"

namespace foothold::labels {

// Where a label came from: enough to make it again.
struct Provenance {
  std::string program;     // "foothold 0.1.0".
  std::string perception;  // Observations::source.
  std::string options;     // Resolved options that affect labels, as a config file.
  std::string body_model_hash;
};

// One label file. Synthetic truth is stored in the same form, with kind "truth".
struct Label {
  std::string kind = "label";  // label, truth
  Clip clip;
  Reconstruction reconstruction;
  SolverSummary summary;
  Quality quality;
  Provenance provenance;
};

// Writes `label` as HDF5 (docs/label_schema.md) through a temporary file and a link; returns false when
// `path` exists already and leaves it alone. Throws Error(kStorage). Equal labels give equal bytes.
bool WriteLabel(const Label& label, const std::string& path);

// Verifies the checksum before HDF5 parses anything. Throws Error(kBadInput).
Label ReadLabel(const std::string& path);

}  // namespace foothold::labels
