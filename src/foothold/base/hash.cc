// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/hash.h"

#include <xxhash.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <vector>

#include "foothold/base/error.h"

namespace foothold {
namespace {

std::string Hex(const XXH128_hash_t& hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  static const char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned char byte : canonical.digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

struct Hasher::Impl {
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state{XXH3_createState(), &XXH3_freeState};
};

Hasher::Hasher() : impl_(std::make_unique<Impl>()) {
  FOOTHOLD_CHECK(impl_->state != nullptr, "out of memory");
  XXH3_128bits_reset(impl_->state.get());
}
Hasher::~Hasher() = default;

void Hasher::Update(const void* data, size_t size_bytes) {
  XXH3_128bits_update(impl_->state.get(), data, size_bytes);
}

std::string Hasher::Hex() const { return foothold::Hex(XXH3_128bits_digest(impl_->state.get())); }

std::string HashBytes(const void* data, size_t size_bytes) { return Hex(XXH3_128bits(data, size_bytes)); }

std::string HashText(const std::string& text) { return HashBytes(text.data(), text.size()); }

uint64_t Hash64(const void* data, size_t size_bytes) { return XXH3_64bits(data, size_bytes); }
namespace {

// Bytes [begin, end) of a file, in pieces, into `hasher`. An `end` behind the file's is its end.
class FileHasher {
 public:
  explicit FileHasher(const std::string& path)
      : path_(path), file_(std::fopen(path.c_str(), "rb"), &std::fclose), buffer_(1 << 20) {
    if (file_ == nullptr) Fail("cannot be opened for reading; check the path and its permissions");
  }
  void Add(uint64_t begin, uint64_t end) {
    if (fseeko(file_.get(), static_cast<off_t>(begin), SEEK_SET) != 0) Fail("cannot be read in the middle");
    while (begin < end) {
      const size_t wanted = static_cast<size_t>(std::min<uint64_t>(end - begin, buffer_.size()));
      const size_t count = std::fread(buffer_.data(), 1, wanted, file_.get());
      if (std::ferror(file_.get()) != 0) Fail("reading failed; is it a regular file on a healthy disk?");
      if (count == 0) return;
      hasher_.Update(buffer_.data(), count);
      begin += count;
    }
  }
  Hasher& hasher() { return hasher_; }

 private:
  [[noreturn]] void Fail(const std::string& what) const {
    throw Error(ErrorKind::kBadInput, path_ + ": " + what);
  }

  std::string path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  std::vector<char> buffer_;
  Hasher hasher_;
};

}  // namespace

std::string HashFile(const std::string& path) {
  FileHasher file(path);
  file.Add(0, std::numeric_limits<uint64_t>::max());
  return file.hasher().Hex();
}

std::string HashFile(const FilePiece& piece) {
  FileHasher file(piece.path);
  file.Add(piece.offset, piece.offset + piece.size);
  return file.hasher().Hex();
}

std::string HashFileEnds(const FilePiece& piece) {
  constexpr uint64_t kBlock = 256 << 10;
  const uint64_t begin = piece.offset, end = piece.offset + piece.size;
  FileHasher file(piece.path);
  const std::string size = std::to_string(piece.size) + "\n";
  file.hasher().Update(size.data(), size.size());
  if (piece.size <= 3 * kBlock) {
    file.Add(begin, end);
  } else {
    const uint64_t middle = begin + (piece.size - kBlock) / 2;
    for (const uint64_t block : {begin, middle, end - kBlock}) file.Add(block, block + kBlock);
  }
  return file.hasher().Hex();
}

}  // namespace foothold
