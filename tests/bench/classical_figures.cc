// SPDX-License-Identifier: Apache-2.0
// What the classical back end measures on one video, for docs/results.md:
//   classical_figures VIDEO [begin end] [threads]
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/base/timer.h"
#include "foothold/perception/classical/classical.h"
#include "foothold/perception/classical/statistics.h"
#include "foothold/video/video.h"
#include "labels/body_file.h"

namespace foothold {
namespace {

const char* NameOf(CameraRegime regime) {
  switch (regime) {
    case CameraRegime::kStatic:
      return "static";
    case CameraRegime::kRotation:
      return "rotation";
    case CameraRegime::kParallax:
      return "parallax";
  }
  return "?";
}

std::string Joined(const std::vector<std::string>& flags) {
  std::string text;
  for (const std::string& flag : flags) text += (text.empty() ? "" : " ") + flag;
  return text.empty() ? "none" : text;
}

void PrintCamera(const ClassicalFigures& f) {
  std::printf(
      "regime            %s (standing: median move %.3f px over %d pairs; moving: move %.1f px, "
      "homography share %.2f, p80 %.2f px)\n",
      NameOf(f.regime),
      f.static_figures.move_px,
      f.static_figures.num_pairs,
      f.moving_figures.move_px,
      f.moving_figures.homography_inlier_share,
      f.moving_figures.homography_p80_px);
  std::printf("focal             %.1f px = %.3f W, k1 %.4f, observable %s\n",
              f.focal_px,
              f.focal_px / f.source_width_px,
              f.k1,
              f.focal_observable ? "yes" : "no");
  std::printf("camera height     %.2f m\n", f.camera_height_m);
  if (f.regime == CameraRegime::kParallax) {
    std::printf("bundle            %d keyframes, %d points, rms %.3f px, cost at f -/+ 25 %%: %.2f %.2f\n",
                f.num_keyframes,
                f.num_points,
                f.rms_px,
                f.calibration.cost_ratio_low,
                f.calibration.cost_ratio_high);
    for (const CalibrationStart& start : f.calibration.starts) {
      std::printf("  start %.2f W     %.1f px at analysis size, k1 %.4f, cost %.4f\n",
                  start.start_focal_over_width,
                  start.lens.focal_px,
                  start.lens.k1,
                  start.cost_per_observation);
    }
    std::printf("ground            %.0f %% of points, camera height cv %.1f %%\n",
                100 * f.ground.inlier_share,
                100 * f.ground.height_cv);
    std::printf("camera speed      %.2f m/s\n", f.camera_speed_m_s);
    std::printf("depth             %.0f %% of pixels with confidence > 0.1; %.0f matches per pair\n",
                100 * f.depth_coverage,
                f.matches_per_pair);
  } else {
    std::printf("pitch, roll       %.1f, %.1f degrees; ln f sigma %.2f, isotropy %s, slope %.3f\n",
                f.metrology.pitch_rad * 57.29578,
                f.metrology.roll_rad * 57.29578,
                f.metrology.focal_sigma,
                f.metrology.used_isotropy ? "used" : "not used",
                f.metrology.isotropy_slope);
  }
}

void PrintPeople(const ClassicalFigures& f, const Observations& observations) {
  std::vector<double> speeds;
  int inside = 0;
  for (size_t p = 0; p < f.people.size(); ++p) {
    const PersonFigures& person = f.people[p];
    if (std::isfinite(person.speed_m_s)) speeds.push_back(person.speed_m_s);
    inside += person.stature_m >= 1.6 && person.stature_m <= 1.9 ? 1 : 0;
    std::printf("  person %3d      %4d frames, stature %.2f m, %.1f m away, %.2f m/s, flags: %s\n",
                person.id,
                person.num_frames,
                person.stature_m,
                person.median_depth_m,
                person.speed_m_s,
                Joined(observations.people[p].flags).c_str());
  }
  for (const auto& [id, rigid] : f.rigidity) {
    std::printf("  track %3d        %d of %d points on the body are fixed in space\n",
                id,
                rigid.num_rigid,
                rigid.num_points);
  }
  std::printf("people            %zu, stature 1.6-1.9 m in %.0f %%, median speed %.2f m/s\n",
              f.people.size(),
              100.0 * inside / std::max<size_t>(1, f.people.size()),
              speeds.empty() ? 0.0 : Median(speeds));
  for (const PersonScale& scale : f.scale.people) {
    std::printf("  scale of track %d: %zu keyframes, median %.3f, spread %.1f %%, trend %.1f %%\n",
                scale.person,
                scale.ratios.size(),
                scale.median,
                100 * scale.spread,
                100 * scale.trend);
  }
  if (!f.scale.people.empty()) {
    std::printf("contact scale     spread %.1f %%, between people %.1f %%, trend %.1f %%\n",
                100 * f.scale.spread,
                100 * f.scale.person_spread,
                100 * f.scale.trend);
  }
}

int Run(const std::string& path, int begin, int end, int threads) {
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  VideoOptions video;
  for (const Clip& clip : MakeClips(ProbeVideo(path, video), begin, end, video)) {
    PhaseTimes times;
    ClassicalFigures figures;
    const Timer timer;
    const Observations observations =
        ObserveClassically(clip, body, 0, ClassicalOptions(), threads, &times, &figures);
    const double seconds = timer.Seconds();
    std::printf("clip              %s, %d frames\nflags             %s\n",
                clip.name.c_str(),
                clip.num_frames(),
                Joined(observations.flags).c_str());
    PrintCamera(figures);
    PrintPeople(figures, observations);
    std::printf("time              %.1f s, %.2f frames/s on %d threads\n",
                seconds,
                clip.num_frames() / seconds,
                threads);
    for (const auto& [phase, s] : times.seconds()) {
      std::printf("  %-15s %.1f ms/frame\n", phase.c_str(), 1000 * s / clip.num_frames());
    }
  }
  return 0;
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: classical_figures VIDEO [begin end] [threads]\n");
    return 2;
  }
  try {
    const int begin = argc > 3 ? std::atoi(argv[2]) : 0, end = argc > 3 ? std::atoi(argv[3]) : -1;
    return foothold::Run(argv[1], begin, end, argc > 4 ? std::atoi(argv[4]) : 1);
  } catch (const foothold::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.exit_code());
  }
}
