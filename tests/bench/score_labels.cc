// SPDX-License-Identifier: Apache-2.0
// W-MPJPE of labels of synthetic clips, people matched by their id. `foothold evaluate` matches people by
// where they are in the picture, and does not find those that an untrained student put somewhere else.
//   build/bin/score_labels LABELS TRUTHS
// Prints "file w_mpjpe_mm" for every label; TRUTHS is the folder of synth's *.truth.h5.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "labels/body_file.h"
#include "labels/label.h"
#include "support/synthetic_scores.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

void Run(const std::string& folder, const std::string& truths) {
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".h5") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) {
    const labels::Label label = labels::ReadLabel(path.string());
    const labels::Label truth = labels::ReadLabel(truths + "/" + path.stem().string() + ".truth.h5");
    const SyntheticScores scores = ScoreReconstruction(label.reconstruction, truth.reconstruction, body);
    std::printf("%s %.6g\n", path.filename().c_str(), scores.w_mpjpe_mm);
  }
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: score_labels LABELS TRUTHS\n");
    return 2;
  }
  try {
    foothold::Run(argv[1], argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
