// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/ledger_snapshot.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "foothold/base/hash.h"

namespace foothold {
namespace {

constexpr std::string_view kFirstLine = "foothold-snapshot 1";
constexpr std::string_view kHashWord = "xxh3-128 ";
constexpr char kLetters[] = {'.', 'd', 'p', 'h'};  // By LedgerState's code.

// Reads words and numbers off the front of a text; a failure stays.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  bool ok() const { return ok_; }
  std::string_view Until(char end) {
    const size_t position = text_.find(end);
    if (position == std::string_view::npos) {
      ok_ = false;
      return {};
    }
    const std::string_view word = text_.substr(0, position);
    text_.remove_prefix(position + 1);
    return word;
  }
  template <class Number>
  Number NumberUntil(char end) {
    const std::string_view word = Until(end);
    Number number = 0;
    const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    ok_ = ok_ && error == std::errc() && rest == word.data() + word.size();
    return ok_ ? number : 0;
  }
  void Require(bool condition) { ok_ = ok_ && condition; }

 private:
  std::string_view text_;
  bool ok_ = true;
};

struct Content {
  bool wants_offsets = true;
  RecordOffsets offsets;
  std::vector<std::pair<size_t, UnitHistory>> histories;
  std::string_view states;
};

// Everything but the hash; `num_units` bounds what is reserved.
bool ParseContent(std::string_view text, const std::string& units, size_t num_units, Content* content) {
  Scanner scan(text);
  scan.Require(scan.Until('\n') == kFirstLine);
  scan.Require(scan.Until(' ') == "units");
  scan.Require(scan.NumberUntil<size_t>(' ') == num_units);
  scan.Require(scan.Until('\n') == units);
  scan.Require(scan.Until(' ') == "files");
  for (auto left = scan.NumberUntil<size_t>('\n'); left > 0 && scan.ok(); --left) {
    const auto offset = scan.NumberUntil<int64_t>(' ');
    const std::string_view name = scan.Until('\n');
    scan.Require(offset >= 0);
    if (content->wants_offsets) content->offsets[std::string(name)] = offset;
  }
  scan.Require(scan.Until(' ') == "histories");
  for (auto left = scan.NumberUntil<size_t>('\n'); left > 0 && scan.ok(); --left) {
    const auto index = scan.NumberUntil<size_t>(' ');
    UnitHistory history;
    for (uint16_t* field : {&history.done, &history.rejected, &history.failed, &history.quarantined})
      *field = scan.NumberUntil<uint16_t>(' ');
    history.reopened = scan.NumberUntil<uint16_t>(' ');
    history.partly = scan.NumberUntil<int>('\n') != 0;
    scan.Require(index < num_units);
    content->histories.emplace_back(index, history);
  }
  scan.Require(scan.Until(' ') == "states");
  content->states = scan.Until('\n');
  return scan.ok();
}

// The runs of `states`: calls add(first, count, letter); false when they do not cover `num_units` units.
template <class Add>
bool ForEachRun(std::string_view states, size_t num_units, const Add& add) {
  size_t next = 0;
  while (!states.empty()) {
    size_t count = 1;
    const auto [rest, error] = std::from_chars(states.data(), states.data() + states.size(), count);
    if (error == std::errc()) states.remove_prefix(static_cast<size_t>(rest - states.data()));
    if (error == std::errc::result_out_of_range || states.empty() || count > num_units - next) return false;
    const auto letter = std::find(std::begin(kLetters), std::end(kLetters), states.front());
    if (letter == std::end(kLetters)) return false;
    add(next, count, *letter);
    next += count;
    states.remove_prefix(1);
  }
  return next == num_units;
}

}  // namespace

std::string LedgerSnapshot::Format(const LedgerState& state,
                                   const RecordOffsets& offsets,
                                   const std::string& units) {
  std::string text(kFirstLine);
  text += "\nunits " + std::to_string(state.size()) + " " + units;
  text += "\nfiles " + std::to_string(offsets.size()) + "\n";
  for (const auto& [name, offset] : offsets) text += std::to_string(offset) + " " + name + "\n";
  text += "histories " + std::to_string(state.histories_.size()) + "\n";
  for (const auto& [index, h] : std::map(state.histories_.begin(), state.histories_.end())) {
    text += std::to_string(index);
    for (const int field : {int{h.done}, int{h.rejected}, int{h.failed}, int{h.quarantined}, int{h.reopened}})
      text += " " + std::to_string(field);
    text += h.partly ? " 1\n" : " 0\n";
  }
  text += "states ";
  for (size_t begin = 0, end = 0; begin < state.size(); begin = end) {
    while (end < state.size() && state.CodeOf(end) == state.CodeOf(begin)) ++end;
    if (end - begin > 1) text += std::to_string(end - begin);
    text += kLetters[state.CodeOf(begin)];
  }
  text += "\n";
  return text + std::string(kHashWord) + HashText(text) + "\n";
}

bool LedgerSnapshot::Parse(std::string_view text,
                           const std::string& units,
                           LedgerState* state,
                           RecordOffsets* offsets) {
  const size_t last_line = text.rfind(kHashWord);
  if (last_line == std::string_view::npos) return false;
  const std::string_view body = text.substr(0, last_line);
  if (text.substr(last_line) != std::string(kHashWord) + HashBytes(body.data(), body.size()) + "\n")
    return false;
  Content content;
  content.wants_offsets = offsets != nullptr;
  if (!ParseContent(body, units, state->size(), &content)) return false;
  if (!ForEachRun(content.states, state->size(), [](size_t, size_t, char) {})) return false;

  ForEachRun(content.states, state->size(), [&](size_t first, size_t count, char letter) {
    if (letter == 'd' || letter == 'p') state->AddDoneAtOnce(first, count, letter == 'p');
  });
  for (const auto& [index, history] : content.histories) state->Add(index, history);
  for (const auto& [name, offset] : content.offsets) {
    int64_t& known = (*offsets)[name];
    known = std::max(known, offset);
  }
  return true;
}

}  // namespace foothold
