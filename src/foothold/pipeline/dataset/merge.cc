// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <system_error>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "foothold/base/progress.h"
#include "foothold/corpus/run_progress.h"
#include "foothold/corpus/run_records.h"
#include "foothold/corpus/units_file.h"
#include "foothold/pipeline/dataset.h"
#include "labels/label.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

std::string SettingsOf(const std::string& run) { return ReadFile(run + "/ledger/options.conf"); }

// "run a: 'x = 1'; run b: 'x = 2'" for up to a few lines.
std::string Difference(const std::string& run_a,
                       const std::string& a,
                       const std::string& run_b,
                       const std::string& b) {
  std::istringstream lines_a(a), lines_b(b);
  std::string line_a, line_b, text;
  for (int found = 0; found < 5;) {
    const bool more_a = static_cast<bool>(std::getline(lines_a, line_a));
    const bool more_b = static_cast<bool>(std::getline(lines_b, line_b));
    if (!more_a && !more_b) break;
    if (more_a && more_b && line_a == line_b) continue;
    text += "\n  " + run_a + ": " + (more_a ? line_a : "(nothing)") + "\n  " + run_b + ": " +
            (more_b ? line_b : "(nothing)");
    ++found;
  }
  return text;
}

void ReadSettings(const std::vector<std::string>& runs, bool different_allowed, Dataset* dataset) {
  for (const std::string& run : runs) {
    const std::string settings = SettingsOf(run);
    if (!dataset->settings.empty() && settings != dataset->settings.front() && !different_allowed) {
      throw Error(ErrorKind::kUsage,
                  "the runs' labels were made with different options:" +
                      Difference(runs.front(), dataset->settings.front(), run, settings) +
                      "\n--different-settings merges them all the same, and the data card says so");
    }
    if (std::find(dataset->settings.begin(), dataset->settings.end(), settings) == dataset->settings.end())
      dataset->settings.push_back(settings);
  }
}

DatasetEntry EntryOf(const labels::Label& label,
                     const LabelFile& file,
                     size_t run,
                     const std::string& unit_id) {
  DatasetEntry entry;
  entry.path = file.path;
  entry.unit_id = unit_id;
  entry.run = run;
  entry.clip_id = label.clip.id;
  entry.video_path = label.clip.source_path;
  entry.first_frame = label.clip.first_frame;
  entry.num_frames = label.clip.num_frames();
  entry.num_people = static_cast<int>(label.reconstruction.people.size());
  entry.duration_s = label.clip.frame_rate_hz > 0 ? entry.num_frames / label.clip.frame_rate_hz : 0;
  entry.score = ScoreOf(label.quality);
  entry.flags = label.reconstruction.flags;
  entry.bytes = file.bytes;
  entry.xxh3 = file.xxh3;
  return entry;
}

// Hard link, or copy where a link is not possible. Leaves an equal file that is there.
void Take(const std::string& source, const std::string& target, const DatasetEntry& entry, bool copy) {
  std::error_code error;
  fs::create_directories(fs::path(target).parent_path(), error);
  if (error) throw StorageError(target, "cannot make its folder", error.value());
  if (fs::exists(target)) {
    if (fs::equivalent(source, target, error) || HashFile(target) == entry.xxh3) return;
    throw Error(ErrorKind::kUsage,
                "'" + target + "' is another file than '" + source + "'; choose another --output");
  }
  if (!copy) {
    fs::create_hard_link(source, target, error);
    if (!error) return;
  }
  AtomicFile file(target);
  fs::copy_file(source, file.temporary_path(), fs::copy_options::overwrite_existing, error);
  if (error) throw StorageError(target, "cannot copy '" + source + "'", error.value());
  file.Commit();
}

