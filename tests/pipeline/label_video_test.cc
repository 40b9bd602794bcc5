// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/label_video.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "foothold/pipeline/synthetic_dataset.h"
#include "foothold/video/video.h"
#include "labels/body_file.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

TEST(LabelClip, LabelsSayWhatIsOddAboutTheFile) {
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  const TemporaryFolder folder;
  SyntheticDataset dataset;
  dataset.dir = folder.path();
  dataset.options.num_frames = 12;
  dataset.options.width = 160;
  dataset.options.height = 128;
  const std::string video = WriteSyntheticDataset(dataset, body, 1)[0];

  LabelOptions options;
  options.run.threads = 1;
  options.perception.name = "recorded";
  VideoProbe probe = ProbeVideo(video, options.video);
  const labels::Label whole = LabelClip(MakeClips(probe, 0, -1, options.video)[0], body, options, nullptr);
  probe.flags = {"video_truncated", "decode_errors"};
  const labels::Label odd = LabelClip(MakeClips(probe, 0, -1, options.video)[0], body, options, nullptr);

  std::vector<std::string> expected = whole.reconstruction.flags;
  EXPECT_EQ(std::count(expected.begin(), expected.end(), "video_truncated"), 0);
  expected.insert(expected.end(), probe.flags.begin(), probe.flags.end());
  EXPECT_EQ(odd.reconstruction.flags, expected);
}

}  // namespace
}  // namespace foothold
