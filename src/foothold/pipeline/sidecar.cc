// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/sidecar.h"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "foothold/base/atomic_file.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// Bytes that are not UTF-8 (file names) must not make the dump throw.
std::string Dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json RateJson(double seconds, int num_frames) {
  Json json;
  json["seconds"] = seconds;
  if (seconds > 0) json["frames_per_second"] = num_frames / seconds;
  return json;
}

std::string TimingPath(const std::string& directory, const std::string& name) {
  return (fs::path(directory) / (name + ".timing.json")).string();
}

// For the decoder and for the writer of labels; part of the phases during which it happened.
double SecondsWaited(const PhaseTimes& times) {
  double waited_s = 0;
  for (const auto& [phase, seconds] : times.seconds()) {
    if (phase.starts_with("wait_")) waited_s += seconds;
  }
  return waited_s;
}

void WriteTiming(const ClipOutcome& outcome, const std::string& output_dir) {
  Json json = RateJson(outcome.total_s, outcome.num_frames);
  json["clip"] = outcome.name;
  json["clip_id"] = outcome.clip_id;
  json["frames"] = outcome.num_frames;
  if (outcome.total_s > 0) json["busy_share"] = 1 - SecondsWaited(outcome.times) / outcome.total_s;
  json["phases"] = Json::object();
  for (const auto& [phase, seconds] : outcome.times.seconds()) {
    json["phases"][phase] = RateJson(seconds, outcome.num_frames);
  }
  WriteFileAtomically(TimingPath(output_dir, outcome.name), Dump(json));
}

void WriteFailure(const ClipOutcome& outcome, const std::string& source_path, const std::string& path) {
  Json json;
  json["clip"] = outcome.name;
  json["clip_id"] = outcome.clip_id;
  json["source"] = source_path;
  json["frames"] = outcome.num_frames;
  json["status"] = NameOf(outcome.status);
  json["reason"] = outcome.reason;
  json["message"] = outcome.message;
  json["program"] = ProgramVersion();
  WriteFileAtomically(path, Dump(json));
}

}  // namespace

void WriteSidecars(const ClipOutcome& outcome,
                   const std::string& source_path,
                   const std::string& output_dir) {
  const std::string failed_path = (fs::path(output_dir) / (outcome.name + ".failed.json")).string();
  switch (outcome.status) {
    case ClipOutcome::Status::kDone:
      WriteTiming(outcome, output_dir);
      [[fallthrough]];
    case ClipOutcome::Status::kAlreadyDone: {
      std::error_code ignored;
      fs::remove(failed_path, ignored);
      break;
    }
    case ClipOutcome::Status::kRejected:
    case ClipOutcome::Status::kFailed:
      // A label of other provenance stays a good label: nothing failed about it.
      if (outcome.exit_code != ExitCode::kUsage) WriteFailure(outcome, source_path, failed_path);
      break;
  }
}

Timing ReadTiming(const std::string& label_path) {
  Timing timing;
  const fs::path path(label_path);
  try {
    const Json json = Json::parse(ReadFile(TimingPath(path.parent_path().string(), path.stem().string())));
    timing.total_s = json.value("seconds", 0.0);
    timing.num_frames = json.value("frames", 0);
    for (const auto& [phase, rate] : json.at("phases").items()) {
      timing.times.Add(phase, rate.value("seconds", 0.0));
    }
  } catch (const std::exception&) {
    return Timing();  // Only for display: a label without its sidecar is complete.
  }
  return timing;
}

std::string FormatTimes(const PhaseTimes& times, double total_s, int num_frames) {
  if (num_frames <= 0 || !(total_s > 0)) return "no times";
  std::string text;
  char buffer[96];
  for (const auto& [phase, seconds] : times.seconds()) {
    std::snprintf(buffer, sizeof buffer, " %.1f ms/frame, ", 1e3 * seconds / num_frames);
    text += phase + buffer;
  }
  std::snprintf(buffer,
                sizeof buffer,
                "all %.1f ms/frame (%.2f frames/s)",
                1e3 * total_s / num_frames,
                num_frames / total_s);
  return text + buffer;
}

}  // namespace foothold
