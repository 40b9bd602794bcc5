// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "foothold/base/tar.h"

namespace foothold {

// XXH3-128 of bytes that arrive in pieces; the same value as HashBytes of them all.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  void Update(const void* data, size_t size_bytes);
  std::string Hex() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// XXH3-128 as 32 lower-case hex characters (canonical byte order).
std::string HashBytes(const void* data, size_t size_bytes);
std::string HashText(const std::string& text);
// XXH3-64, for lines and table keys.
uint64_t Hash64(const void* data, size_t size_bytes);
// Throws Error(kBadInput) when the file cannot be read.
std::string HashFile(const std::string& path);
std::string HashFile(const FilePiece& piece);
// Of the size and 256 KiB each at the start, in the middle and at the end: tells files apart without reading
// them, but says nothing of damage in between.
std::string HashFileEnds(const FilePiece& piece);

}  // namespace foothold
