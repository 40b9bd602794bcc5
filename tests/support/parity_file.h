// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "labels/hdf5.h"

namespace foothold {

// Files of reference values: FOOTHOLD_PARITY_DIR, else shared/data/parity beside the source tree.
std::string ParityPath(const std::string& name);
bool HasParityFile(const std::string& name);
// Names of the files "<prefix>*.h5" in that folder, ascending.
std::vector<std::string> ParityFilesLike(const std::string& prefix);

// Skips the test, loudly, where the reference files are absent. They may be replaced by others with
// the same groups, so tests read every size and every case name from the file.
#define FOOTHOLD_REQUIRE_PARITY(name)                                                          \
  do {                                                                                         \
    if (!::foothold::HasParityFile(name)) {                                                    \
      GTEST_SKIP() << "PARITY NOT CHECKED: " << ::foothold::ParityPath(name)                   \
                   << " is absent; set FOOTHOLD_PARITY_DIR to the folder of reference values"; \
    }                                                                                          \
  } while (false)

class ParityFile {
 public:
  explicit ParityFile(const std::string& name) : reader_(ParityPath(name)) {}

  bool Has(const std::string& path) const { return reader_.Has(path); }
  std::vector<std::string> Names(const std::string& group) const { return reader_.Names(group); }
  bool IsGroup(const std::string& path) const { return reader_.IsGroup(path); }
  std::vector<size_t> Shape(const std::string& path) const { return reader_.Shape(path); }
  int Side(const std::string& path, size_t axis) const { return static_cast<int>(Shape(path).at(axis)); }
  // Row-major values of any numeric dataset.
  std::vector<double> Doubles(const std::string& path) const { return reader_.Read<double>(path); }
  std::vector<float> Floats(const std::string& path) const { return reader_.Read<float>(path); }
  std::vector<int> Ints(const std::string& path) const { return reader_.Read<int32_t>(path); }
  double Double(const std::string& path) const { return reader_.ReadScalar<double>(path); }
  int Int(const std::string& path) const { return reader_.ReadScalar<int32_t>(path); }
  // Of a dataset or group ("/": the root).
  bool HasAttribute(const std::string& object, const std::string& name) const {
    return reader_.HasAttribute(object, name);
  }
  double Attribute(const std::string& object, const std::string& name) const {
    return reader_.ReadNumberAttribute(object, name).at(0);
  }

  // max(10 float32_error, relative x largest finite |value|) of a dataset: how far an exact
  // implementation may be from values that were computed in float32.
  double Tolerance(const std::string& path, double relative = 1e-5) const;

 private:
  labels::Hdf5Reader reader_;
};

// The dataset equals `actual` within Tolerance (floats), or exactly (integers). A value that is not
// finite must be so in both.
testing::AssertionResult MatchesParity(const ParityFile& file,
                                       const std::string& path,
                                       const std::vector<double>& actual);
testing::AssertionResult MatchesParity(const ParityFile& file,
                                       const std::string& path,
                                       const std::vector<int>& actual);

}  // namespace foothold
