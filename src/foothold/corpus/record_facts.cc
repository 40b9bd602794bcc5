// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/record_facts.h"

#include <charconv>

namespace foothold {
namespace {

// Takes known text and values off the front of a line; a failure stays.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  bool ok() const { return ok_; }

  bool At(std::string_view known) const { return ok_ && text_.starts_with(known); }
  void Skip(std::string_view known) {
    ok_ = At(known);
    if (ok_) text_.remove_prefix(known.size());
  }
  template <class Number>
  void Take(std::string_view name, Number* value) {
    Skip(name);
    if (!ok_) return;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), *value);
    ok_ = error == std::errc();
    text_.remove_prefix(static_cast<size_t>(end - text_.data()));
  }
  // The rest of a string after its opening quote, and the closing one. `word` may be null; a word with
  // escapes fails, an unwanted string may have any.
  void TakeString(std::string_view name, std::string* word) {
    Skip(name);
    size_t end = 0;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
    ok_ = ok_ && end < text_.size();
    if (!ok_) return;
    if (word != nullptr) {
      *word = text_.substr(0, end);
      ok_ = word->find('\\') == std::string::npos;
    }
    text_.remove_prefix(end + 1);
  }

 private:
  std::string_view text_;
  bool ok_ = true;
};

bool TakeFacts(std::string_view line, RecordFacts* facts) {
  Cursor cursor(line);
  int number = 0;
  cursor.TakeString("{\"event\":\"", nullptr);
  cursor.TakeString(",\"unit\":\"", nullptr);
  cursor.Take(",\"attempt\":", &number);
  cursor.Take(",\"clips_rejected\":", &facts->clips_rejected);
  cursor.TakeString(",\"id\":\"", nullptr);
  cursor.TakeString(",\"reason\":\"", &facts->reason);
  cursor.TakeString(",\"message\":\"", nullptr);
  cursor.Take(",\"clips_done\":", &facts->clips_done);
  cursor.Take(",\"frames\":", &facts->frames);
  cursor.Take(",\"seconds\":", &facts->seconds);
  cursor.Skip(",\"labels\":[");
  facts->num_labels = 0;
  facts->label_bytes = 0;
  while (cursor.ok() && !cursor.At("]")) {
    if (facts->num_labels > 0) cursor.Skip(",");
    int64_t bytes = 0;
    cursor.TakeString("{\"path\":\"", nullptr);
    cursor.Take(",\"frames\":", &number);
    cursor.Take(",\"bytes\":", &bytes);
    cursor.TakeString(",\"xxh3\":\"", nullptr);
    cursor.Skip("}");
    ++facts->num_labels;
    facts->label_bytes += bytes;
  }
  cursor.TakeString("],\"host\":\"", &facts->host);
  cursor.TakeString(",\"process\":\"", &facts->process);
  cursor.Take(",\"rank\":", &facts->rank);
  cursor.Take(",\"time_unix_s\":", &facts->time_unix_s);
  return cursor.ok();
}

}  // namespace

bool ParseRecordFacts(std::string_view line, RecordFacts* facts) {
  if (!ParseRecordHead(line, &facts->head)) return false;
  if (TakeFacts(line, facts)) return true;
  LedgerRecord record;
  if (!ParseRecord(line, &record)) return false;
  facts->reason = std::move(record.reason);
  facts->clips_done = record.clips_done;
  facts->clips_rejected = record.clips_rejected;
  facts->frames = record.frames;
  facts->seconds = record.seconds;
  facts->num_labels = static_cast<int>(record.labels.size());
  facts->label_bytes = 0;
  for (const LabelFile& label : record.labels) facts->label_bytes += label.bytes;
  facts->host = std::move(record.host);
  facts->process = std::move(record.process);
  facts->rank = record.rank;
  facts->time_unix_s = record.time_unix_s;
  return true;
}

}  // namespace foothold
