// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/scan/parts.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "foothold/corpus/cost.h"

namespace foothold {
namespace {

constexpr double kLongerThanParts = 1.5;
constexpr double kJoinShare = 0.05;  // Of the work of the parts.

std::string PartId(const std::string& id, int number) {
  char suffix[16];
  std::snprintf(suffix, sizeof suffix, "#%04d", number);
  return id + suffix;
}

}  // namespace

std::vector<ManifestRow> CutIntoParts(const ManifestRow& row, const ScanOptions& options) {
  const double part_frames = 60 * options.part_minutes * row.facts.frame_rate_hz;
  const int num_frames = row.facts.num_frames;
  const bool is_whole_video = row.unit.rejected_reason.empty() && row.unit.begin == 0 && row.unit.end < 0;
  if (!is_whole_video || part_frames < 1 || num_frames <= kLongerThanParts * part_frames) return {row};

  const int num_parts = std::max(2, static_cast<int>(std::lround(num_frames / part_frames)));
  const auto start_of = [&](int part) {
    return static_cast<int>(static_cast<int64_t>(num_frames) * part / num_parts);
  };
  std::vector<ManifestRow> rows;
  double cost_s = 0;
  for (int i = 0; i < num_parts; ++i) {
    ManifestRow part;
    part.unit = row.unit;
    part.unit.kind = Unit::Kind::kPart;
    part.unit.id = PartId(row.unit.id, i + 1);
    part.unit.begin = start_of(i);
    // The last one to wherever the video really ends.
    part.unit.end = i + 1 < num_parts ? start_of(i + 1) : -1;
    part.unit.cost_s = EstimateCost_s(row.facts, start_of(i + 1) - start_of(i));
    cost_s += part.unit.cost_s;
    rows.push_back(part);
  }
  rows.push_back(row);
  rows.back().unit.kind = Unit::Kind::kJoin;
  rows.back().unit.num_parts = num_parts;
  rows.back().unit.cost_s = kJoinShare * cost_s;
  return rows;
}

}  // namespace foothold
