// SPDX-License-Identifier: Apache-2.0
#include "foothold/networks/json_reader.h"

#include <charconv>
#include <cmath>
#include <cstdio>

#include "foothold/base/error.h"

namespace foothold {
namespace {

void AppendUtf8(uint32_t code, std::string* text) {
  const auto tail = [&](int shift) { text->push_back(static_cast<char>(0x80 | ((code >> shift) & 0x3f))); };
  if (code < 0x80) {
    text->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    text->push_back(static_cast<char>(0xc0 | (code >> 6)));
    tail(0);
  } else if (code < 0x10000) {
    text->push_back(static_cast<char>(0xe0 | (code >> 12)));
    tail(6);
    tail(0);
  } else {
    text->push_back(static_cast<char>(0xf0 | (code >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

void JsonReader::Fail(const std::string& what) const {
  throw Error(ErrorKind::kBadInput, origin_ + ": byte " + std::to_string(position_) + ": " + what);
}

void JsonReader::SkipSpace() {
  while (position_ < text_.size() &&
         std::string_view(" \t\r\n").find(text_[position_]) != std::string_view::npos)
    ++position_;
}

bool JsonReader::Accept(char expected) {
  SkipSpace();
  if (position_ == text_.size() || text_[position_] != expected) return false;
  ++position_;
  return true;
}

void JsonReader::Expect(char expected) {
  if (!Accept(expected)) Fail(std::string("expected '") + expected + "'");
}

char JsonReader::Peek() {
  SkipSpace();
  if (position_ == text_.size()) Fail("the text ends where a value should stand");
  return text_[position_];
}

void JsonReader::List(char close, const std::function<void()>& element) {
  if (Accept(close)) return;
  do {
    element();
  } while (Accept(','));
  Expect(close);
}

void JsonReader::Object(const std::function<void(const std::string& key)>& member) {
  Expect('{');
  List('}', [&] {
    const std::string key = String();
    Expect(':');
    member(key);
  });
}

void JsonReader::Array(const std::function<void()>& item) {
  Expect('[');
  List(']', item);
}

uint32_t JsonReader::HexDigits() {
  if (text_.size() - position_ < 4) Fail("\\u needs four hexadecimal digits");
  uint32_t code = 0;
  const char* begin = text_.data() + position_;
  const auto [end, error] = std::from_chars(begin, begin + 4, code, 16);
  if (error != std::errc() || end != begin + 4) Fail("\\u needs four hexadecimal digits");
  position_ += 4;
  return code;
}

void JsonReader::AppendEscape(std::string* text) {
  if (position_ == text_.size()) Fail("the text ends inside a string");
  const char c = text_[position_++];
  static constexpr std::string_view kEscapes = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
  const size_t index = kEscapes.find(c);
  if (index != std::string_view::npos) {
    text->push_back(kMeanings[index]);
    return;
  }
  if (c != 'u') Fail("unknown escape in a string");
  uint32_t code = HexDigits();
  if (code >= 0xd800 && code < 0xdc00) {  // First half of a character beyond 16 bits.
    if (text_.substr(position_, 2) != "\\u") Fail("half a surrogate pair");
    position_ += 2;
    const uint32_t low = HexDigits();
    if (low < 0xdc00 || low > 0xdfff) Fail("half a surrogate pair");
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  } else if (code >= 0xdc00 && code < 0xe000) {
    Fail("half a surrogate pair");
  }
  AppendUtf8(code, text);
}

std::string JsonReader::String() {
  Expect('"');
  std::string text;
  for (;;) {
    if (position_ == text_.size()) Fail("the text ends inside a string");
    const char c = text_[position_++];
    if (c == '"') return text;
    if (static_cast<unsigned char>(c) < 0x20) Fail("control character in a string");
    if (c == '\\') {
      AppendEscape(&text);
    } else {
      text.push_back(c);
    }
  }
}

uint64_t JsonReader::Unsigned() {
  SkipSpace();
  const char* begin = text_.data() + position_;
  const char* end = text_.data() + text_.size();
  uint64_t value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error == std::errc::result_out_of_range) Fail("the number does not fit 64 bits");
  if (error != std::errc() || !IsDigit(*begin)) Fail("expected a whole number");
  if (stop - begin > 1 && *begin == '0') Fail("a number starts with 0");
  position_ += static_cast<size_t>(stop - begin);
  if (position_ < text_.size() && std::string_view(".eE").find(text_[position_]) != std::string_view::npos)
    Fail("expected a whole number");
  return value;
}

double JsonReader::Number() {
  SkipSpace();
  const char* begin = text_.data() + position_;
  double value = 0;
  const auto [stop, error] = std::from_chars(begin, text_.data() + text_.size(), value);
  if (error != std::errc() || !std::isfinite(value)) Fail("expected a finite number");
  position_ += static_cast<size_t>(stop - begin);
  return value;
}

void JsonReader::Finish() {
  SkipSpace();
  if (position_ != text_.size()) Fail("more text after the end");
}

std::string QuoteJson(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x", c);
      quoted += escape;
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace foothold
