// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <string>

namespace foothold {

// One entry of a tar archive, as a ustar header and padded content; a long name takes a GNU entry before.
inline std::string TarEntry(const std::string& name, const std::string& content, char type = '0') {
  std::string header(512, '\0');
  const auto put = [&](size_t at, const std::string& text) { header.replace(at, text.size(), text); };
  char size[16];
  std::snprintf(size, sizeof size, "%011zo", content.size());
  put(0, name.substr(0, 100));
  put(100, "0000644");
  put(124, size);
  put(156, std::string(1, type));
  put(257,
      std::string("ustar\0"
                  "00",
                  8));
  put(148, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  char checksum[16];
  std::snprintf(checksum, sizeof checksum, "%06o", sum);
  put(148, checksum);
  std::string entry = name.size() > 100 ? TarEntry("././@LongLink", name + '\0', 'L') : "";
  entry += header + content;
  entry.resize((entry.size() + 511) / 512 * 512, '\0');
  return entry;
}

inline std::string TarEnd() { return std::string(1024, '\0'); }

}  // namespace foothold
