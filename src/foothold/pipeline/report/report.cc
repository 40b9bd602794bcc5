// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/report.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/error.h"
#include "foothold/pipeline/label_video.h"
#include "foothold/pipeline/report/depth_picture.h"
#include "foothold/pipeline/report/facts.h"
#include "foothold/pipeline/report/html.h"
#include "foothold/pipeline/report/overlay.h"
#include "foothold/pipeline/report/style.h"
#include "foothold/pipeline/report/svg_plot.h"
#include "foothold/pipeline/report/three_d_view.h"
#include "foothold/pipeline/sidecar.h"

namespace foothold {
namespace {

using namespace report;

std::string Panel(const std::string& title, const std::string& content) {
  return content.empty() ? "" : "<div class=\"panel\"><h3>" + title + "</h3>" + content + "</div>\n";
}

std::string Card(const std::string& value, const std::string& name) {
  return "<div class=\"card\"><b>" + value + "</b><span>" + name + "</span></div>";
}

std::string Cell(const std::string& content) { return "<td>" + content + "</td>"; }

// Marks a number outside the range that people and hand-held cameras usually stay in.
std::string CheckedCell(double value, int decimals, double low, double high) {
  const bool odd = std::isfinite(value) && (value < low || value > high);
  return odd ? "<td class=\"look\" title=\"unusual: look closer\">" + Number(value, decimals) + "</td>"
             : Cell(Number(value, decimals));
}

std::string FlagPills(const std::vector<std::string>& flags) {
  std::string html;
  for (const std::string& flag : flags) {
    html += "<span class=\"flag\" title=\"" + EscapeHtml(ExplainFlag(flag)) + "\">" + EscapeHtml(flag) +
            "</span>";
  }
  return html;
}

std::string FlagList(const std::vector<std::string>& flags) {
  if (flags.empty()) return "";
  std::string html = "<ul class=\"flags\">";
  for (const std::string& flag : flags) {
    html += "<li>" + FlagPills({flag}) + EscapeHtml(ExplainFlag(flag)) + "</li>";
  }
  return html + "</ul>";
}

std::string Cards(const labels::Label& label, const CameraFacts& camera) {
  const auto& time_s = label.clip.time_s;
  const double duration_s = time_s.empty() ? 0 : time_s.back() - time_s.front();
  return "<div class=\"cards\">" + Card(std::to_string(label.clip.num_frames()), "frames") +
         Card(Number(duration_s, 1) + " s", "at " + Number(label.clip.frame_rate_hz, 1) + " Hz") +
         Card(std::to_string(label.reconstruction.people.size()), "people") +
         Card(std::to_string(label.reconstruction.keyframes.size()), "keyframes") +
         Card(Number(camera.path_m, 2) + " m", "camera path") +
         Card(Number(camera.median_speed_m_s, 2) + " m/s", "camera speed") +
         Card(Number(camera.field_of_view_deg, 0) + "°", "field of view") +
         Card(Number(100 * camera.scale_spread, 1) + " %", "keyframe scale spread") + "</div>\n";
}

std::string PicturesPanel(const ReportEntry& entry, const BodyModel& body, const ReportOptions& options) {
  std::string content;
  try {
    for (const FramePicture& picture :
         MakeOverlays(entry.label, entry.video_path, body, options.pictures, options.picture_width_px)) {
      const std::string caption = "frame " + std::to_string(picture.frame) + ", " +
                                  Number(entry.label.clip.time_s[picture.frame], 2) + " s";
      content += "<figure>" + JpegElement(picture.rgb, "bodies drawn over " + caption) + "<figcaption>" +
                 caption + "</figcaption></figure>";
    }
    content = "<div class=\"pictures\">" + content + "</div>";
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kBadInput) throw;
    content = "<p class=\"look\">No pictures: " + EscapeHtml(error.what()) + "</p>";
  }
  return Panel("Bodies over the video", content);
}

std::string DepthPanel(const labels::Label& label, int count) {
  const auto& keyframes = label.reconstruction.keyframes;
  const int num_keyframes = static_cast<int>(keyframes.size());
  count = std::min(count, num_keyframes);
  std::string content;
  for (int i = 0; i < count; ++i) {
    const KeyframeDepth& keyframe = keyframes[static_cast<size_t>((i + 0.5) * num_keyframes / count)];
    if (keyframe.depth_m.empty()) continue;
    const DepthPicture picture = MakeDepthPicture(keyframe);
    const std::string range = picture.near_m > 0 ? "red " + Number(picture.near_m, 1) + " m, blue " +
                                                       Number(picture.far_m, 1) + " m"
                                                 : "nothing known";
    content += "<figure>" + JpegElement(picture.rgb, "depth") + "<figcaption>frame " +
               std::to_string(keyframe.frame) + ": " + range + "</figcaption></figure>";
  }
  if (content.empty()) return "";
  return Panel("Depth of the scene",
               "<div class=\"pictures\">" + content +
                   "</div><p class=\"hint\">Grey: unknown. Darker: less certain.</p>");
}

// Two cells: how feet and ground fit over the clip.
std::string ContactCells(const Quality& quality, size_t person) {
  if (person >= quality.people.size() || quality.people[person].keyframe.size() < 2)
    return Cell("–") + Cell("–");
  const PersonQuality& fit = quality.people[person];
  return CheckedCell(100 * fit.contact_spread, 1, 0, 4) + CheckedCell(100 * fit.contact_trend, 1, -3, 3);
}

std::string FitPanel(const Quality& quality) {
  if (!quality.known || quality.keyframes.empty()) return "";
  double share = 0, worst = 1;
  int matched = 0;
  std::vector<double> medians;
  for (const KeyframeQuality& keyframe : quality.keyframes) {
    if (keyframe.num_matches == 0) continue;
    ++matched;
    share += keyframe.match_inlier_share;
    worst = std::min<double>(worst, keyframe.match_inlier_share);
    medians.push_back(keyframe.match_median_px);
  }
  std::string cards;
  if (matched > 0) {
    std::nth_element(medians.begin(), medians.begin() + matched / 2, medians.end());
    cards += Card(Number(100 * share / matched, 0) + " %", "matches within 2 px") +
             Card(Number(100 * worst, 0) + " %", "in the worst keyframe") +
             Card(Number(medians[matched / 2], 2) + " px", "reprojection error");
  }
  if (quality.focal_sigma > 0) {
    cards += Card(Number(100 * quality.focal_sigma, 2) + " %", "uncertainty of the focal length") +
             Card(Number(100 * quality.focal_from_prior, 0) + " %", "of it is the prior's word");
  }
  if (quality.student.known) {
    double farthest_m = 0;
    for (const PersonQuality& person : quality.people)
      farthest_m = std::max<double>(farthest_m, person.student_distance_m);
    cards += Card(Number(farthest_m, 2) + " m", "at most from the student's prediction") +
             Card(Number(quality.student.scale, 3), "times its size");
  }
  return Panel("Fit", "<div class=\"cards\">" + cards + "</div>");
}

std::string PeoplePanel(const labels::Label& label, const BodyModel& body) {
  if (label.reconstruction.people.empty()) return "";
  std::string rows;
  int index = 0;
  for (const PersonFacts& facts : MakePeopleFacts(label, body)) {
    const size_t person = static_cast<size_t>(index);
    rows += "<tr><td><i class=\"dot\" style=\"background:" + HexColor(PersonColor(index++)) + "\"></i>" +
            std::to_string(facts.id) + "</td>" + Cell(std::to_string(facts.num_frames)) +
            CheckedCell(facts.stature_m, 2, 1.4, 2.1) + CheckedCell(facts.median_speed_m_s, 2, 0, 3) +
            Cell(Number(facts.path_m, 2)) + CheckedCell(facts.foot_slide_mm, 1, 0, 15) +
            ContactCells(label.quality, person) + CheckedCell(facts.confidence, 2, 0.2, 1.01) +
            "<td class=\"text\">" + FlagPills(facts.flags) + "</td></tr>";
  }
  return Panel(
      "People",
      "<div class=\"scroll\"><table><tr><th>id</th><th>frames</th><th>stature, m</th><th>speed, m/s</th>"
      "<th>path, m</th><th>foot slide, mm/frame</th><th>contact spread, %</th><th>contact trend, "
      "%</th><th>confidence</th><th class=\"text\">flags</th></tr>" +
          rows + "</table></div>");
}

std::string SolverPanel(const SolverSummary& summary) {
  std::string rows;
  for (const auto& term : summary.terms) {
    const double change = term.initial > 0 ? 100 * (term.final / term.initial - 1) : std::nan("");
    rows += "<tr>" + Cell(EscapeHtml(term.name)) + Cell(std::to_string(term.num_residuals)) +
            Cell(Number(term.weight, 2)) + Cell(Number(term.initial, 5)) + Cell(Number(term.final, 5)) +
            Cell(Number(change, 1) + " %") + "</tr>";
  }
  std::string text = "<p class=\"soft\">" + std::string(NameOf(summary.termination)) + ": " +
                     EscapeHtml(summary.message) + ". " + std::to_string(summary.num_parameters) +
                     " parameters, " + std::to_string(summary.num_rejected_steps) + " steps rejected";
  if (summary.num_non_finite_steps > 0) {
    text += ", <span class=\"look\">" + std::to_string(summary.num_non_finite_steps) + " not finite</span>";
  }
  text += ".</p>";
  if (rows.empty()) return Panel("Optimisation", text);
  return Panel(
      "Optimisation",
      text +
          "<div class=\"scroll\"><table><tr><th>term</th><th>residuals</th><th>weight</th><th>before</th>"
          "<th>after</th><th>change</th></tr>" +
          rows + "</table></div>");
}

std::string TimingPanel(const ReportEntry& entry) {
  const Timing timing = ReadTiming(entry.label_path);
  if (timing.num_frames <= 0) return "";
  std::string rows;
  for (const auto& [phase, seconds] : timing.times.seconds()) {
    rows += "<tr>" + Cell(EscapeHtml(phase)) + Cell(Number(seconds, 2)) +
            Cell(Number(1e3 * seconds / timing.num_frames, 1)) + "</tr>";
  }
  rows += "<tr>" + Cell("all") + Cell(Number(timing.total_s, 2)) +
          Cell(Number(1e3 * timing.total_s / timing.num_frames, 1)) + "</tr>";
  return Panel("Time",
               "<div class=\"scroll\"><table><tr><th>phase</th><th>s</th><th>ms/frame</th></tr>" + rows +
                   "</table></div>");
}

std::string ProvenanceDetails(const ReportEntry& entry) {
  const labels::Label& label = entry.label;
  return "<details><summary>Where this label came from</summary><pre>label       " +
         EscapeHtml(entry.label_path) + "\nvideo       " + EscapeHtml(label.clip.source_path) +
         "\nsource hash " + EscapeHtml(label.clip.source_hash) + "\nclip id     " +
         EscapeHtml(label.clip.id) + "\nprogram     " + EscapeHtml(label.provenance.program) +
         "\nperception  " + EscapeHtml(label.provenance.perception) + "\nbody model  " +
         EscapeHtml(label.provenance.body_model_hash) + "\n\n" + EscapeHtml(label.provenance.options) +
         "</pre></details>\n";
}

std::string ClipSection(const ReportEntry& entry,
                        size_t index,
                        const BodyModel& body,
                        const ReportOptions& options) {
  const labels::Label& label = entry.label;
  const Reconstruction& scene = label.reconstruction;
  const std::string last_frame = std::to_string(label.clip.first_frame + label.clip.num_frames() - 1);
  std::string html = "<section class=\"clip\" id=\"clip" + std::to_string(index) + "\"><h2>" +
                     EscapeHtml(label.clip.name) + "</h2><p class=\"soft\">" +
                     EscapeHtml(label.clip.source_path) + ", frames " +
                     std::to_string(label.clip.first_frame) + "–" + last_frame + ", " +
                     std::to_string(label.clip.working_from_source.source_width) + "×" +
                     std::to_string(label.clip.working_from_source.source_height) + " pixels, " +
                     EscapeHtml(label.provenance.perception) +
                     (scene.gravity_known ? "" : ", direction of gravity unknown") + "</p>\n";
  html += FlagList(scene.flags) + Cards(label, MakeCameraFacts(label));
  html += PicturesPanel(entry, body, options);
  html += Panel("In 3D", ThreeDElement(label, body, options.max_points));
  html += "<div class=\"pair\">" + Panel("From above", TopDownPlot(label)) +
          Panel("Cost of every term", CostPlot(label.summary)) + "</div>\n";
  html += PeoplePanel(label, body) + FitPanel(label.quality) + DepthPanel(label, options.depth_pictures);
  html += "<div class=\"pair\">" + SolverPanel(label.summary) + TimingPanel(entry) + "</div>\n";
  return html + ProvenanceDetails(entry) + "</section>\n";
}

std::string Overview(const std::vector<ReportEntry>& entries) {
  std::string rows;
  for (size_t i = 0; i < entries.size(); ++i) {
    const labels::Label& label = entries[i].label;
    const CameraFacts camera = MakeCameraFacts(label);
    rows += "<tr><td><a href=\"#clip" + std::to_string(i) + "\">" + EscapeHtml(label.clip.name) +
            "</a></td>" + Cell(std::to_string(label.clip.num_frames())) +
            Cell(std::to_string(label.reconstruction.people.size())) +
            CheckedCell(camera.median_speed_m_s, 2, 0, 3) +
            CheckedCell(camera.field_of_view_deg, 0, 20, 110) + Cell(NameOf(label.summary.termination)) +
            "<td class=\"text\">" + FlagPills(label.reconstruction.flags) + "</td></tr>";
  }
  return "<div class=\"panel scroll\"><table><tr><th>clip</th><th>frames</th><th>people</th>"
         "<th>camera, m/s</th><th>field of view, °</th><th>optimisation</th><th "
         "class=\"text\">flags</th></tr>" +
         rows + "</table></div>\n";
}

}  // namespace

