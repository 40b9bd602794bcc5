// SPDX-License-Identifier: Apache-2.0
#include "foothold/networks/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <set>

#include "foothold/base/error.h"
#include "foothold/base/options.h"
#include "foothold/networks/json_reader.h"

namespace foothold {
namespace {

constexpr size_t kLengthBytes = 8;
// Far above any network's (the 1,400 tensors of the full student need 0.2 MB).
constexpr uint64_t kMaxHeaderBytes = 64 << 20;
constexpr size_t kMaxRank = 16;

struct TypeRow {
  TensorType type;
  const char* name;
  size_t bytes;
};
constexpr TypeRow kTypes[] = {{TensorType::kF64, "F64", 8},
                              {TensorType::kF32, "F32", 4},
                              {TensorType::kF16, "F16", 2},
                              {TensorType::kBf16, "BF16", 2},
                              {TensorType::kI64, "I64", 8},
                              {TensorType::kI32, "I32", 4},
                              {TensorType::kU8, "U8", 1},
                              {TensorType::kBool, "BOOL", 1}};

const TypeRow& RowOf(TensorType type) { return kTypes[static_cast<int>(type)]; }

// One tensor as the header states it.
struct Entry {
  std::string type;
  std::vector<uint64_t> shape, range;
};

Entry ReadEntry(JsonReader* json, const std::string& name) {
  Entry entry;
  std::set<std::string> seen;
  json->Object([&](const std::string& field) {
    if (!seen.insert(field).second) json->Fail("tensor '" + name + "' has field '" + field + "' twice");
    if (field == "dtype") {
      entry.type = json->String();
    } else if (field == "shape" || field == "data_offsets") {
      std::vector<uint64_t>* numbers = field == "shape" ? &entry.shape : &entry.range;
      const size_t limit = field == "shape" ? kMaxRank : 2;
      json->Array([&] {
        if (numbers->size() == limit) {
          json->Fail("tensor '" + name + "', " + field + ": more than " + std::to_string(limit) + " numbers");
        }
        numbers->push_back(json->Unsigned());
      });
    } else {
      json->Fail("tensor '" + name + "' has the unknown field '" + field + "'");
    }
  });
  if (seen.size() != 3) json->Fail("tensor '" + name + "' lacks one of dtype, shape, data_offsets");
  return entry;
}

// Product of the sides and the item size; false when it does not fit 63 bits.
bool SizeOf(const std::vector<uint64_t>& shape, size_t item_bytes, uint64_t* size) {
  *size = item_bytes;
  for (const uint64_t side : shape) {
    if (side > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return false;
    if (side != 0 && *size > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) / side) return false;
    *size *= side;
  }
  return true;
}

class Mapping {
 public:
  Mapping(void* address, size_t size) : address_(address), size_(size) {}
  ~Mapping() { munmap(address_, size_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

 private:
  void* address_;
  size_t size_;
};

}  // namespace

const char* NameOf(TensorType type) { return RowOf(type).name; }
size_t BytesOf(TensorType type) { return RowOf(type).bytes; }

std::string FormatShape(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

void SafetensorsFile::Fail(const std::string& what) const {
  throw Error(ErrorKind::kBadInput, origin_ + ": " + what);
}

SafetensorsFile::SafetensorsFile(const std::string& path) : origin_(path) {
  const auto fail_errno = [&](const std::string& what) {
    Fail(what + ": " + std::strerror(errno) + "; check the path");
  };
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_errno("cannot be opened");
  struct stat status {};
  void* address = MAP_FAILED;
  const bool regular = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  const auto size = static_cast<size_t>(status.st_size);
  if (regular && size > 0) address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  const int map_error = errno;
  close(descriptor);
  if (!regular) Fail("is not a regular file");
  if (size == 0) Fail("is empty");
  errno = map_error;
  if (address == MAP_FAILED) fail_errno("cannot be mapped into memory");
  storage_ = std::make_shared<Mapping>(address, size);
  Parse(static_cast<const uint8_t*>(address), size);
}

SafetensorsFile SafetensorsFile::FromBytes(std::string bytes, const std::string& origin) {
  SafetensorsFile file;
  file.origin_ = origin;
  const auto kept = std::make_shared<const std::string>(std::move(bytes));
  file.storage_ = kept;
  file.Parse(reinterpret_cast<const uint8_t*>(kept->data()), kept->size());
  return file;
}

void SafetensorsFile::Parse(const uint8_t* bytes, size_t size) {
  if (size < kLengthBytes) Fail("is too short to be a safetensors file");
  uint64_t header_size = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) header_size |= static_cast<uint64_t>(bytes[i]) << (8 * i);
  if (header_size > kMaxHeaderBytes) {
    Fail("states a header of " + std::to_string(header_size) + " bytes; this is not a safetensors file");
  }
  if (header_size > size - kLengthBytes) {
    Fail("states a header of " + std::to_string(header_size) + " bytes, but the file has " +
         std::to_string(size) + "; it is cut short or not a safetensors file");
  }
  const uint8_t* header = bytes + kLengthBytes;
  ParseHeader({reinterpret_cast<const char*>(header), static_cast<size_t>(header_size)},
              header + header_size,
              size - kLengthBytes - static_cast<size_t>(header_size));
}

void SafetensorsFile::ParseHeader(std::string_view header, const uint8_t* data, size_t data_size) {
  JsonReader json(header, origin_ + ": header");
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  bool has_metadata = false;
  json.Object([&](const std::string& name) {
    if (name == "__metadata__") {
      if (std::exchange(has_metadata, true)) json.Fail("__metadata__ stands there twice");
      json.Object([&](const std::string& key) {
        if (!metadata_.emplace(key, json.String()).second) json.Fail("__metadata__ has '" + key + "' twice");
      });
      return;
    }
    const Entry entry = ReadEntry(&json, name);
    const std::string where = "tensor '" + name + "': ";
    const auto* type = std::find_if(
        std::begin(kTypes), std::end(kTypes), [&](const TypeRow& row) { return row.name == entry.type; });
    if (type == std::end(kTypes)) {
      Fail(where + "dtype '" + entry.type + "' is not one of F64, F32, F16, BF16, I64, I32, U8, BOOL");
    }
    if (entry.range.size() != 2) Fail(where + "data_offsets needs two numbers");
    const auto [begin, end] = std::pair(entry.range[0], entry.range[1]);
    if (begin > end || end > data_size) {
      Fail(where + "data_offsets " + std::to_string(begin) + " to " + std::to_string(end) +
           " lie outside the " + std::to_string(data_size) + " bytes of data; the file may be cut short");
    }
    uint64_t expected_bytes = 0;
    if (!SizeOf(entry.shape, type->bytes, &expected_bytes)) Fail(where + "shape is too large");
    if (expected_bytes != end - begin) {
      Fail(where + "data_offsets span " + std::to_string(end - begin) + " bytes, dtype and shape need " +
           std::to_string(expected_bytes));
    }
    const TensorView view = {
        type->type, {entry.shape.begin(), entry.shape.end()}, data + begin, static_cast<size_t>(end - begin)};
    if (!tensors_.emplace(name, view).second) Fail(where + "stands there twice");
    ranges.emplace_back(begin, end);
  });
  json.Finish();

  std::sort(ranges.begin(), ranges.end());
  uint64_t covered = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != covered) {
      Fail(std::string("data_offsets leave a ") + (begin > covered ? "gap" : "overlap") + " at byte " +
           std::to_string(covered) + " of the data");
    }
    covered = end;
  }
  if (covered != data_size) {
    Fail(std::to_string(data_size - covered) + " bytes at the end belong to no tensor");
  }
}

const TensorView& SafetensorsFile::Tensor(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found != tensors_.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [other, view] : tensors_) names.push_back(other);
  const std::string nearest = NearestWord(name, names);
  Fail("has no tensor '" + name + "'" + (nearest.empty() ? "" : "; the nearest is '" + nearest + "'"));
}

}  // namespace foothold
