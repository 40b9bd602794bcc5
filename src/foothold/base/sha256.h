// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace foothold {

// SHA-256 (FIPS 180-4) as 64 lower-case hex digits: what `sha256sum` prints and every language computes. For
// files that other people's programs write; our own are protected by XXH3 (hash.h), which is faster.
std::string Sha256OfText(std::string_view text);
// Throws Error(kBadInput) when the file cannot be read.
std::string Sha256OfFile(const std::string& path);

}  // namespace foothold
