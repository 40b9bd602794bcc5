// SPDX-License-Identifier: Apache-2.0
// The clips of synthetic_table as rendered video through the whole classical path, measured against
// their truth; a row per seed and medians, for docs/results.md:
//   build/bin/classical_table FOLDER --seeds 10 [--first-seed 1] [--frames 120] [--threads 1]
// Clips, truth and labels stay in FOLDER for a closer look (foothold report, classical_figures).
// A person that was not found enters no error but is counted; so is a clip that gave no label.
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/synthetic_clips.h"
#include "foothold/base/error.h"
#include "foothold/base/log.h"
#include "foothold/evaluate/evaluation.h"
#include "foothold/perception/classical/statistics.h"
#include "foothold/pipeline/label_video.h"
#include "foothold/pipeline/synthetic_dataset.h"
#include "labels/body_file.h"
#include "labels/label.h"

namespace foothold {
namespace {

struct Column {
  const char* title;
  const char* metric;  // Of the evaluate module.
  double factor;
  int decimals;
};
constexpr Column kColumns[] = {{"W mm", "w_mpjpe", 1, 0},
                               {"MPJPE mm", "mpjpe", 1, 0},
                               {"scale %", "camera_scale_error", 1, 1},
                               {"ATE cm", "ate", 100, 1},
                               {"world %", "world_scale_error", 1, 1},
                               {"focal %", "focal_error", 1, 1},
                               {"found %", "person_frames_found", 1, 1},
                               {"true", "people_in_truth", 1, 0},
                               {"found", "people_found", 1, 0},
                               {"false", "people_false", 1, 0}};
constexpr size_t kNumColumns = std::size(kColumns);

using Row = std::vector<double>;  // One value per column; NaN where it is not defined.

void PrintTitles() {
  std::printf("%-10s", "");
  for (const Column& column : kColumns) std::printf(" %8s", column.title);
  std::printf("  flags\n");
}

void PrintRow(const std::string& name, const Row& row, const std::string& remark) {
  std::printf("%-10s", name.c_str());
  for (size_t c = 0; c < kNumColumns; ++c) {
    if (std::isnan(row[c])) {
      std::printf(" %8s", "-");
    } else {
      std::printf(" %8.*f", kColumns[c].decimals, row[c]);
    }
  }
  std::printf("  %s\n", remark.c_str());
  std::fflush(stdout);
}

Row Measure(const ClipOutcome& outcome, const std::string& truth_path, const BodyModel& body) {
  const EvaluationReport report =
      EvaluateLabel(labels::ReadLabel(outcome.label_path), labels::ReadLabel(truth_path), body);
  Row row;
  for (const Column& column : kColumns) {
    row.push_back(column.factor * ValueOf(report, column.metric).value_or(std::nan("")));
  }
  return row;
}

std::string Joined(const std::vector<std::string>& flags) {
  std::string text;
  for (const std::string& flag : flags) text += (text.empty() ? "" : " ") + flag;
  return text;
}

Row MedianRow(const std::vector<Row>& rows) {
  Row medians;
  for (size_t c = 0; c < kNumColumns; ++c) {
    std::vector<double> values;
    for (const Row& row : rows) {
      if (!std::isnan(row[c])) values.push_back(row[c]);
    }
    medians.push_back(Median(values));
  }
  return medians;
}

void Run(const std::string& folder, const SyntheticClips& clips) {
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  LabelOptions options;
  options.run.threads = clips.threads;
  options.run.overwrite = true;
  SetLogLevel(LogLevel::kWarning);
  PrintTitles();
  std::vector<Row> rows;
  int rejected = 0;
  for (int n = 0; n < clips.seeds; ++n) {
    SyntheticDataset dataset;
    dataset.dir = folder;
    dataset.seed = static_cast<uint64_t>(clips.first_seed + n);
    dataset.options = clips.options;
    const std::string video = WriteSyntheticDataset(dataset, body, clips.threads).front();
    const std::string truth = std::filesystem::path(video).replace_extension(".truth.h5").string();
    VideoTask task;
    task.path = video;
    task.output_dir = folder + "/labels";
    for (const ClipOutcome& outcome : LabelVideo(task, body, options)) {
      if (outcome.status == ClipOutcome::Status::kDone) {
        rows.push_back(Measure(outcome, truth, body));
        PrintRow(outcome.name, rows.back(), Joined(outcome.flags));
      } else {
        ++rejected;
        PrintRow(outcome.name, Row(kNumColumns, std::nan("")), "no label: " + outcome.reason);
      }
    }
  }
  PrintRow("MEDIAN", MedianRow(rows), "");
  std::printf("%zu clips labelled, %d not\n", rows.size(), rejected);
}

int Main(int argc, char** argv) {
  std::string folder;
  SyntheticClips clips;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.rfind("--", 0) != 0) {
      folder = argument;
    } else if (i + 1 == argc || !clips.Take(argument, argv[++i])) {
      throw Error(ErrorKind::kUsage, argument + " is no flag of this program, or has no value");
    }
  }
  if (folder.empty()) throw Error(ErrorKind::kUsage, "give a folder for the clips");
  Run(folder, clips);
  return 0;
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) {
  try {
    return foothold::Main(argc, argv);
  } catch (const foothold::Error& error) {
    std::fprintf(stderr, "classical_table: %s\n", error.what());
    return static_cast<int>(error.exit_code());
  }
}
