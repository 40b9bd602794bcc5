// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

namespace foothold {

// Values as the bytes that this build has in memory: for what one build writes for itself (journals, pipes
// to its own child), not for files that people keep.
class ByteWriter {
 public:
  template <class T>
  requires std::is_trivially_copyable_v<T> ByteWriter& Put(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
    return *this;
  }
  ByteWriter& Put(const std::string& text) {
    Put<uint64_t>(text.size());
    bytes_ += text;
    return *this;
  }
  template <class T>
  ByteWriter& Put(const std::vector<T>& values) {
    Put<uint64_t>(values.size());
    if constexpr (std::is_trivially_copyable_v<T>) {
      bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    } else {
      for (const T& value : values) Put(value);
    }
    return *this;
  }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads them back in the same order. After a value that the bytes do not hold, ok() is false for good.
class ByteReader {
 public:
  explicit ByteReader(const std::string& bytes) : bytes_(bytes) {}

  template <class T>
  requires std::is_trivially_copyable_v<T> ByteReader& Get(T* value) {
    if (Has(sizeof(T))) {
      std::memcpy(static_cast<void*>(value), bytes_.data() + position_, sizeof(T));
      position_ += sizeof(T);
    }
    return *this;
  }
  ByteReader& Get(std::string* text) {
    const uint64_t size = Size(1);
    text->assign(bytes_, position_, size);
    position_ += size;
    return *this;
  }
  template <class T>
  ByteReader& Get(std::vector<T>* values) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      values->resize(Size(sizeof(T)));
      const size_t size = values->size() * sizeof(T);
      if (size > 0) std::memcpy(static_cast<void*>(values->data()), bytes_.data() + position_, size);
      position_ += size;
    } else {
      values->resize(Size(1));
      for (T& value : *values) Get(&value);
    }
    return *this;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && position_ == bytes_.size(); }

 private:
  bool Has(uint64_t size) {
    ok_ = ok_ && size <= bytes_.size() - position_;
    return ok_;
  }
  // A count of elements that the rest can hold, or 0.
  uint64_t Size(uint64_t element_bytes) {
    uint64_t count = 0;
    Get(&count);
    ok_ = ok_ && count <= (bytes_.size() - position_) / element_bytes;
    return ok_ ? count : 0;
  }

  const std::string& bytes_;
  size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace foothold
