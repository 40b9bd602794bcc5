// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace foothold {

// Reads JSON of a known structure straight into its destination, for headers that nobody vouches for:
// it builds no tree, so memory is what the caller keeps, and depth is that of the caller's calls. Needs
// no library, as the learned parts also build on bare GPU nodes. Every failure is Error(kBadInput)
// "origin: byte N: what".
class JsonReader {
 public:
  // `text` outlives the reader.
  JsonReader(std::string_view text, std::string origin) : text_(text), origin_(std::move(origin)) {}

  // Calls `member` with every key in order; it must read the value.
  void Object(const std::function<void(const std::string& key)>& member);
  // Calls `item` before every element; it must read the element.
  void Array(const std::function<void()>& item);
  std::string String();
  uint64_t Unsigned();  // Digits only; what does not fit 64 bits fails.
  double Number();      // Finite.
  // First character of the next value: '{', '[', '"', a digit, '-', ...
  char Peek();
  void Finish();  // Nothing but white space is left.

  [[noreturn]] void Fail(const std::string& what) const;

 private:
  void SkipSpace();
  void Expect(char expected);
  bool Accept(char expected);
  void List(char close, const std::function<void()>& element);
  uint32_t HexDigits();
  void AppendEscape(std::string* text);

  std::string_view text_;
  size_t position_ = 0;
  std::string origin_;
};

// `text` as a JSON string, quotes included.
std::string QuoteJson(std::string_view text);

}  // namespace foothold
