// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <set>

#include "foothold/corpus/status_formats.h"
#include "foothold/pipeline/dataset.h"
#include "foothold/pipeline/label_video.h"

namespace foothold {
namespace {

std::string Fixed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string Row(const std::string& name, const std::string& value) {
  return "| " + name + " | " + value + " |\n";
}

// Text for a table cell.
std::string Cell(const std::string& text) {
  std::string cell;
  for (const char c : text) cell += c == '|' ? std::string("\\|") : std::string(1, c == '\n' ? ' ' : c);
  return cell;
}

// Labels by a value between the limits; values beyond them go to the outer rows.
std::string Histogram(const std::string& title,
                      const Dataset& dataset,
                      const std::vector<double>& limits,
                      const std::string& unit,
                      int decimals,
                      const std::function<double(const DatasetEntry&)>& value) {
  std::vector<long> counts(limits.size() + 1, 0);
  for (const DatasetEntry& entry : dataset.entries) {
    const auto above = std::upper_bound(limits.begin(), limits.end(), value(entry));
    ++counts[static_cast<size_t>(above - limits.begin())];
  }
  const long largest = std::max(1L, *std::max_element(counts.begin(), counts.end()));
  std::string text = "\n### " + title + "\n\n```\n";
  for (size_t i = 0; i < counts.size(); ++i) {
    const std::string range = i == 0 ? "below " + Fixed(limits[0], decimals)
                              : i == limits.size()
                                  ? "from " + Fixed(limits.back(), decimals)
                                  : Fixed(limits[i - 1], decimals) + " to < " + Fixed(limits[i], decimals);
    char line[128];
    std::snprintf(line, sizeof line, "%18s %-3s %8ld  ", range.c_str(), unit.c_str(), counts[i]);
    text += line + std::string(static_cast<size_t>((40 * counts[i] + largest - 1) / largest), '#') + "\n";
  }
  return text + "```\n";
}

std::string Counts(const Dataset& dataset) {
  long frames = 0, people = 0;
  double seconds = 0;
  int64_t bytes = 0;
  std::set<std::string> videos;
  for (const DatasetEntry& entry : dataset.entries) {
    frames += entry.num_frames;
    people += entry.num_people;
    seconds += entry.duration_s;
    bytes += entry.bytes;
    videos.insert(entry.video_path);
  }
  return "| | |\n|---|---|\n" + Row("labels (clips)", std::to_string(dataset.entries.size())) +
         Row("videos", std::to_string(videos.size())) + Row("frames", std::to_string(frames)) +
         Row("length", DurationText(seconds)) + Row("people", std::to_string(people)) +
         Row("size", BytesText(bytes)) +
         Row("duplicate clips left out", std::to_string(dataset.duplicates.size())) +
         Row("missing or damaged labels left out", std::to_string(dataset.problems.size()));
}

std::string RunsTable(const Dataset& dataset) {
  std::string text =
      "| run | units | labelled | rejected | given up | open | yield of frames | rank-hours |\n"
      "|---|---|---|---|---|---|---|---|\n";
  for (size_t i = 0; i < dataset.runs.size(); ++i) {
    const RunStatus& status = dataset.statuses[i];
    text += "| " + Cell(dataset.runs[i]) + " | " + std::to_string(status.units) + " | " +
            std::to_string(status.done + status.partly) + " | " + std::to_string(status.rejected) + " | " +
            std::to_string(status.quarantined) + " | " + std::to_string(status.open) + " | " +
            Fixed(100 * status.yield, 1) + " % | " + Fixed(status.rank_hours, 2) + " |\n";
  }
  return text;
}

std::string Tally(const std::string& heading, const std::map<std::string, long>& counts) {
  if (counts.empty()) return "";
  std::vector<std::pair<std::string, long>> sorted(counts.begin(), counts.end());
  std::stable_sort(
      sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text = "\n" + heading + "\n\n|  | count |\n|---|---|\n";
  for (const auto& [name, count] : sorted)
    text += Row(name.empty() ? "no reason given" : Cell(name), std::to_string(count));
  return text;
}

std::string Missing(const Dataset& dataset) {
  std::map<std::string, long> reasons, flags;
  for (const RunStatus& status : dataset.statuses) {
    for (const auto* counts :
         {&status.reasons_rejected, &status.reasons_quarantined, &status.reasons_partly}) {
      for (const auto& [reason, count] : *counts) reasons[reason] += count;
    }
  }
  for (const DatasetEntry& entry : dataset.entries) {
    for (const std::string& flag : entry.flags) ++flags[flag];
  }
  return Tally("Units of the runs without a label, or with clips without one, by reason:", reasons) +
         Tally("Flags of labels (docs/label_schema.md of Foothold explains them):", flags);
}

}  // namespace

std::string DatasetCard(const Dataset& dataset, const MergeOptions& options) {
  std::string text =
      "# " + (options.name.empty() ? std::string("Dataset") : options.name) +
      "\n\nMetric labels of human motion, camera and scene, one HDF5 file per clip, made and described by " +
      ProgramVersion() + " (`foothold corpus merge`).\n\nLicence: " +
      (options.licence.empty()
           ? "**not stated**; say it with `--licence`. Rights in the videos are their owners'."
           : options.licence) +
      "\n\n## Counts\n\n" + Counts(dataset) + "\n" + RunsTable(dataset) + Missing(dataset);
  text += "\n## Distributions\n";
  text += Histogram(
      "Length of clips", dataset, {2, 5, 10, 20, 60}, "s", 0, [](const auto& e) { return e.duration_s; });
  text += Histogram("People in a clip", dataset, {1, 2, 3, 5, 10}, "", 0, [](const auto& e) {
    return double(e.num_people);
  });
  text += Histogram(
      "Share of matches within 2 px", dataset, {0.5, 0.7, 0.8, 0.9, 0.95}, "", 2, [](const auto& e) {
        return e.score.match_inlier_share;
      });
  text += Histogram("Median depth error of feet against the ground, relative (1: no foot was seen)",
                    dataset,
                    {0.005, 0.01, 0.02, 0.05, 0.1},
                    "",
                    3,
                    [](const auto& e) { return e.score.contact_error; });
  text +=
      "\n## Use\n\n`index.csv` has a row per label with its path below `labels/`, clip, people, quality and "
      "checksum "
      "(XXH3-128 of the file):\n\n```python\nimport h5py, pandas\n\nindex = pandas.read_csv(\"index.csv\")\n"
      "good = index[(index.match_inlier_share > 0.9) & (index.people > 0)]\n"
      "label = h5py.File(\"labels/\" + good.path.iloc[0])\n```\n";
  text += dataset.settings.size() > 1
              ? "\n## Settings\n\n**The runs were made with different options.** All of them are in "
                "`settings.conf`.\n"
              : "\n## Settings\n\nWhat the labels were made with (`settings.conf`):\n\n```\n" +
                    (dataset.settings.empty() ? std::string() : dataset.settings.front()) + "\n```\n";
  return text;
}

}  // namespace foothold
