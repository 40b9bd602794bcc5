// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace foothold::labels {

// An array of numbers in row-major order, whatever its type and order in the file.
struct NumericArray {
  std::vector<size_t> shape;
  std::vector<double> values;
};

// NumPy's .npy (format versions 1 to 3): little-endian integers, floats and booleans, C or Fortran
// order. Throws Error(kBadInput) naming `origin`; no input reads out of bounds.
NumericArray ParseNpy(const uint8_t* bytes, size_t size, const std::string& origin);

// A NumPy .npz archive: a zip file of .npy entries, stored or deflated. Parsing reads the directory;
// an array is unpacked and its CRC verified when it is read, so that unused entries may be of any kind.
class NpzArchive {
 public:
  // `origin` (the file's path) starts every error message. Throws Error(kBadInput).
  NpzArchive(std::vector<uint8_t> bytes, std::string origin);

  bool Has(const std::string& key) const { return entries_.count(key) > 0; }
  std::vector<std::string> Keys() const;
  // Throws Error(kBadInput): missing key, damaged entry, unsupported type.
  NumericArray Read(const std::string& key) const;

 private:
  struct Entry {
    size_t header_offset = 0;  // Of the local header.
    size_t packed_size = 0, size = 0;
    uint32_t crc = 0;
    uint16_t method = 0, flags = 0;
  };
  [[noreturn]] void Fail(const std::string& message) const;
  uint64_t Number(size_t offset, int num_bytes) const;
  size_t FindEndRecord() const;
  std::vector<uint8_t> Unpack(const std::string& key, const Entry& entry) const;

  std::vector<uint8_t> bytes_;
  std::string origin_;
  std::map<std::string, Entry> entries_;  // By key: the entry's name without ".npy".
};

}  // namespace foothold::labels
