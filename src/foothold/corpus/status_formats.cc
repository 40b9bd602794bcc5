// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/status_formats.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace foothold {
namespace {

using Json = nlohmann::ordered_json;

__attribute__((format(printf, 1, 2))) std::string Formatted(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

Json WorkersAsJson(const std::vector<RunStatus::Worker>& workers) {
  Json list = Json::array();
  for (const RunStatus::Worker& worker : workers) {
    list.push_back({{"name", worker.name},
                    {"host", worker.host},
                    {"rank", worker.rank},
                    {"units", worker.units},
                    {"frames", worker.frames},
                    {"seconds", worker.seconds},
                    {"frames_per_s", worker.FramesPerSecond()},
                    {"slowness", worker.slowness},
                    {"last_record_unix_s", worker.last_record_unix_s}});
  }
  return list;
}

// A line of the progress bar: labelled, other finished, open.
std::string Bar(const RunStatus& status, int width) {
  const long units = std::max(1L, status.units);
  const auto cells = [&](long count) { return static_cast<int>(count * width / units); };
  const int labelled = cells(status.done + status.partly), finished = cells(status.finished());
  return "[" + std::string(static_cast<size_t>(labelled), '#') +
         std::string(static_cast<size_t>(finished - labelled), 'x') +
         std::string(static_cast<size_t>(width - finished), '.') + "]";
}

std::string ReasonLines(const char* what, const std::map<std::string, long>& reasons) {
  std::vector<std::pair<std::string, long>> sorted(reasons.begin(), reasons.end());
  std::stable_sort(
      sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (const auto& [reason, count] : sorted) {
    text += Formatted("  %-12s %8ld  %s\n", what, count, reason.empty() ? "no reason given" : reason.c_str());
  }
  return text;
}

std::string HostLines(const RunStatus& status) {
  if (status.hosts.size() < 2) return "";
  constexpr size_t kMost = 5;
  std::string text = "slowest nodes (1.00 is the median)\n";
  for (size_t i = 0; i < std::min(kMost, status.hosts.size()); ++i) {
    const RunStatus::Worker& host = status.hosts[i];
    text += Formatted("  %-24s %5.2f  %8.2f frames/s a rank  %ld units\n",
                      host.name.c_str(),
                      host.slowness,
                      host.FramesPerSecond(),
                      host.units);
  }
  return text;
}

// A list for few; --json has all.
std::string RankLines(const RunStatus& status) {
  constexpr size_t kMost = 16;
  if (status.ranks.size() < 2 || status.ranks.size() > kMost) return "";
  std::string text = "ranks\n";
  for (const RunStatus::Worker& rank : status.ranks) {
    text += Formatted("  %-32s %8.2f frames/s  %ld units, %ld frames\n",
                      rank.name.c_str(),
                      rank.FramesPerSecond(),
                      rank.units,
                      rank.frames);
  }
  return text;
}

// Prometheus: each metric once with its help, then its samples.
class Metrics {
 public:
  void Begin(const std::string& name, const std::string& type, const std::string& help) {
    name_ = "foothold_" + name;
    text_ += "# HELP " + name_ + " " + help + "\n# TYPE " + name_ + " " + type + "\n";
  }
  // Labels in pairs of name and value, after the run's own.
  void Sample(double value, const std::vector<std::pair<std::string, std::string>>& labels = {}) {
    text_ += name_ + "{run=\"" + Escaped(run_) + "\"";
    for (const auto& [name, label] : labels) text_ += "," + name + "=\"" + Escaped(label) + "\"";
    text_ += "} " + Formatted("%.12g", value) + "\n";
  }
  void Gauge(const std::string& name, const std::string& help, double value) {
    Begin(name, "gauge", help);
    Sample(value);
  }
  explicit Metrics(std::string run) : run_(std::move(run)) {}
  const std::string& text() const { return text_; }

 private:
  static std::string Escaped(const std::string& text) {
    std::string escaped;
    for (const char c : text) {
      if (c == '\\' || c == '"') escaped += '\\';
      escaped += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    return escaped;
  }
  std::string run_, name_, text_;
};

}  // namespace

std::string DurationText(double seconds) {
  if (seconds < 100) return Formatted("%.0f s", seconds);
  if (seconds < 100 * 60) return Formatted("%.0f min", seconds / 60);
  if (seconds < 72 * 3600) return Formatted("%.1f h", seconds / 3600);
  return Formatted("%.1f days", seconds / 86400);
}

std::string BytesText(int64_t bytes) {
  const char* const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1000 && unit + 1 < std::size(units); ++unit) value /= 1000;
  return Formatted(unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

std::string EtaText(const RunStatus& status) {
  if (status.open == 0) return "finished";
  if (status.eta_s < 0) return "not known yet";
  return DurationText(status.eta_s) + " left (" + DurationText(status.eta_low_s) + " to " +
         DurationText(status.eta_high_s) + ")";
}

std::string StatusAsJson(const RunStatus& status, const StatusPrice& price) {
  Json json = {{"output", status.output},
               {"now_unix_s", status.now_unix_s},
               {"units", status.units},
               {"done", status.done},
               {"partly", status.partly},
               {"rejected", status.rejected},
               {"quarantined", status.quarantined},
               {"open", status.open},
               {"failed_attempts_of_open", status.failed_attempts},
               {"reasons",
                {{"rejected", status.reasons_rejected},
                 {"quarantined", status.reasons_quarantined},
                 {"partly", status.reasons_partly}}},
               {"labels", status.labels},
               {"frames", status.frames},
               {"clips_rejected", status.clips_rejected},
               {"yield", status.yield},
               {"label_bytes", status.label_bytes},
               {"ledger_bytes", status.ledger_bytes},
               {"begin_unix_s", status.begin_unix_s},
               {"last_record_unix_s", status.last_record_unix_s},
               {"rank_hours", status.rank_hours},
               {"window_s", status.window_s},
               {"frames_per_s", status.frames_per_s},
               {"busy_ranks", status.busy_ranks},
               {"damaged_records", status.damaged_records}};
  for (const auto& [name, value] : {std::pair{"eta_s", status.eta_s},
                                    {"eta_low_s", status.eta_low_s},
                                    {"eta_high_s", status.eta_high_s}}) {
    json[name] = value < 0 ? Json() : Json(value);
  }
  if (price.per_rank_hour > 0)
    json["cost"] = {{"amount", status.rank_hours * price.per_rank_hour}, {"currency", price.currency}};
  json["ranks"] = WorkersAsJson(status.ranks);
  json["hosts"] = WorkersAsJson(status.hosts);
  // Names may come from files that are not UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string StatusForPrometheus(const RunStatus& status, const StatusPrice& price) {
  Metrics metrics(status.output);
  metrics.Begin("units", "gauge", "Units of the run by state.");
  const std::pair<const char*, long> states[] = {{"done", status.done},
                                                 {"partly", status.partly},
                                                 {"rejected", status.rejected},
                                                 {"quarantined", status.quarantined},
                                                 {"open", status.open}};
  for (const auto& [name, count] : states) metrics.Sample(static_cast<double>(count), {{"state", name}});
  metrics.Begin("units_without_label", "gauge", "Units and clips that have no label, by reason.");
  const std::pair<const char*, const std::map<std::string, long>*> reasons[] = {
      {"rejected", &status.reasons_rejected},
      {"quarantined", &status.reasons_quarantined},
      {"partly", &status.reasons_partly}};
  for (const auto& [state, counts] : reasons) {
    for (const auto& [reason, count] : *counts)
      metrics.Sample(static_cast<double>(count), {{"state", state}, {"reason", reason}});
  }
  metrics.Gauge("labels", "Label files of finished units.", static_cast<double>(status.labels));
  metrics.Gauge("frames", "Frames with labels.", static_cast<double>(status.frames));
  metrics.Gauge("yield", "Share of input frames with labels, of finished units.", status.yield);
  metrics.Gauge("label_bytes", "Bytes of label files.", static_cast<double>(status.label_bytes));
  metrics.Gauge(
      "frames_per_second", "Frames per second of the last 15 minutes of work.", status.frames_per_s);
  metrics.Gauge("busy_ranks", "Ranks at work in the last 15 minutes of work.", status.busy_ranks);
  metrics.Gauge("rank_hours", "Hours of recorded work.", status.rank_hours);
  if (price.per_rank_hour > 0)
    metrics.Gauge("cost",
                  "Cost of the recorded work in " + price.currency + ".",
                  status.rank_hours * price.per_rank_hour);
  metrics.Gauge("last_record_timestamp_seconds",
                "Unix time of the last record.",
                static_cast<double>(status.last_record_unix_s));
  if (status.eta_s >= 0) {
    metrics.Begin("eta_seconds", "gauge", "Seconds of work left, with an 80 % range.");
    metrics.Sample(status.eta_s, {{"bound", "expected"}});
    metrics.Sample(status.eta_low_s, {{"bound", "low"}});
    metrics.Sample(status.eta_high_s, {{"bound", "high"}});
  }
  metrics.Begin("node_slowness", "gauge", "Seconds per estimated cost of a node, over the median of ranks.");
  for (const RunStatus::Worker& host : status.hosts) metrics.Sample(host.slowness, {{"node", host.name}});
  return metrics.text();
}

std::string StatusAsText(const RunStatus& status, const StatusPrice& price, int width) {
  const double share =
      status.units > 0 ? 100.0 * static_cast<double>(status.finished()) / static_cast<double>(status.units)
                       : 100;
  std::string text = status.output + "\n" + Bar(status, std::clamp(width - 24, 10, 100)) +
                     Formatted(" %5.1f %% of %ld units\n", share, status.units);
  text += Formatted("  %-12s %8ld  %ld labels, %ld frames, %s\n",
                    "labelled",
                    status.done + status.partly,
                    status.labels,
                    status.frames,
                    BytesText(status.label_bytes).c_str());
  if (status.partly > 0)
    text += Formatted("  %-12s %8ld  of these have %ld clips without a label\n",
                      "partly",
                      status.partly,
                      status.clips_rejected);
  text += ReasonLines("rejected", status.reasons_rejected) +
          ReasonLines("quarantined", status.reasons_quarantined);
  text += Formatted("  %-12s %8ld", "open", status.open);
  if (status.failed_attempts > 0)
    text += Formatted("  %ld of them failed before and are tried again", status.failed_attempts);
  text += "\n";
  if (status.last_record_unix_s == 0) return text + "no unit is finished yet\n";
  text += Formatted("yield %.1f %% of the frames of finished units\n", 100 * status.yield);
  text += Formatted("speed %.2f frames/s on %.1f busy ranks, %.2f a rank (last %s of work)\n",
                    status.frames_per_s,
                    status.busy_ranks,
                    status.busy_ranks > 0 ? status.frames_per_s / status.busy_ranks : 0,
                    DurationText(status.window_s).c_str());
  text +=
      "time  " + EtaText(status) + "; last record " +
      DurationText(static_cast<double>(std::max<int64_t>(0, status.now_unix_s - status.last_record_unix_s))) +
      " ago\n";
  text += Formatted("work  %.2f rank-hours", status.rank_hours);
  if (price.per_rank_hour > 0)
    text += Formatted(", %.2f %s", status.rank_hours * price.per_rank_hour, price.currency.c_str());
  text += Formatted("; disk %s of labels, %s of ledger\n",
                    BytesText(status.label_bytes).c_str(),
                    BytesText(status.ledger_bytes).c_str());
  text += HostLines(status) + RankLines(status);
  if (status.damaged_records > 0) text += Formatted("%ld damaged records ignored\n", status.damaged_records);
  return text;
}

}  // namespace foothold
