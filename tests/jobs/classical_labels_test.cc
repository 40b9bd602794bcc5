// SPDX-License-Identifier: Apache-2.0
// The whole classical path, from pixels to labels, gives the same bytes for any ranks and threads.
#include <gtest/gtest.h>

#include <cstdlib>

#include "foothold/pipeline/synthetic_dataset.h"
#include "jobs/label_runs.h"
#include "labels/body_file.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

// One clip of one person and one of two, in which the detector finds them.
void RenderClips(const SyntheticOptions& options, const std::string& folder) {
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  SyntheticDataset dataset;
  dataset.dir = folder;
  dataset.options = options;
  dataset.seed = 5;
  dataset.options.num_people = 1;
  WriteSyntheticDataset(dataset, body, 2);
  dataset.seed = 1;
  dataset.options.num_people = 2;
  WriteSyntheticDataset(dataset, body, 2);
}

const std::vector<RanksAndThreads> kRuns = {{1, 1}, {1, 2}, {2, 1}, {2, 2}, {3, 1}, {3, 2}};

TEST(ClassicalLabels, SameBytesForAnyRanksAndThreads) {
  const TemporaryFolder folder;
  SyntheticOptions small;
  small.num_frames = 24;
  small.width = 320;
  small.height = 240;
  small.match_stride_px = 16;  // Of the exact observations, which nobody reads here.
  RenderClips(small, folder.File("videos"));
  ExpectSameLabels(folder.File("videos"),
                   {"--perception.name", "classical", "--classical_people.detection_long_edge_px", "640"},
                   kRuns,
                   2,
                   folder.path());
}

TEST(ClassicalLabels, SameBytesAtFullSize) {
  if (std::getenv("FOOTHOLD_TEST_ALL") == nullptr) GTEST_SKIP() << "SKIPPED: set FOOTHOLD_TEST_ALL=1 for it";
  const TemporaryFolder folder;
  RenderClips(SyntheticOptions(), folder.File("videos"));
  ExpectSameLabels(folder.File("videos"), {"--perception.name", "classical"}, kRuns, 2, folder.path());
}

}  // namespace
}  // namespace foothold