const OptionTable& ReportOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<ReportOptions>("report", "The report page.")
          .Add("pictures", &ReportOptions::pictures, 0, 200, "Frames with projected bodies, per clip.")
          .Add("picture_width_px", &ReportOptions::picture_width_px, 64, 4096, "Widest picture.")
          .Add(
              "depth_pictures", &ReportOptions::depth_pictures, 0, 200, "Keyframes shown as depth, per clip.")
          .Add("max_points", &ReportOptions::max_points, 0, 1000000, "Scene points in the 3D view, per clip.")
          .Build();
  return table;
}

std::string MakeReport(const std::vector<ReportEntry>& entries,
                       const BodyModel& body,
                       const ReportOptions& options) {
  if (entries.empty()) throw Error(ErrorKind::kBadInput, "a report needs at least one label");
  std::string html =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Foothold "
      "report</title>\n" +
      StyleElement() + "</head><body><main>\n<h1>Foothold report</h1><p class=\"soft\">" +
      std::to_string(entries.size()) + (entries.size() == 1 ? " clip" : " clips") + ", drawn by " +
      ProgramVersion() + "</p>\n" + Overview(entries);
  for (size_t i = 0; i < entries.size(); ++i) html += ClipSection(entries[i], i, body, options);
  return html + "</main>\n" + ThreeDScript() + "</body></html>\n";
}

}  // namespace foothold
