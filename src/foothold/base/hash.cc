// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/hash.h"

#include <xxhash.h>

#include <cstdio>
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

std::string HashFile(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (file == nullptr) {
    throw Error(ErrorKind::kBadInput,
                path + ": cannot be opened for reading; check the path and its permissions");
  }
  Hasher hasher;
  std::vector<char> buffer(1 << 20);
  size_t count = 0;
  while ((count = std::fread(buffer.data(), 1, buffer.size(), file.get())) > 0) {
    hasher.Update(buffer.data(), count);
  }
  if (std::ferror(file.get()) != 0) {
    throw Error(ErrorKind::kBadInput, path + ": reading failed; is it a regular file on a healthy disk?");
  }
  return hasher.Hex();
}

}  // namespace foothold
