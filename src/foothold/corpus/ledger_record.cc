// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/ledger_record.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "foothold/base/hash.h"
#include "foothold/corpus/whole_number.h"

namespace foothold {
namespace {

using Json = nlohmann::ordered_json;
using Event = LedgerRecord::Event;

constexpr std::array kEvents = {
    Event::kDone, Event::kRejected, Event::kFailed, Event::kQuarantined, Event::kReopened};

constexpr std::string_view kSumBefore = ",\"sum\":\"", kSumAfter = "\"}";
constexpr size_t kSumDigits = 16;
constexpr size_t kSumSize = kSumBefore.size() + kSumDigits + kSumAfter.size();

bool ParseHex(std::string_view text, uint64_t* value) {
  if (text.size() != 16) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value, 16);
  return error == std::errc() && end == text.data() + text.size();
}

bool EventOf(std::string_view name, Event* event) {
  for (const Event candidate : kEvents) {
    if (name != NameOf(candidate)) continue;
    *event = candidate;
    return true;
  }
  return false;
}

std::string SumOf(std::string_view text) {
  char digits[kSumDigits + 1];
  std::snprintf(
      digits, sizeof digits, "%016llx", static_cast<unsigned long long>(Hash64(text.data(), text.size())));
  return digits;
}

// Whether the line ends with the sum of what stands before it.
bool IsWhole(std::string_view line) {
  if (line.size() <= kSumSize) return false;
  const std::string_view body = line.substr(0, line.size() - kSumSize), end = line.substr(body.size());
  uint64_t sum = 0;
  return end.starts_with(kSumBefore) && end.ends_with(kSumAfter) &&
         ParseHex(end.substr(kSumBefore.size(), kSumDigits), &sum) && sum == Hash64(body.data(), body.size());
}

// Takes `prefix` off the front of *text.
bool Skip(std::string_view prefix, std::string_view* text) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

// Takes characters up to the next quote; keys and event names have nothing to escape.
bool TakeWord(std::string_view* text, std::string_view* word) {
  const size_t end = text->find('"');
  if (end == std::string_view::npos) return false;
  *word = text->substr(0, end);
  text->remove_prefix(end);
  return word->find('\\') == std::string_view::npos;
}

bool TakeInt(std::string_view* text, int* value) {
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *value);
  if (error != std::errc()) return false;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return true;
}

}  // namespace

const char* NameOf(LedgerRecord::Event event) {
  switch (event) {
    case Event::kDone:
      return "done";
    case Event::kRejected:
      return "rejected";
    case Event::kFailed:
      return "failed";
    case Event::kQuarantined:
      return "quarantined";
    case Event::kReopened:
      return "reopened";
  }
  return "";
}

std::string WithSum(const std::string& json) {
  const std::string body = json.substr(0, json.empty() ? 0 : json.size() - 1);
  return body + std::string(kSumBefore) + SumOf(body) + std::string(kSumAfter);
}

uint64_t UnitHash(const std::string& id) {
  uint64_t hash = 0;
  ParseHex(std::string_view(HashText(id)).substr(0, 16), &hash);
  return hash;
}

bool HashOfKey(std::string_view key, uint64_t* hash) {
  return key.size() > 17 && key[key.size() - 17] == '-' && ParseHex(key.substr(key.size() - 16), hash);
}

std::string FormatRecord(const LedgerRecord& record) {
  // The order of the first four members is what ParseRecordHead reads.
  Json json = {{"event", NameOf(record.event)},
               {"unit", record.unit_key},
               {"attempt", record.attempt},
               {"clips_rejected", record.clips_rejected},
               {"id", record.unit_id},
               {"reason", record.reason},
               {"message", record.message},
               {"clips_done", record.clips_done},
               {"frames", record.frames},
               {"seconds", record.seconds},
               {"labels", Json::array()},
               {"host", record.host},
               {"process", record.process},
               {"rank", record.rank},
               {"time_unix_s", record.time_unix_s}};
  for (const LabelFile& label : record.labels) {
    json["labels"].push_back(
        {{"path", label.path}, {"frames", label.frames}, {"bytes", label.bytes}, {"xxh3", label.xxh3}});
  }
  // Messages may quote file names that are not UTF-8.
  return WithSum(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

bool ParseRecordHead(std::string_view line, RecordHead* head) {
  if (!IsWhole(line)) return false;
  std::string_view event, key;
  int rejected = 0;
  const bool good = Skip("{\"event\":\"", &line) && TakeWord(&line, &event) && EventOf(event, &head->event) &&
                    Skip("\",\"unit\":\"", &line) && TakeWord(&line, &key) &&
                    HashOfKey(key, &head->unit_hash) && Skip("\",\"attempt\":", &line) &&
                    TakeInt(&line, &head->attempt) && Skip(",\"clips_rejected\":", &line) &&
                    TakeInt(&line, &rejected) && Skip(",", &line);
  head->partly = rejected > 0;
  return good && head->attempt >= 1 && head->attempt <= 60000;
}

bool ParseRecord(std::string_view line, LedgerRecord* record) {
  RecordHead head;
  if (!ParseRecordHead(line, &head)) return false;
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return false;
  try {
    record->event = head.event;
    record->attempt = head.attempt;
    record->unit_key = json.at("unit");
    record->unit_id = json.at("id");
    record->reason = json.at("reason");
    record->message = json.at("message");
    ReadWhole(json.at("clips_done"), &record->clips_done);
    ReadWhole(json.at("clips_rejected"), &record->clips_rejected);
    ReadWhole(json.at("frames"), &record->frames);
    record->seconds = json.at("seconds");
    record->host = json.at("host");
    record->process = json.at("process");
    ReadWhole(json.at("rank"), &record->rank);
    ReadWhole(json.at("time_unix_s"), &record->time_unix_s);
    record->labels.clear();
    for (const auto& label : json.at("labels")) {
      LabelFile& file = record->labels.emplace_back();
      file.path = label.at("path");
      ReadWhole(label.at("frames"), &file.frames);
      ReadWhole(label.at("bytes"), &file.bytes);
      file.xxh3 = label.at("xxh3");
    }
  } catch (const std::exception&) {  // A member that is missing, of another type or too large.
    return false;
  }
  // Of a name that is given twice, the head has the first and the whole the last.
  uint64_t hash = 0;
  return HashOfKey(record->unit_key, &hash) && hash == head.unit_hash;
}

}  // namespace foothold
