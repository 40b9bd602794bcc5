// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/quarantine_report.h"

#include <nlohmann/json.hpp>

#include "foothold/base/error.h"
#include "foothold/corpus/whole_number.h"

namespace foothold {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFailure = "{\"failure\":";
constexpr size_t kMaxLines = 20;

std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines;
  for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

Json ParseObject(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  return json.is_object() ? json : Json::object();
}

// A member that is missing, or of another type, leaves *value alone.
void ReadIfText(const Json& json, const char* name, std::string* value) {
  if (json.contains(name) && json[name].is_string()) *value = json[name];
}

}  // namespace

std::string QuarantineReport::FailureLine(const LedgerRecord& record) {
  const Json json = {{"failure", record.reason}, {"message", record.message}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void QuarantineReport::AddAttempt(int number, std::string_view claim_text) {
  Attempt attempt;
  attempt.attempt = number;
  attempt.reason = "process_died";
  attempt.message = "the process that worked on this unit died without a word";
  std::vector<std::string> lines = LinesOf(claim_text);
  if (!lines.empty()) {
    const Json holder = ParseObject(lines.front());
    ReadIfText(holder, "host", &attempt.host);
    ReadIfText(holder, "process", &attempt.process);
    if (holder.contains("pid")) ReadIfWhole(holder["pid"], &attempt.pid);
    if (holder.contains("time_unix_s")) ReadIfWhole(holder["time_unix_s"], &attempt.time_unix_s);
    lines.erase(lines.begin());
  }
  std::erase_if(lines, [&](const std::string& line) {
    if (!line.starts_with(kFailure)) return false;
    const Json failure = ParseObject(line);
    attempt.reason = "unknown";
    attempt.message.clear();
    ReadIfText(failure, "failure", &attempt.reason);
    ReadIfText(failure, "message", &attempt.message);
    return true;
  });
  if (lines.size() > kMaxLines) lines.erase(lines.begin(), lines.end() - kMaxLines);
  log = std::move(lines);
  reason = attempt.reason;
  message = attempt.message;
  attempts.push_back(std::move(attempt));
}

std::string QuarantineReport::Format() const {
  Json json = {{"unit", unit.Key()},
               {"id", unit.id},
               {"path", unit.path},
               {"frames", {unit.begin, unit.end}},
               {"reason", reason},
               {"message", message},
               {"attempts", Json::array()},
               {"log", log},
               {"reproduce", reproduce}};
  for (const Attempt& attempt : attempts) {
    json["attempts"].push_back({{"attempt", attempt.attempt},
                                {"host", attempt.host},
                                {"process", attempt.process},
                                {"pid", attempt.pid},
                                {"begun_unix_s", attempt.time_unix_s},
                                {"reason", attempt.reason},
                                {"message", attempt.message}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

QuarantineReport QuarantineReport::Parse(const std::string& text, const std::string& path) {
  QuarantineReport report;
  try {
    const Json json = Json::parse(text);
    report.unit.id = json.at("id");
    report.unit.path = json.at("path");
    ReadWhole(json.at("frames").at(0), &report.unit.begin);
    ReadWhole(json.at("frames").at(1), &report.unit.end);
    report.reason = json.at("reason");
    report.message = json.at("message");
    report.log = json.at("log").get<std::vector<std::string>>();
    report.reproduce = json.at("reproduce");
    for (const Json& attempt : json.at("attempts")) {
      report.attempts.push_back({WholeNumber<int>(attempt.at("attempt")),
                                 attempt.at("host"),
                                 attempt.at("process"),
                                 WholeNumber<long>(attempt.at("pid")),
                                 WholeNumber<int64_t>(attempt.at("begun_unix_s")),
                                 attempt.at("reason"),
                                 attempt.at("message")});
    }
  } catch (const std::exception& error) {
    throw Error(ErrorKind::kBadInput,
                path + ": is no quarantine report (" + error.what() +
                    "); remove it, the records still say why the unit was given up");
  }
  return report;
}

std::string ShellQuoted(const std::string& word) {
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace foothold
