// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace foothold {

// CRC-32C (Castagnoli) of bytes.
uint32_t Crc32c(const std::string& bytes);

// One record of a TFRecord file: length and data, each followed by its masked CRC-32C.
std::string FormatRecord(const std::string& data);

// Scalars of one step as a TensorBoard event (the protobuf message Event with a Summary).
using Scalars = std::vector<std::pair<std::string, double>>;
std::string FormatEvent(double wall_time_s, int64_t step, const Scalars& scalars);
// The first event of a file.
std::string FormatVersionEvent(double wall_time_s);

// A TensorBoard event file; every record is flushed. Throws Error(kStorage).
class EventFile {
 public:
  explicit EventFile(const std::string& path);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;
  void Write(int64_t step, const Scalars& scalars);

 private:
  void Append(const std::string& record);
  std::string path_;
  std::FILE* file_;
};

}  // namespace foothold
