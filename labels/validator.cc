// SPDX-License-Identifier: Apache-2.0
#include "labels/validator.h"

#include "foothold/base/error.h"
#include "labels/label_format.h"
#include "labels/signed_file.h"

namespace foothold::labels {

ValidationReport ValidateLabel(const std::string& path) {
  ValidationReport report{path, {}};
  try {
    report.problems = ProblemsOf(UnpackLabel(OpenSigned(kLabelFormat, path)));
  } catch (const Error& error) {
    report.problems.push_back(error.what());
  }
  return report;
}

}  // namespace foothold::labels
