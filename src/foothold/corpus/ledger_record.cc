// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/ledger_record.h"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "foothold/base/error.h"

namespace foothold {

const char* NameOf(LedgerRecord::Event event) {
  switch (event) {
    case LedgerRecord::Event::kDone:
      return "done";
    case LedgerRecord::Event::kRejected:
      return "rejected";
    case LedgerRecord::Event::kFailed:
      return "failed";
  }
  return "";
}

std::string FormatRecord(const LedgerRecord& record) {
  const nlohmann::ordered_json json = {{"event", NameOf(record.event)},
                                       {"id", record.unit_id},
                                       {"unit", record.unit_key},
                                       {"attempt", record.attempt},
                                       {"reason", record.reason},
                                       {"message", record.message},
                                       {"clips_done", record.clips_done},
                                       {"clips_rejected", record.clips_rejected},
                                       {"frames", record.frames},
                                       {"seconds", record.seconds},
                                       {"rank", std::max(0, ErrorContext::Rank())},
                                       {"time_unix_s", std::time(nullptr)}};
  // Messages may quote file names that are not UTF-8.
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool ParseRecord(const std::string& line, LedgerRecord* record) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return false;
  try {
    const std::string event = json.at("event");
    if (event == "done") {
      record->event = LedgerRecord::Event::kDone;
    } else if (event == "rejected") {
      record->event = LedgerRecord::Event::kRejected;
    } else if (event == "failed") {
      record->event = LedgerRecord::Event::kFailed;
    } else {
      return false;
    }
    record->unit_id = json.at("id");
    record->unit_key = json.at("unit");
    record->attempt = json.at("attempt");
    record->reason = json.at("reason");
    record->message = json.at("message");
    record->clips_done = json.at("clips_done");
    record->clips_rejected = json.at("clips_rejected");
    record->frames = json.at("frames");
    record->seconds = json.at("seconds");
  } catch (const nlohmann::json::exception&) {
    return false;
  }
  return record->attempt >= 1 && !record->unit_key.empty();
}

}  // namespace foothold
