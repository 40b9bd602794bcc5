// SPDX-License-Identifier: Apache-2.0
#include "labels/npz.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "foothold/base/error.h"

namespace foothold::labels {
namespace {

// Largest array we are willing to unpack: a guard against archives made to exhaust memory.
constexpr size_t kMaxEntryBytes = size_t{2} << 30;

[[noreturn]] void FailNpy(const std::string& origin, const std::string& message) {
  throw Error(ErrorKind::kBadInput, origin + ": " + message);
}

// The value of `key` in the header, a Python dict literal such as
// {'descr': '<f8', 'fortran_order': False, 'shape': (24, 3), }; up to its end at `stops`.
std::string DictValue(const std::string& header,
                      const std::string& key,
                      const std::string& stops,
                      const std::string& origin) {
  const size_t at = header.find("'" + key + "'");
  const size_t colon = at == std::string::npos ? at : header.find(':', at);
  if (colon == std::string::npos) FailNpy(origin, "npy header has no '" + key + "'");
  const size_t begin = header.find_first_not_of(" ", colon + 1);
  const size_t end = begin == std::string::npos ? begin : header.find_first_of(stops, begin);
  if (end == std::string::npos) FailNpy(origin, "npy header: '" + key + "' does not end");
  return header.substr(begin, end - begin);
}

std::vector<size_t> ParseShape(const std::string& text, const std::string& origin) {
  std::vector<size_t> shape;
  size_t value = 0;
  bool has_digits = false;
  for (const char c : text + ",") {
    if (c >= '0' && c <= '9') {
      if (value > std::numeric_limits<size_t>::max() / 16) FailNpy(origin, "npy shape is too large");
      value = 10 * value + static_cast<size_t>(c - '0');
      has_digits = true;
    } else if (c == ',') {
      if (has_digits) shape.push_back(value);
      value = 0;
      has_digits = false;
    } else if (c != ' ' && c != '(' && c != 'L') {
      FailNpy(origin, "npy shape '" + text + "' is not a tuple of sizes");
    }
  }
  return shape;
}

size_t NumElements(const std::vector<size_t>& shape, size_t limit, const std::string& origin) {
  size_t count = 1;
  for (const size_t side : shape) {
    if (side == 0) return 0;
    if (count > limit / side) FailNpy(origin, "npy shape needs more bytes than the file holds");
    count *= side;
  }
  return count;
}

template <class T>
double LoadAs(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<double>(value);
}
using Loader = double (*)(const uint8_t*);

struct ElementType {
  Loader load;
  size_t size;
};

ElementType TypeOf(const std::string& descr, const std::string& origin) {
  const std::string quoted = descr.substr(0, descr.find_last_of('\'') + 1);
  if (quoted.size() < 4 || quoted.front() != '\'') {
    FailNpy(origin, "npy type " + descr + " is a record or damaged; plain numbers are needed");
  }
  const std::string type = quoted.substr(1, quoted.size() - 2);
  if (type[0] == '>') FailNpy(origin, "npy type " + type + " is big-endian; save it as little-endian");
  const std::string kind = type.substr(1);
  if (kind == "f8") return {LoadAs<double>, 8};
  if (kind == "f4") return {LoadAs<float>, 4};
  if (kind == "i8") return {LoadAs<int64_t>, 8};
  if (kind == "i4") return {LoadAs<int32_t>, 4};
  if (kind == "i2") return {LoadAs<int16_t>, 2};
  if (kind == "i1") return {LoadAs<int8_t>, 1};
  if (kind == "u8") return {LoadAs<uint64_t>, 8};
  if (kind == "u4") return {LoadAs<uint32_t>, 4};
  if (kind == "u2") return {LoadAs<uint16_t>, 2};
  if (kind == "u1" || kind == "b1") return {LoadAs<uint8_t>, 1};
  if (kind[0] == 'O') {
    FailNpy(origin, "holds pickled Python objects; convert the model with scripts/convert_smpl_pkl.py");
  }
  FailNpy(origin, "npy type '" + type + "' is not supported; use f4, f8 or an integer type");
}

// Position in the file of every element in row-major order, for a column-major file.
std::vector<double> FromFortranOrder(const NumericArray& array) {
  const size_t rank = array.shape.size();
  std::vector<size_t> stride(rank, 1), index(rank, 0);
  for (size_t d = 1; d < rank; ++d) stride[d] = stride[d - 1] * array.shape[d - 1];
  std::vector<double> values(array.values.size());
  for (double& value : values) {
    size_t at = 0;
    for (size_t d = 0; d < rank; ++d) at += index[d] * stride[d];
    value = array.values[at];
    for (size_t d = rank; d-- > 0;) {
      if (++index[d] < array.shape[d]) break;
      index[d] = 0;
    }
  }
  return values;
}

}  // namespace

NumericArray ParseNpy(const uint8_t* bytes, size_t size, const std::string& origin) {
  if (size < 10 || std::memcmp(bytes, "\x93NUMPY", 6) != 0) FailNpy(origin, "is not a npy array");
  const int version = bytes[6];
  if (version < 1 || version > 3) FailNpy(origin, "npy version " + std::to_string(version) + " is unknown");
  const size_t prefix = version == 1 ? 10 : 12;
  if (size < prefix) FailNpy(origin, "npy header is truncated");
  size_t header_size = bytes[8] | static_cast<size_t>(bytes[9]) << 8;
  if (version > 1) header_size |= static_cast<size_t>(bytes[10]) << 16 | static_cast<size_t>(bytes[11]) << 24;
  if (header_size > size - prefix) FailNpy(origin, "npy header is truncated");
  const std::string header(reinterpret_cast<const char*>(bytes) + prefix, header_size);

  const ElementType type = TypeOf(DictValue(header, "descr", ",}", origin), origin);
  const std::string order = DictValue(header, "fortran_order", ", }", origin);
  if (order != "True" && order != "False") FailNpy(origin, "npy fortran_order is '" + order + "'");
  NumericArray array;
  array.shape = ParseShape(DictValue(header, "shape", ")", origin), origin);
  const size_t data_size = size - prefix - header_size;
  const size_t count = NumElements(array.shape, data_size / type.size, origin);
  if (count > data_size / type.size) FailNpy(origin, "npy data is truncated");
  array.values.resize(count);
  const uint8_t* data = bytes + prefix + header_size;
  for (size_t i = 0; i < count; ++i) array.values[i] = type.load(data + i * type.size);
  if (order == "True") array.values = FromFortranOrder(array);
  return array;
}

NpzArchive::NpzArchive(std::vector<uint8_t> bytes, std::string origin)
    : bytes_(std::move(bytes)), origin_(std::move(origin)) {
  const size_t end_record = FindEndRecord();
  const size_t num_entries = Number(end_record + 10, 2);
  size_t at = Number(end_record + 16, 4);
  if (num_entries == 0xffff || at == 0xffffffff) Fail("zip64 archives are not supported");
  for (size_t i = 0; i < num_entries; ++i) {
    if (Number(at, 4) != 0x02014b50) Fail("the zip directory is damaged");
    Entry entry;
    entry.flags = static_cast<uint16_t>(Number(at + 8, 2));
    entry.method = static_cast<uint16_t>(Number(at + 10, 2));
    entry.crc = static_cast<uint32_t>(Number(at + 16, 4));
    entry.packed_size = Number(at + 20, 4);
    entry.size = Number(at + 24, 4);
    entry.header_offset = Number(at + 42, 4);
    const size_t name_size = Number(at + 28, 2);
    const size_t skipped = Number(at + 30, 2) + Number(at + 32, 2);
    if (name_size + skipped > bytes_.size() - (at + 46)) Fail("the zip directory is truncated");
    std::string name(reinterpret_cast<const char*>(bytes_.data()) + at + 46, name_size);
    if (name.size() > 4 && name.substr(name.size() - 4) == ".npy") name.resize(name.size() - 4);
    entries_[name] = entry;
    at += 46 + name_size + skipped;
  }
}

void NpzArchive::Fail(const std::string& message) const {
  throw Error(ErrorKind::kBadInput, origin_ + ": " + message);
}

// Little-endian; checks the bounds.
uint64_t NpzArchive::Number(size_t offset, int num_bytes) const {
  const size_t count = static_cast<size_t>(num_bytes);
  if (offset > bytes_.size() || count > bytes_.size() - offset) Fail("the zip archive is truncated");
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value |= static_cast<uint64_t>(bytes_[offset + i]) << (8 * i);
  return value;
}

// The end record is the archive's last 22 bytes, before a comment of at most 65535.
size_t NpzArchive::FindEndRecord() const {
  constexpr size_t kSize = 22;
  if (bytes_.size() < kSize || std::memcmp(bytes_.data(), "PK", 2) != 0) Fail("is not a npz archive");
  const size_t last = bytes_.size() - kSize;
  const size_t first = last > 0xffff ? last - 0xffff : 0;
  for (size_t at = last + 1; at-- > first;) {
    if (Number(at, 4) == 0x06054b50) return at;
  }
  Fail("is not a npz archive, or is truncated (no zip directory at its end)");
}

std::vector<std::string> NpzArchive::Keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, entry] : entries_) keys.push_back(key);
  return keys;
}

