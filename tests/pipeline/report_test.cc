// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "foothold/base/atomic_file.h"
#include "foothold/pipeline/report/facts.h"
#include "foothold/pipeline/report/html.h"
#include "foothold/pipeline/report/mesh_raster.h"
#include "foothold/pipeline/report/overlay.h"
#include "labels/body_file.h"
#include "pipeline/hand_made_label.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

const BodyModel& Body() {
  static const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  return body;
}

int CountOf(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Report, HasEveryPartForEveryClipAndNeedsNoNetwork) {
  const TemporaryFolder folder;
  labels::Label label = HandMadeLabel(Body(), 20);
  label.clip.source_path = folder.File("clip.avi");
  WriteHandMadeVideo(label, Body(), label.clip.source_path);
  ReportOptions options;
  options.pictures = 4;
  const std::string html = MakeReport({{"a.h5", label, ""}, {"b.h5", label, ""}}, Body(), options);
  if (const char* keep = std::getenv("FOOTHOLD_KEEP_REPORT")) WriteFileAtomically(keep, html);
  EXPECT_EQ(CountOf(html, "<section class=\"clip\""), 2);
  EXPECT_EQ(CountOf(html, "alt=\"bodies drawn over"), 8);
  EXPECT_EQ(CountOf(html, "alt=\"depth\""), 6);
  EXPECT_EQ(CountOf(html, "class=\"view3d\""), 2);
  EXPECT_EQ(CountOf(html, "aria-label=\"Camera and people from above\""), 2);
  EXPECT_EQ(CountOf(html, "aria-label=\"Cost of every term"), 2);
  EXPECT_EQ(CountOf(html, "http:"), 0);
  EXPECT_EQ(CountOf(html, "https:"), 0);
  EXPECT_EQ(CountOf(html, "<link"), 0);
  EXPECT_EQ(CountOf(html, "src=\""), CountOf(html, "src=\"data:image/jpeg;base64,"));
  EXPECT_NE(html.find("hand made &lt;&amp;&quot;&gt;"), std::string::npos) << "text from labels is escaped";
  EXPECT_EQ(CountOf(html, "nan"), CountOf(html, "nan\"")) << "no number may print as nan";
}

TEST(Report, SaysWhyPicturesAreMissing) {
  labels::Label label = HandMadeLabel(Body(), 8);
  label.clip.source_path = "/nowhere/clip.mp4";
  const std::string html = MakeReport({{"a.h5", label, ""}}, Body(), ReportOptions());
  EXPECT_NE(html.find("No pictures: "), std::string::npos);
  EXPECT_NE(html.find("/nowhere/clip.mp4"), std::string::npos);
}

TEST(Report, DrawsALabelWithoutPeopleDepthOrIterations) {
  labels::Label label = HandMadeLabel(Body(), 8);
  label.reconstruction.people.clear();
  label.reconstruction.keyframes.clear();
  label.reconstruction.points.clear();
  label.summary = SolverSummary();
  const std::string html = MakeReport({{"a.h5", label, ""}}, Body(), ReportOptions());
  EXPECT_NE(html.find("not run"), std::string::npos);
}

TEST(Report, NeedsALabel) {
  ExpectError(ErrorKind::kBadInput, {"at least one label"}, [] { MakeReport({}, Body(), ReportOptions()); });
}

TEST(Overlay, BodiesLieOverThePeopleInTheVideo) {
  const TemporaryFolder folder;
  const labels::Label label = HandMadeLabel(Body(), 12);
  const std::string path = folder.File("clip.avi");
  WriteHandMadeVideo(label, Body(), path);
  const auto pictures = report::MakeOverlays(label, path, Body(), 2, 320);
  ASSERT_EQ(pictures.size(), 2u);
  EXPECT_EQ(pictures[0].frame, 3);
  EXPECT_EQ(pictures[1].frame, 9);
  for (const auto& picture : pictures) {
    // The disks at the pelvis were red over grey; under a drawn body no pure red is left, away from
    // bodies the grey is.
    int bare_disk = 0, grey = 0;
    for (int y = 0; y < picture.rgb.height; ++y) {
      for (int x = 0; x < picture.rgb.width; ++x) {
        if (picture.rgb.At(x, y, 0) > 240 && picture.rgb.At(x, y, 1) < 110) ++bare_disk;
        if (std::abs(picture.rgb.At(x, y, 0) - 70) < 4) ++grey;
      }
    }
    EXPECT_LT(bare_disk, 40) << "frame " << picture.frame;
    EXPECT_GT(grey, picture.rgb.width * picture.rgb.height / 2);
  }
}

