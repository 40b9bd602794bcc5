// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/pipeline/label_video.h"

namespace foothold {

labels::Provenance MakeProvenance(const BodyModel& body, const LabelOptions& options);

// Sets status, reason and message when a label at outcome->label_path decides the outcome; returns
// whether it does.
bool SettledByExistingLabel(const Clip& clip,
                            const labels::Provenance& provenance,
                            bool overwrite,
                            ClipOutcome* outcome);

// Writes the label under its name; with `overwrite` replaces what is there.
void CommitLabel(const labels::Label& label, const std::string& path, bool overwrite);

}  // namespace foothold
