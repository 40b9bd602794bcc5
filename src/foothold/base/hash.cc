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

std::string HashBytes(const void* data, size_t size_bytes) { return Hex(XXH3_128bits(data, size_bytes)); }

std::string HashText(const std::string& text) { return HashBytes(text.data(), text.size()); }

std::string HashFile(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (file == nullptr) {
    throw Error(ErrorKind::kBadInput,
                path + ": cannot be opened for reading; check the path and its permissions");
  }
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(),
                                                                              &XXH3_freeState);
  FOOTHOLD_CHECK(state != nullptr, "out of memory");
  XXH3_128bits_reset(state.get());
  std::vector<char> buffer(1 << 20);
  size_t count = 0;
  while ((count = std::fread(buffer.data(), 1, buffer.size(), file.get())) > 0) {
    XXH3_128bits_update(state.get(), buffer.data(), count);
  }
  if (std::ferror(file.get()) != 0) {
    throw Error(ErrorKind::kBadInput, path + ": reading failed; is it a regular file on a healthy disk?");
  }
  return Hex(XXH3_128bits_digest(state.get()));
}

}  // namespace foothold
