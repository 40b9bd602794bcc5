// SPDX-License-Identifier: Apache-2.0
// Files of every schema version ever released must keep reading to the same values. golden/README.md
// says how to add one.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "labels/equality.h"
#include "labels/label.h"
#include "labels/label_format.h"
#include "labels/observation_file.h"
#include "labels/observation_format.h"
#include "labels/sample_data.h"
#include "labels/temporary_folder.h"

namespace foothold::labels {
namespace {

std::string GoldenPath(const std::string& kind, int version) {
  return std::string(FOOTHOLD_SOURCE_DIR) + "/tests/labels/golden/" + kind + "_v" + std::to_string(version) +
         ".h5";
}

bool MayWrite() { return std::getenv("FOOTHOLD_WRITE_GOLDEN") != nullptr; }

// What version `version` could hold of today's sample.
Label SampleOfVersion(int version) {
  Label label = SampleLabel();
  if (version < 2) label.quality = Quality();
  return label;
}
Observations ObservationsOfVersion(int) { return SampleObservations(); }

TEST(Golden, LabelsOfEveryVersionRead) {
  for (int version = 1; version <= kLabelFormat.version; ++version) {
    const std::string path = GoldenPath("label", version);
    if (MayWrite() && version == kLabelFormat.version) WriteLabel(SampleLabel(), path);  // Never replaces.
    ASSERT_TRUE(std::filesystem::exists(path)) << path;
    EXPECT_LT(std::filesystem::file_size(path), 100'000u);
    ExpectSameLabel(ReadLabel(path), SampleOfVersion(version));
  }
}

TEST(Golden, ObservationsOfEveryVersionRead) {
  for (int version = 1; version <= kObservationFormat.version; ++version) {
    const std::string path = GoldenPath("observations", version);
    if (MayWrite() && version == kObservationFormat.version) WriteObservations(SampleObservations(), path);
    ASSERT_TRUE(std::filesystem::exists(path)) << path;
    EXPECT_LT(std::filesystem::file_size(path), 100'000u);
    ExpectSameObservations(ReadObservations(path), ObservationsOfVersion(version));
  }
}

}  // namespace
}  // namespace foothold::labels