// Labels of finished units, by path.
std::map<std::string, std::pair<LabelFile, size_t>> FinishedLabels(const RunRecords& records,
                                                                   const UnitList& units) {
  std::map<size_t, const RunRecords::Labels*> last;
  for (const RunRecords::Labels& labels : records.labels) {
    const UnitStatus status = records.state.StatusOf(labels.unit);
    if (!labels.done || (status != UnitStatus::kDone && status != UnitStatus::kPartly)) continue;
    if (units.At(labels.unit).kind == Unit::Kind::kPart) continue;  // The join has the label.
    const auto [entry, is_new] = last.emplace(labels.unit, &labels);
    if (!is_new && entry->second->attempt < labels.attempt) entry->second = &labels;
  }
  std::map<std::string, std::pair<LabelFile, size_t>> files;
  for (const auto& [unit, labels] : last) {
    for (const LabelFile& file : labels->files) files.emplace(file.path, std::pair{file, unit});
  }
  return files;
}

class Merger {
 public:
  Merger(const MergeOptions& options, Dataset* dataset) : options_(options), dataset_(dataset) {}

  void Add(const std::string& run, size_t run_index) {
    const RunUnits units = UnitsOfRun(run);
    RunProgress progress(run, units);
    progress.Refresh();
    dataset_->statuses.push_back(progress.Status(std::time(nullptr)));
    const auto files = FinishedLabels(ReadRunRecords(run, units), *units.list);
    Progress bar("merging " + run, static_cast<long>(files.size()));
    for (const auto& [path, file_and_unit] : files) {
      AddLabel(run, run_index, file_and_unit.first, units.list->At(file_and_unit.second).id);
      bar.Advance();
    }
    bar.Finish();
  }

 private:
  void AddLabel(const std::string& run, size_t run_index, const LabelFile& file, const std::string& unit_id) {
    const std::string source = run + "/labels/" + file.path;
    DatasetEntry entry;
    try {
      if (HashFile(source) != file.xxh3)
        throw Error(ErrorKind::kBadInput,
                    source + ": not the bytes that the run recorded (foothold corpus repair)");
      entry = EntryOf(labels::ReadLabel(source), file, run_index, unit_id);
    } catch (const Error& error) {
      dataset_->problems.push_back(error.what());
      return;
    }
    const auto [kept, is_new] = path_of_clip_.emplace(entry.clip_id, entry.path);
    if (!is_new) {
      dataset_->duplicates.push_back({file.path, run, kept->second});
      return;
    }
    // Another clip of the same name in another run.
    const std::string run_name = fs::path(run).lexically_normal().filename().string();
    for (int i = 1; !paths_.insert(entry.path).second; ++i)
      entry.path = run_name + (i > 1 ? "-" + std::to_string(i) : "") + "/" + file.path;
    kept->second = entry.path;
    Take(source, options_.output + "/labels/" + entry.path, entry, options_.copy);
    dataset_->entries.push_back(std::move(entry));
  }

  const MergeOptions& options_;
  Dataset* dataset_;
  std::map<std::string, std::string> path_of_clip_;
  std::set<std::string> paths_;
};

}  // namespace

Dataset MergeRuns(const std::vector<std::string>& runs, const MergeOptions& options) {
  Dataset dataset;
  dataset.runs = runs;
  ReadSettings(runs, options.different_settings, &dataset);
  Merger merger(options, &dataset);
  for (size_t i = 0; i < runs.size(); ++i) merger.Add(runs[i], i);
  std::sort(dataset.entries.begin(), dataset.entries.end(), [](const auto& a, const auto& b) {
    return a.path < b.path;
  });
  std::error_code error;
  fs::create_directories(options.output, error);
  if (error) throw StorageError(options.output, "cannot make the folder", error.value());
  std::string settings;
  for (const std::string& text : dataset.settings)
    settings += (settings.empty() ? "" : "\n# --- and\n") + text;
  WriteFileAtomically(options.output + "/settings.conf", settings);
  WriteFileAtomically(options.output + "/index.csv", DatasetIndex(dataset));
  WriteFileAtomically(options.output + "/DATASET.md", DatasetCard(dataset, options));
  return dataset;
}

}  // namespace foothold
