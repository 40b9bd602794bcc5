// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "foothold/pipeline/dataset.h"

namespace foothold {
namespace {

// As RFC 4180 has it.
std::string Quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

}  // namespace

std::string DatasetIndex(const Dataset& dataset) {
  std::string csv =
      "path,clip_id,video,unit,run,first_frame,frames,duration_s,people,match_inlier_share,contact_error,"
      "score,flags,bytes,xxh3\n";
  for (const DatasetEntry& entry : dataset.entries) {
    std::string flags;
    for (const std::string& flag : entry.flags) flags += (flags.empty() ? "" : " ") + flag;
    // Without quality signals these are empty rather than zero.
    const auto quality = [&](double value) { return entry.score.known ? Number(value) : std::string(); };
    csv += Quoted(entry.path) + "," + entry.clip_id + "," + Quoted(entry.video_path) + "," +
           Quoted(entry.unit_id) + "," + Quoted(dataset.runs[entry.run]) + "," +
           std::to_string(entry.first_frame) + "," + std::to_string(entry.num_frames) + "," +
           Number(entry.duration_s) + "," + std::to_string(entry.num_people) + "," +
           quality(entry.score.match_inlier_share) + "," + quality(entry.score.contact_error) + "," +
           quality(entry.score.score) + "," + Quoted(flags) + "," + std::to_string(entry.bytes) + "," +
           entry.xxh3 + "\n";
  }
  return csv;
}

}  // namespace foothold
