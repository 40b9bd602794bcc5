// SPDX-License-Identifier: Apache-2.0
#include "jobs/label_runs.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "foothold/base/hash.h"
#include "labels/label.h"

namespace foothold {

namespace fs = std::filesystem;

ProgramResult RunLabelling(const std::string& corpus,
                           const std::string& output,
                           int ranks,
                           int threads,
                           const std::vector<std::string>& options) {
  std::vector<std::string> arguments = {FOOTHOLD_LABEL_CORPUS,
                                        "--corpus",
                                        corpus,
                                        "--output",
                                        output,
                                        "--run.threads",
                                        std::to_string(threads)};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return RunProgram(arguments, ranks);
}

std::map<std::string, std::string> LabelHashes(const std::string& output) {
  std::map<std::string, std::string> hashes;
  for (const auto& entry : fs::recursive_directory_iterator(output + "/labels")) {
    if (entry.path().extension() == ".h5") {
      hashes[entry.path().lexically_relative(output).string()] = HashFile(entry.path().string());
    }
  }
  return hashes;
}

void ExpectSameLabels(const std::string& corpus,
                      const std::vector<std::string>& options,
                      const std::vector<RanksAndThreads>& runs,
                      size_t num_labels,
                      const std::string& folder) {
  std::map<std::string, std::string> expected;
  for (const auto& [ranks, threads] : runs) {
    const std::string output = folder + "/out" + std::to_string(ranks) + "-" + std::to_string(threads);
    const ProgramResult result = RunLabelling(corpus, output, ranks, threads, options);
    ASSERT_EQ(result.exit_code, 0) << result.output;
    const auto hashes = LabelHashes(output);
    EXPECT_EQ(hashes.size(), num_labels) << result.output;
    if (expected.empty()) {
      expected = hashes;
      for (const auto& [path, hash] : hashes) {
        EXPECT_EQ(labels::ReadLabel(output + "/" + path).kind, "label");
      }
    }
    EXPECT_EQ(hashes, expected) << ranks << " ranks, " << threads << " threads";
  }
}

}  // namespace foothold
