// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/names.h"

#include <cstdint>
#include <cstdio>
#include <sstream>

#include "foothold/base/hash.h"

namespace foothold {
namespace {

constexpr size_t kMaxId = 1000, kMaxPart = 200;

// Bytes of the UTF-8 sequence at `i`; 0 when there is none.
size_t SequenceLength(const std::string& text, size_t i) {
  const auto byte = [&](size_t k) { return k < text.size() ? static_cast<unsigned char>(text[k]) : 0u; };
  const unsigned first = byte(i);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  uint32_t code = first & (0xff >> (length + 1));
  for (size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i + k) & 0x3f);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return overlong || surrogate || code > 0x10ffff ? 0 : length;
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }

std::string Escaped(char c) {
  char text[4];
  std::snprintf(text, sizeof text, "%%%02X", static_cast<unsigned char>(c));
  return text;
}

// One part of a path; never empty, hidden or too long.
std::string EscapedPart(const std::string& part) {
  std::string text;
  for (size_t i = 0; i < part.size();) {
    const size_t length = SequenceLength(part, i);
    const bool plain = length > 0 && !IsControl(part[i]) && part[i] != '\\' && (i > 0 || part[i] != '.');
    const std::string next = plain ? part.substr(i, length) : Escaped(part[i]);
    if (text.size() + next.size() > kMaxPart - 20) break;  // Room for what is added at the end.
    text += next;
    i += plain ? length : 1;
  }
  return text;
}

}  // namespace

bool IsUtf8(const std::string& text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = SequenceLength(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

std::string ProblemOfId(const std::string& id) {
  if (id.empty()) return "the id is empty";
  if (id.size() > kMaxId) return "the id is longer than 1000 bytes";
  if (!IsUtf8(id)) return "the id is not UTF-8";
  for (const char c : id) {
    if (IsControl(c)) return "the id has a control character";
    if (c == '\\') return "the id has a backslash";
  }
  std::istringstream parts(id + "/");
  for (std::string part; std::getline(parts, part, '/');) {
    if (part.empty()) return "the id '" + id + "' begins or ends with / or has //";
    if (part[0] == '.') return "a part of the id '" + id + "' begins with a dot";
    if (part.size() > kMaxPart) return "a part of the id is longer than 200 bytes";
  }
  return "";
}

std::string IdOfName(const std::string& name) {
  if (ProblemOfId(name).empty()) return name;
  std::string id;
  std::istringstream parts(name);
  for (std::string part; std::getline(parts, part, '/');) {
    if (part.empty() || id.size() + part.size() > kMaxId / 2) continue;
    id += (id.empty() ? "" : "/") + EscapedPart(part);
  }
  return id + "~" + HashText(name).substr(0, 8);
}

}  // namespace foothold
