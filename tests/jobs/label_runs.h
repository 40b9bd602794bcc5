// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "jobs/run_program.h"

namespace foothold {

// The true label_corpus on a folder of clips.
ProgramResult RunLabelling(const std::string& corpus,
                           const std::string& output,
                           int ranks,
                           int threads,
                           const std::vector<std::string>& options);

// Hash of each label file, by its path under the output folder.
std::map<std::string, std::string> LabelHashes(const std::string& output);

struct RanksAndThreads {
  int ranks, threads;
};

// Labels the corpus once for each entry of `runs`, in folders out<ranks>-<threads> under `folder`, and
// expects the same bytes of `num_labels` valid labels every time.
void ExpectSameLabels(const std::string& corpus,
                      const std::vector<std::string>& options,
                      const std::vector<RanksAndThreads>& runs,
                      size_t num_labels,
                      const std::string& folder);

}  // namespace foothold
