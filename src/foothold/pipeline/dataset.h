// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/corpus/run_status.h"
#include "foothold/pipeline/label_score.h"

namespace foothold {

// One label of a dataset; a row of its index.csv.
struct DatasetEntry {
  std::string path;     // Below <dataset>/labels.
  std::string unit_id;  // Of the run it comes from.
  size_t run = 0;       // Which of the merged runs.
  std::string clip_id, video_path;
  int first_frame = 0, num_frames = 0, num_people = 0;
  double duration_s = 0;
  LabelScore score;
  std::vector<std::string> flags;
  int64_t bytes = 0;
  std::string xxh3;  // XXH3-128 of the label file.
};

struct Dataset {
  std::vector<std::string> runs;
  std::vector<RunStatus> statuses;    // One per run.
  std::vector<std::string> settings;  // Distinct options of the runs, as config files; usually one.
  std::vector<DatasetEntry> entries;  // By path.
  struct Duplicate {
    std::string path, run, kept;  // The same clip is in the dataset as `kept`.
  };
  std::vector<Duplicate> duplicates;
  std::vector<std::string> problems;  // Labels that are missing or damaged, and so are left out.
};

struct MergeOptions {
  std::string output;
  bool copy = false;                // Instead of hard links, which need one file system.
  bool different_settings = false;  // Merge runs whose labels were made with other options.
  std::string name, licence;        // For the data card.
};

// Makes the labels of finished units of several runs one dataset:
//
//   <output>/labels/...     the label files; every one is read and checked before it is taken
//   <output>/index.csv      a row per label
//   <output>/settings.conf  what the labels were made with
//   <output>/DATASET.md     the data card
//
// A clip (by the content of its video and its frame range) is taken once, from the run named first. The same
// call again adds what is new. Throws Error(kUsage) for runs of different settings, naming the lines that
// differ, and Error(kStorage).
Dataset MergeRuns(const std::vector<std::string>& runs, const MergeOptions& options);

std::string DatasetIndex(const Dataset& dataset);  // CSV.
std::string DatasetCard(const Dataset& dataset, const MergeOptions& options);

}  // namespace foothold
