// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/loop/table.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/pipeline/loop/plan.h"

namespace foothold {
namespace {

using Json = nlohmann::ordered_json;

struct Column {
  const char* title;
  const char* key;  // In summary.json.
  int digits;
};

constexpr Column kColumns[] = {{"round", "round", 0},
                               {"videos", "videos", 0},
                               {"labels", "labels", 0},
                               {"yield %", "yield_percent", 1},
                               {"pairs kept %", "pairs_kept_percent", 1},
                               {"loss", "train_loss", 4},
                               {"held-out loss", "validation_loss", 4},
                               {"held-out clips", "held_out_clips", 0},
                               {"labels to truth mm", "label_w_mpjpe_mm", 1},
                               {"student to truth mm", "student_w_mpjpe_mm", 1},
                               {"student to labels mm", "agreement_w_mpjpe_mm", 1},
                               {"found %", "people_found_percent", 1},
                               {"start to label m", "start_distance_m", 3}};

constexpr char kLegend[] =
    "Millimetres are W-MPJPE, mean over held-out clips (docs/metrics.md); `-` is not known. `yield`: share "
    "of the\n"
    "frames that have labels. `pairs kept`: share of people at keyframes that pass the filters of `[data]`.\n"
    "`found`: share of the people in\n"
    "held-out labels whom the prediction puts near enough to be matched. `start to label`: median distance "
    "of people in a label from the student's prediction that it began "
    "with.\n";

std::string Cell(const Json& summary, const Column& column) {
  if (!summary.contains(column.key) || !summary[column.key].is_number()) return "-";
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", column.digits, summary[column.key].get<double>());
  return text;
}

std::string Row(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) row += " " + cell + " |";
  return row + "\n";
}

}  // namespace

std::string LoopTable(const std::string& output) {
  std::vector<std::string> titles, rules;
  for (const Column& column : kColumns) {
    titles.emplace_back(column.title);
    rules.emplace_back("---:");
  }
  std::string page = "# Closed loop\n\n" + Row(titles) + Row(rules);
  for (int round = 1;; ++round) {
    const std::string path = LoopFolders(output, round).summary;
    if (!std::filesystem::exists(path)) break;
    std::ifstream file(path);
    const Json summary = Json::parse(file, nullptr, /*allow_exceptions=*/false);
    if (!summary.is_object())
      throw Error(ErrorKind::kBadInput, path + ": is no JSON object; remove it to evaluate the round again");
    std::vector<std::string> cells;
    for (const Column& column : kColumns) cells.push_back(Cell(summary, column));
    page += Row(cells);
  }
  return page + "\n" + kLegend;
}

}  // namespace foothold
