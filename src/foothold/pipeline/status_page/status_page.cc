// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/status_page.h"

#include <algorithm>
#include <ctime>

#include "foothold/base/error.h"
#include "foothold/pipeline/label_score.h"
#include "foothold/pipeline/label_video.h"
#include "foothold/pipeline/report/html.h"
#include "foothold/pipeline/report/overlay.h"
#include "foothold/pipeline/report/style.h"
#include "foothold/pipeline/report/svg_bars.h"
#include "foothold/video/video.h"
#include "labels/label.h"

namespace foothold {
namespace {

using namespace report;

struct ScoredLabel {
  std::string path;  // Below the labels folder.
  LabelScore score;
};

std::string Panel(const std::string& title, const std::string& content) {
  return content.empty() ? "" : "<div class=\"panel\"><h3>" + title + "</h3>" + content + "</div>\n";
}

std::string Card(const std::string& value, const std::string& name) {
  return "<div class=\"card\"><b>" + EscapeHtml(value) + "</b><span>" + EscapeHtml(name) + "</span></div>";
}

std::string TimeText(int64_t unix_s) {
  const std::time_t time = unix_s;
  std::tm utc{};
  gmtime_r(&time, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &utc);
  return text;
}

std::string ProgressBar(const RunStatus& status) {
  const auto part = [&](long count, const char* color, const char* name) {
    const double share =
        status.units > 0 ? 100.0 * static_cast<double>(count) / static_cast<double>(status.units) : 0;
    return "<i style=\"width:" + Number(share, 2) + "%;background:" + color + "\" title=\"" +
           std::to_string(count) + " " + name + "\"></i>";
  };
  const auto key = [](const char* color, long count, const char* name) {
    return "<span class=\"key\"><i style=\"background:" + std::string(color) + "\"></i>" +
           std::to_string(count) + " " + name + "</span>";
  };
  const char *kDone = "#34a853", *kPartly = "#8c9e1e", *kRejected = "#ecaa14", *kQuarantined = "#d84070",
             *kOpen = "var(--line)";
  return "<div class=\"progress\">" + part(status.done, kDone, "done") +
         part(status.partly, kPartly, "partly") + part(status.rejected, kRejected, "rejected") +
         part(status.quarantined, kQuarantined, "quarantined") + "</div><p class=\"legend\">" +
         key(kDone, status.done, "done") + key(kPartly, status.partly, "partly") +
         key(kRejected, status.rejected, "rejected") + key(kQuarantined, status.quarantined, "quarantined") +
         key(kOpen, status.open, "open") + "</p>\n";
}

std::string Cards(const RunStatus& status, const StatusPrice& price) {
  std::string html =
      "<div class=\"cards\">" + Card(std::to_string(status.labels), "labels") +
      Card(std::to_string(status.frames), "frames") + Card(Number(100 * status.yield, 1) + " %", "yield") +
      Card(Number(status.frames_per_s, 1), "frames/s") + Card(Number(status.busy_ranks, 1), "busy ranks") +
      Card(Number(status.rank_hours, 2), "rank-hours");
  if (price.per_rank_hour > 0)
    html += Card(Number(price.per_rank_hour * status.rank_hours, 2), price.currency + " so far");
  return html + Card(BytesText(status.label_bytes), "of labels") + "</div>\n";
}

// Sums of `value` over at most 100 equal spans of the run's time, per second. A span is a number of
// intervals, so that none counts in part.
template <class Value>
std::string OverTime(const RunStatus& status, const char* what, const Value& value) {
  if (status.history.empty()) return "";
  const double interval_s = status.history.front().duration_s;
  const int64_t begin = status.history.front().begin_unix_s;
  const auto number_of = [&](const RunStatus::Interval& interval) {
    return static_cast<size_t>(static_cast<double>(interval.begin_unix_s - begin) / interval_s + 0.5);
  };
  const size_t intervals = number_of(status.history.back()) + 1, per_span = (intervals + 99) / 100;
  const double span_s = interval_s * static_cast<double>(per_span);
  std::vector<double> sums((intervals + per_span - 1) / per_span, 0);
  for (const RunStatus::Interval& interval : status.history)
    sums[number_of(interval) / per_span] += value(interval) / span_s;
  const double end = static_cast<double>(begin) + span_s * static_cast<double>(sums.size());
  return UprightBars(sums, TimeText(begin) + " UTC", TimeText(static_cast<int64_t>(end)), what);
}

std::string ReasonsPlot(const RunStatus& status) {
  std::vector<std::pair<std::string, double>> bars;
  for (const auto* reasons :
       {&status.reasons_rejected, &status.reasons_quarantined, &status.reasons_partly}) {
    for (const auto& [reason, count] : *reasons) {
      bars.emplace_back((reason.empty() ? "no reason given" : reason) +
                            (reasons == &status.reasons_quarantined ? " (given up)"
                             : reasons == &status.reasons_partly    ? " (some clips)"
                                                                    : ""),
                        static_cast<double>(count));
    }
  }
  std::stable_sort(
      bars.begin(), bars.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  bars.resize(std::min<size_t>(bars.size(), 20));
  return LyingBars(bars, 0, "Units without a label by reason");
}

std::string NodesPlot(const RunStatus& status) {
  std::vector<std::pair<std::string, double>> bars;
  for (const RunStatus::Worker& host : status.hosts) {
    if (bars.size() < 20) bars.emplace_back(host.name, host.slowness);
  }
  return bars.size() < 2 ? "" : LyingBars(bars, 2, "Slowness of nodes");
}

std::string RanksTable(const RunStatus& status) {
  constexpr size_t kMost = 64;
  std::string rows;
  for (size_t i = 0; i < std::min(kMost, status.ranks.size()); ++i) {
    const RunStatus::Worker& rank = status.ranks[i];
    rows +=
        "<tr><td>" + EscapeHtml(rank.name) + "</td><td class=\"text\">" + EscapeHtml(rank.host) +
        "</td><td>" + std::to_string(rank.units) + "</td><td>" + std::to_string(rank.frames) + "</td><td>" +
        Number(rank.FramesPerSecond(), 2) + "</td><td>" + Number(rank.slowness, 2) + "</td><td>" +
        DurationText(static_cast<double>(std::max<int64_t>(0, status.now_unix_s - rank.last_record_unix_s))) +
        " ago</td></tr>";
  }
  return rows.empty()
             ? ""
             : "<details><summary>Ranks</summary><div class=\"panel scroll\"><table><tr><th>process</th><th "
               "class=\"text\">node</th><th>units</th><th>frames</th><th>frames/s</th><th>slowness</"
               "th><th>last "
               "record</th></tr>" +
                   rows + "</table></div></details>\n";
}

std::vector<ScoredLabel> ScoreLabels(const RunStatus& status, const RunSample& sample) {
  std::vector<ScoredLabel> scored;
  for (const RunSample::Entry& entry : sample.labelled) {
    for (const LabelFile& file : entry.record.labels) {
      try {
        const LabelScore score = ScoreOf(labels::ReadLabel(status.output + "/labels/" + file.path).quality);
        if (score.known) scored.push_back({file.path, score});
      } catch (const Error&) {
        // Merged, moved or of another kind: the page does without.
      }
    }
  }
  std::stable_sort(scored.begin(), scored.end(), [](const auto& a, const auto& b) {
    return a.score.score > b.score.score;
  });
  return scored;
}

std::string Histogram(const std::vector<ScoredLabel>& scored,
                      double top,
                      double LabelScore::*member,
                      const char* what) {
  std::vector<double> counts(20, 0);
  for (const ScoredLabel& label : scored) {
    const double position = label.score.*member / top * static_cast<double>(counts.size());
    ++counts[std::min(counts.size() - 1, static_cast<size_t>(std::max(0.0, position)))];
  }
  return UprightBars(counts, "0", Number(top, 1) + (top < 1 ? " and more" : ""), what);
}

std::string Figure(const std::string& picture, const std::string& caption) {
  return "<figure>" + picture + "<figcaption>" + EscapeHtml(caption) + "</figcaption></figure>";
}

std::string LabelFigure(const RunStatus& status,
                        const ScoredLabel& label,
                        const BodyModel& body,
                        int width_px) {
  const std::string caption =
      label.path + ": matches " + Number(100 * label.score.match_inlier_share, 0) + " %, feet " +
      (label.score.contact_error < 1 ? Number(100 * label.score.contact_error, 1) + " %" : "not seen");
  try {
    const labels::Label full = labels::ReadLabel(status.output + "/labels/" + label.path);
    const std::vector<FramePicture> pictures = MakeOverlays(full, "", body, 1, width_px);
    if (!pictures.empty()) return Figure(JpegElement(pictures.front().rgb, label.path), caption);
  } catch (const Error&) {
    // The video is gone.
  }
  return Figure("", caption + " (the video cannot be read)");
}

// An early frame of the video, as far as it decodes.
std::string VideoFigure(const RunSample::Entry& entry, int width_px) {
  const std::string caption =
      entry.unit.id + ": " + entry.record.reason +
      (entry.record.message.empty() ? "" : ", " + entry.record.message.substr(0, 160));
  Clip clip;
  clip.source_path = entry.unit.path;
  clip.first_frame = entry.unit.begin;
  clip.time_s.assign(10, 0.0);
  ImageU8 frame, last;
  try {
    FrameReader reader(clip);
    while (reader.Next(&frame)) last = frame;
  } catch (const Error&) {
    // What came before the damage is shown.
  }
  return last.empty() ? Figure("", caption)
                      : Figure(JpegElement(ResizeToWidth(last, width_px), entry.unit.id), caption);
}

std::string QualitySection(const RunStatus& status,
                           const RunSample& sample,
                           const BodyModel& body,
                           const StatusPageOptions& options) {
  const std::vector<ScoredLabel> scored = ScoreLabels(status, sample);
  if (scored.empty()) return "";
  const size_t count = std::min(options.pictures, scored.size() / 2 + scored.size() % 2);
  std::string best, worst;
  for (size_t i = 0; i < count; ++i) best += LabelFigure(status, scored[i], body, options.picture_width_px);
  for (size_t i = 0; i < std::min(count, scored.size() - count); ++i)
    worst += LabelFigure(status, scored[scored.size() - 1 - i], body, options.picture_width_px);
  const std::string grid = "<div class=\"pictures\">",
                    hint = "<p class=\"hint\">Of " + std::to_string(scored.size()) +
                           " labels, evenly picked. Ranked by the share of matches within 2 px, times "
                           "exp(−10 × the median error of feet "
                           "against the ground).</p>";
  return "<div class=\"pair\">" +
         Panel("Share of matches within 2 px, labels",
               Histogram(scored, 1, &LabelScore::match_inlier_share, "Match share")) +
         Panel("Median depth error of feet against the ground, labels",
               Histogram(scored, 0.2, &LabelScore::contact_error, "Contact error")) +
         "</div>" + Panel("Best labels", best.empty() ? "" : grid + best + "</div>" + hint) +
         Panel("Worst labels", worst.empty() ? "" : grid + worst + "</div>");
}

std::string RejectedSection(const RunSample& sample, const StatusPageOptions& options) {
  std::string figures;
  for (size_t i = 0; i < std::min(options.pictures, sample.without.size()); ++i)
    figures += VideoFigure(sample.without[i], options.picture_width_px);
  return Panel("Rejected or given up",
               figures.empty() ? "" : "<div class=\"pictures\">" + figures + "</div>");
}

}  // namespace

std::string MakeStatusPage(const RunStatus& status,
                           const StatusPrice& price,
                           const RunSample& sample,
                           const BodyModel& body,
                           const StatusPageOptions& options) {
  const auto per_second = [](const RunStatus::Interval& interval) {
    return static_cast<double>(interval.frames);
  };
  const auto busy = [](const RunStatus::Interval& interval) { return interval.busy_s; };
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
         "content=\"width=device-width, initial-scale=1\"><title>Foothold run</title>\n" +
         StyleElement() + "</head><body><main>\n<h1>" + EscapeHtml(status.output) +
         "</h1><p class=\"soft\">" + std::to_string(status.finished()) + " of " +
         std::to_string(status.units) + " units at " + TimeText(status.now_unix_s) + " UTC; " +
         EscapeHtml(EtaText(status)) + "; drawn by " + ProgramVersion() + "</p>\n" + ProgressBar(status) +
         Cards(status, price) + "<div class=\"pair\">" +
         Panel("Frames per second", OverTime(status, "Frames per second over time", per_second)) +
         Panel("Ranks at work", OverTime(status, "Ranks at work over time", busy)) +
         Panel("Units without a label, by reason", ReasonsPlot(status)) +
         Panel("Slowness of nodes (1 is the median)", NodesPlot(status)) + "</div>\n" +
         QualitySection(status, sample, body, options) + RejectedSection(sample, options) +
         RanksTable(status) + "</main></body></html>\n";
}

}  // namespace foothold