NumericArray NpzArchive::Read(const std::string& key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    std::string present;
    for (const std::string& other : Keys()) present += (present.empty() ? "" : ", ") + other;
    Fail("has no array '" + key + "'; it has: " + present);
  }
  const std::vector<uint8_t> data = Unpack(key, found->second);
  return ParseNpy(data.data(), data.size(), origin_ + "[" + key + "]");
}

std::vector<uint8_t> NpzArchive::Unpack(const std::string& key, const Entry& entry) const {
  if ((entry.flags & 1) != 0) Fail("array '" + key + "' is encrypted");
  if (entry.method != 0 && entry.method != 8) {
    Fail("array '" + key + "' uses zip method " + std::to_string(entry.method) +
         "; use numpy.savez or numpy.savez_compressed");
  }
  if (entry.packed_size == 0xffffffff || entry.size == 0xffffffff || entry.size > kMaxEntryBytes) {
    Fail("array '" + key + "' is larger than 2 GiB");
  }
  if (Number(entry.header_offset, 4) != 0x04034b50) Fail("array '" + key + "' has no zip header");
  // The directory holds the sizes; only the lengths of name and extra field are needed from here.
  const size_t begin =
      entry.header_offset + 30 + Number(entry.header_offset + 26, 2) + Number(entry.header_offset + 28, 2);
  if (begin > bytes_.size() || entry.packed_size > bytes_.size() - begin) {
    Fail("array '" + key + "' is truncated");
  }
  // Deflate packs at most 1032 to 1: a larger promise is a lie, so nothing is allocated for it.
  const size_t possible = entry.method == 0 ? entry.packed_size : 1032 * entry.packed_size + 64;
  if (entry.size > possible || (entry.method == 0 && entry.size != entry.packed_size)) {
    Fail("array '" + key + "' has inconsistent sizes");
  }
  std::vector<uint8_t> data(entry.size);
  if (entry.method == 0) {
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(begin), entry.size, data.begin());
  } else {
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) Fail("zlib could not start");
    stream.next_in = const_cast<uint8_t*>(bytes_.data()) + begin;
    stream.avail_in = static_cast<uInt>(entry.packed_size);
    stream.next_out = data.data();
    stream.avail_out = static_cast<uInt>(entry.size);
    const int status = inflate(&stream, Z_FINISH);
    const bool complete = status == Z_STREAM_END && stream.total_out == entry.size;
    inflateEnd(&stream);
    if (!complete) Fail("array '" + key + "' cannot be unpacked: its data is damaged");
  }
  if (crc32(0, data.data(), static_cast<uInt>(data.size())) != entry.crc) {
    Fail("array '" + key + "' is damaged: its checksum differs");
  }
  return data;
}

}  // namespace foothold::labels