TEST(Overlay, RefusesAVideoOfAnotherSize) {
  const TemporaryFolder folder;
  labels::Label label = HandMadeLabel(Body(), 8);
  const std::string path = folder.File("clip.avi");
  WriteHandMadeVideo(label, Body(), path);
  label.clip.working_from_source.source_width = 640;
  ExpectError(ErrorKind::kBadInput, {"320x240", "640x240"}, [&] {
    report::MakeOverlays(label, path, Body(), 2, 320);
  });
}

TEST(Overlay, ProjectsThroughLensAndWorkingImage) {
  const labels::Label label = HandMadeLabel(Body(), 2);
  Vec2d source_px;
  ASSERT_TRUE(report::ProjectToSource(label, {0.4, -0.2, 2}, &source_px));
  // Normalised (0.2, -0.1), r^2 = 0.05, lens factor 1 - 0.08 * 0.05 = 0.996; working = 150 n + centre;
  // source = (working - offset) / 0.5.
  EXPECT_NEAR(source_px[0], (150 * 0.2 * 0.996 + 80 + 0.25) / 0.5, 1e-9);
  EXPECT_NEAR(source_px[1], (-150 * 0.1 * 0.996 + 56 + 4.25) / 0.5, 1e-9);
  EXPECT_FALSE(report::ProjectToSource(label, {0, 0, -1}, &source_px)) << "behind the camera";
  EXPECT_FALSE(report::ProjectToSource(label, {4, 0, 1}, &source_px)) << "beyond the lens's turning point";
}

TEST(MeshRaster, NearerTriangleWins) {
  report::MeshRaster raster(10, 10);
  const auto triangle = [](double depth_m) {
    return std::vector<report::RasterVertex>{
        {{0, 0, depth_m}, -5, -5, true}, {{1, 0, depth_m}, 40, -5, true}, {{0, 1, depth_m}, -5, 40, true}};
  };
  raster.Add(triangle(1), {{0, 1, 2}}, 0);
  raster.Add(triangle(2), {{0, 1, 2}}, 1);
  ImageU8 picture(10, 10, 3, 0);
  raster.Blend(1, &picture);
  const report::Rgb near = report::PersonColor(0);
  EXPECT_GT(picture.At(4, 4, 2) * near[0], 0);
  EXPECT_NEAR(double(picture.At(4, 4, 0)) / picture.At(4, 4, 2), double(near[0]) / near[2], 0.05);
}

TEST(Facts, MeasureTheHandMadeWalk) {
  const labels::Label label = HandMadeLabel(Body(), 40);
  const auto people = report::MakePeopleFacts(label, Body());
  ASSERT_EQ(people.size(), 2u);
  EXPECT_NEAR(people[0].median_speed_m_s, 1.2, 0.01);
  EXPECT_NEAR(people[0].path_m, 1.2 * 39 / 30, 1e-6);
  EXPECT_GT(people[0].stature_m, 1.4);
  EXPECT_LT(people[0].stature_m, 2.1);
  EXPECT_GT(people[0].foot_slide_mm, 5) << "these feet do slide";
  EXPECT_NEAR(people[0].confidence, 0.9, 1e-6);
  const report::CameraFacts camera = report::MakeCameraFacts(label);
  EXPECT_NEAR(camera.path_m, 0.39, 1e-9);
  EXPECT_NEAR(camera.median_speed_m_s, 0.3, 1e-9);
  EXPECT_NEAR(camera.field_of_view_deg, 2 * std::atan(80 / 150.0) * 180 / M_PI, 1e-9);
}

TEST(Html, Base64AndEscapes) {
  EXPECT_EQ(report::Base64("Man", 3), "TWFu");
  EXPECT_EQ(report::Base64("Ma", 2), "TWE=");
  EXPECT_EQ(report::Base64("M", 1), "TQ==");
  EXPECT_EQ(report::EscapeHtml("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
  EXPECT_EQ(report::Number(std::nan(""), 1), "–");
}

}  // namespace
}  // namespace foothold
