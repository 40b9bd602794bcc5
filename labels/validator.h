// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace foothold::labels {

struct ValidationReport {
  std::string path;
  std::vector<std::string> problems;  // Empty: valid. Each names the dataset and what is wrong.
};

// Structure, version, ranges, finite values, orthonormal rotations, checksums. Never throws for a bad
// file: the report says it.
ValidationReport ValidateLabel(const std::string& path);

}  // namespace foothold::labels
