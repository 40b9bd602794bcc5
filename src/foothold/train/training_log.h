// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "foothold/train/event_file.h"

namespace foothold {

// What people and programs see of a run: "log.jsonl", appended to by every start of the run, and TensorBoard
// event files, one for each start, in "events". Only rank 0 keeps one.
class TrainingLog {
 public:
  explicit TrainingLog(const std::string& folder);
  ~TrainingLog();
  TrainingLog(const TrainingLog&) = delete;
  TrainingLog& operator=(const TrainingLog&) = delete;

  // {"event": "step", "step": 12, "loss": 0.5, ...} and the same under "step/loss" for TensorBoard. A value
  // that is not finite becomes null and is not plotted.
  void Numbers(const std::string& event, int64_t step, const Scalars& numbers);
  void Text(const std::string& event, int64_t step, const std::string& text);

 private:
  void Append(const std::string& line);
  std::string path_;
  std::FILE* file_;
  std::unique_ptr<EventFile> events_;
};

// "1:02:03", of seconds.
std::string FormatDuration(double seconds);

}  // namespace foothold
