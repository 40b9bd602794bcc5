// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include "foothold/base/error.h"
#include "fuzz/fuzz_targets.h"
#include "labels/npz.h"

namespace foothold::fuzz {

namespace {

void AppendNumber(uint64_t value, int num_bytes, std::string* bytes) {
  for (int i = 0; i < num_bytes; ++i) bytes->push_back(i < 8 ? static_cast<char>(value >> (8 * i)) : 0);
}

std::string Npy() {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  header.resize(117, ' ');
  header += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += std::string("\x01\x00", 2);
  AppendNumber(header.size(), 2, &bytes);
  return bytes + header + std::string(24, '\0');
}

// A stored entry "a.npy" whose CRC is wrong: mutations of the directory still reach all of its parser.
std::string Npz() {
  const std::string npy = Npy(), name = "a.npy";
  const auto shared = [&](std::string* bytes) {
    AppendNumber(20, 2, bytes);  // Version.
    AppendNumber(0, 2, bytes);   // Flags.
    AppendNumber(0, 2, bytes);   // Stored.
    AppendNumber(0, 8, bytes);   // Time, date, CRC.
    AppendNumber(npy.size(), 4, bytes);
    AppendNumber(npy.size(), 4, bytes);
    AppendNumber(name.size(), 2, bytes);
    AppendNumber(0, 2, bytes);  // Extra field.
  };
  std::string bytes = "PK\x03\x04";
  shared(&bytes);
  bytes += name + npy;
  const size_t directory = bytes.size();
  bytes += "PK\x01\x02";
  AppendNumber(20, 2, &bytes);
  shared(&bytes);
  AppendNumber(0, 14, &bytes);  // Comment, disk, attributes, offset of the local header.
  bytes += name;
  const size_t directory_bytes = bytes.size() - directory;
  bytes += "PK\x05\x06";
  AppendNumber(0, 4, &bytes);
  AppendNumber(1, 2, &bytes);
  AppendNumber(1, 2, &bytes);
  AppendNumber(directory_bytes, 4, &bytes);
  AppendNumber(directory, 4, &bytes);
  AppendNumber(0, 2, &bytes);
  return bytes;
}

void Run(const std::string& data) {
  const uint8_t* begin = reinterpret_cast<const uint8_t*>(data.data());
  try {
    labels::ParseNpy(begin, data.size(), "fuzz");
  } catch (const Error&) {
  }
  try {
    const labels::NpzArchive archive({begin, begin + data.size()}, "fuzz");
    for (const std::string& key : archive.Keys()) {
      try {
        archive.Read(key);
      } catch (const Error&) {
      }
    }
  } catch (const Error&) {
  }
}

std::vector<std::string> Seeds() { return {Npy(), Npz()}; }

}  // namespace

const FuzzTarget kNpz = {"npz", Run, Seeds};

}  // namespace foothold::fuzz
