// SPDX-License-Identifier: Apache-2.0
#include "foothold/train/event_file.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "foothold/base/atomic_file.h"

namespace foothold {
namespace {

std::array<uint32_t, 256> MakeTable() {
  constexpr uint32_t kReversedPolynomial = 0x82f63b78;
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReversedPolynomial : 0);
    table[byte] = crc;
  }
  return table;
}

template <class Number>
std::string LittleEndian(Number number) {
  std::string bytes;
  for (size_t i = 0; i < sizeof(Number); ++i) bytes += static_cast<char>((number >> (8 * i)) & 0xff);
  return bytes;
}

// Crcs of data that itself holds crcs are weak: TFRecord stores them rotated and shifted.
std::string MaskedCrc(const std::string& bytes) {
  const uint32_t crc = Crc32c(bytes);
  return LittleEndian(((crc >> 15) | (crc << 17)) + 0xa282ead8U);
}

std::string Varint(uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>((number & 0x7f) | 0x80);
  return bytes + static_cast<char>(number);
}

// Fields of protobuf messages by their wire type.
enum class Wire { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
std::string Key(int field, Wire wire) {
  return Varint((static_cast<uint64_t>(field) << 3) | static_cast<uint64_t>(wire));
}
std::string Bytes(int field, const std::string& bytes) {
  return Key(field, Wire::kBytes) + Varint(bytes.size()) + bytes;
}
std::string Double(int field, double value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return Key(field, Wire::kFixed64) + LittleEndian(bits);
}
std::string Float(int field, float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return Key(field, Wire::kFixed32) + LittleEndian(bits);
}

double Now_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

uint32_t Crc32c(const std::string& bytes) {
  static const std::array<uint32_t, 256> table = MakeTable();
  uint32_t crc = 0xffffffff;
  for (const char byte : bytes) crc = (crc >> 8) ^ table[(crc ^ static_cast<uint8_t>(byte)) & 0xff];
  return ~crc;
}

std::string FormatRecord(const std::string& data) {
  const std::string length = LittleEndian(static_cast<uint64_t>(data.size()));
  return length + MaskedCrc(length) + data + MaskedCrc(data);
}

std::string FormatEvent(double wall_time_s, int64_t step, const Scalars& scalars) {
  // Event: wall_time = 1, step = 2, file_version = 3, summary = 5. Summary: value = 1. Value: tag = 1,
  // simple_value = 2.
  std::string summary;
  for (const auto& [tag, value] : scalars) {
    summary += Bytes(1, Bytes(1, tag) + Float(2, static_cast<float>(value)));
  }
  return Double(1, wall_time_s) + Key(2, Wire::kVarint) + Varint(static_cast<uint64_t>(step)) +
         Bytes(5, summary);
}

std::string FormatVersionEvent(double wall_time_s) {
  return Double(1, wall_time_s) + Bytes(3, "brain.Event:2");
}

EventFile::EventFile(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "wb")) {
  if (file_ == nullptr) throw StorageError(path, "cannot open", errno);
  Append(FormatVersionEvent(Now_s()));
}

EventFile::~EventFile() { std::fclose(file_); }

void EventFile::Write(int64_t step, const Scalars& scalars) { Append(FormatEvent(Now_s(), step, scalars)); }

void EventFile::Append(const std::string& record) {
  const std::string bytes = FormatRecord(record);
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size() || std::fflush(file_) != 0) {
    throw StorageError(path_, "cannot write", errno);
  }
}

}  // namespace foothold
