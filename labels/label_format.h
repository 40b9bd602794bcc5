// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "labels/hdf5.h"
#include "labels/label.h"
#include "labels/signed_file.h"

namespace foothold::labels {

// Inside of label.h and validator.h, for tests and fuzzing.
//
// A new schema version: raise `version`, let UnpackLabel read all versions from 1, add the section to
// docs/label_schema.md, and add a golden file (tests/labels/golden/README.md).
inline const FileFormat kLabelFormat = {"foothold-label", 2};

Hdf5Writer& PackLabel(const Label& label, Hdf5Writer* writer);

// Structure only: names, types, shapes. Throws Error(kBadInput).
Label UnpackLabel(const Hdf5Reader& reader);

// Values: every broken rule of docs/label_schema.md, one line each; empty when all is well.
std::vector<std::string> ProblemsOf(const Label& label);

}  // namespace foothold::labels
