// SPDX-License-Identifier: Apache-2.0
#include "foothold/train/training_log.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <ctime>
#include <filesystem>

#include "foothold/base/atomic_file.h"
#include "foothold/networks/json_reader.h"

namespace foothold {
namespace {

std::string Number(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.17g", value);
  return std::isfinite(value) ? text : "null";
}

std::string Head(const std::string& event, int64_t step) {
  return "{\"event\": " + QuoteJson(event) + ", \"step\": " + std::to_string(step);
}

// TensorBoard wants "tfevents" in the name and sorts by it.
std::string EventFileName() {
  char host[64] = "host";
  gethostname(host, sizeof(host) - 1);
  return "events.out.tfevents." + std::to_string(std::time(nullptr)) + "." + host + "." +
         std::to_string(getpid());
}

}  // namespace

TrainingLog::TrainingLog(const std::string& folder) : path_(folder + "/log.jsonl"), file_(nullptr) {
  std::error_code error;
  std::filesystem::create_directories(folder + "/events", error);
  if (error) throw StorageError(folder + "/events", "cannot make the folder", error.value());
  events_ = std::make_unique<EventFile>(folder + "/events/" + EventFileName());
  file_ = std::fopen(path_.c_str(), "ab");
  if (file_ == nullptr) throw StorageError(path_, "cannot open", errno);
}

TrainingLog::~TrainingLog() { std::fclose(file_); }

void TrainingLog::Append(const std::string& line) {
  if (std::fwrite(line.data(), 1, line.size(), file_) != line.size() || std::fflush(file_) != 0) {
    throw StorageError(path_, "cannot write", errno);
  }
}

void TrainingLog::Numbers(const std::string& event, int64_t step, const Scalars& numbers) {
  std::string line = Head(event, step);
  Scalars plotted;
  for (const auto& [name, value] : numbers) {
    line += ", " + QuoteJson(name) + ": " + Number(value);
    if (std::isfinite(value)) plotted.emplace_back(event + "/" + name, value);
  }
  Append(line + "}\n");
  events_->Write(step, plotted);
}

void TrainingLog::Text(const std::string& event, int64_t step, const std::string& text) {
  Append(Head(event, step) + ", \"text\": " + QuoteJson(text) + "}\n");
}

std::string FormatDuration(double seconds) {
  const long whole = std::lround(std::min(std::max(seconds, 0.0), 1e9));
  char text[40];
  std::snprintf(text, sizeof(text), "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  return text;
}

}  // namespace foothold
