// SPDX-License-Identifier: Apache-2.0
// The optimiser on synthetic moving-camera clips with the default noise: table of accuracy per seed,
// and with --ablation the same without one term each.
//   build/bin/synthetic_table --seeds 10 --ablation [--frames 120] [--first-seed 1] [--threads 1]
// --unsteady leaves the rotations as perception saw them (JoshOptions::steady_poses).
// --exact takes all noise away; --body-depth, --shape, --rotation and --wrong-contacts set one each.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "bench/synthetic_clips.h"
#include "foothold/josh/josh.h"
#include "foothold/perception/classical/statistics.h"
#include "foothold/scene/synthetic.h"
#include "labels/body_file.h"
#include "support/synthetic_scores.h"

namespace foothold {
namespace {

struct Arguments {
  SyntheticClips clips;
  bool ablation = false;
  bool terms = false;
  bool released = false;
  bool unrefined = false;
  bool steady = true;
  NoiseOptions noise;
};

Arguments Parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--ablation") {
      arguments.ablation = true;
      continue;
    }
    if (name == "--unsteady") {
      arguments.steady = false;
      continue;
    }
    if (name == "--terms") {
      arguments.terms = true;
      continue;
    }
    if (name == "--exact") {
      NoiseOptions& noise = arguments.noise;
      noise.match_px = noise.match_outliers = noise.depth_smooth = noise.body_depth = noise.shape = 0;
      noise.joint_rotation_rad = noise.wrong_contacts = noise.focal = 0;
      continue;
    }
    if (name == "--unrefined") {
      arguments.unrefined = true;
      continue;
    }
    if (name == "--released") {
      arguments.released = true;
      continue;
    }
    if (i + 1 == argc) break;
    const char* value = argv[++i];
    if (arguments.clips.Take(name, value)) continue;
    if (name == "--body-depth") arguments.noise.body_depth = std::atof(value);
    if (name == "--shape") arguments.noise.shape = std::atof(value);
    if (name == "--rotation") arguments.noise.joint_rotation_rad = std::atof(value);
    if (name == "--wrong-contacts") arguments.noise.wrong_contacts = std::atof(value);
  }
  return arguments;
}

struct Case {
  std::string name;
  Observations observations;
  Reconstruction truth;
};

void PrintRow(const std::string& name, const SyntheticScores& s, double seconds, int people) {
  std::printf("%-28s %8.1f %8.1f %9.2f %8.1f %8.2f %8.2f %8.2f %7.2f %3d\n",
              name.c_str(),
              s.w_mpjpe_mm,
              s.mpjpe_mm,
              100 * s.scale_error,
              100 * s.ate_m,
              s.foot_sliding_mm,
              100 * s.focal_error,
              100 * s.depth_error,
              seconds,
              people);
  std::fflush(stdout);
}

SyntheticScores MedianScores(const std::vector<SyntheticScores>& all) {
  const auto median = [&](double SyntheticScores::*field) {
    std::vector<double> values;
    for (const SyntheticScores& s : all) values.push_back(s.*field);
    return Median(values);
  };
  SyntheticScores out;
  for (double SyntheticScores::*field : {&SyntheticScores::w_mpjpe_mm,
                                         &SyntheticScores::mpjpe_mm,
                                         &SyntheticScores::scale_error,
                                         &SyntheticScores::ate_m,
                                         &SyntheticScores::foot_sliding_mm,
                                         &SyntheticScores::focal_error,
                                         &SyntheticScores::depth_error}) {
    out.*field = median(field);
  }
  return out;
}

void PrintTerms(const SolverSummary& summary) {
  std::printf("  %s, %d parameters, %zu records, %d rejected, %d not finite\n",
              summary.message.c_str(),
              summary.num_parameters,
              summary.iterations.size(),
              summary.num_rejected_steps,
              summary.num_non_finite_steps);
  for (const auto& term : summary.terms) {
    std::printf("    %-15s %12.2f -> %12.2f  (%d residuals)\n",
                term.name.c_str(),
                term.initial,
                term.final,
                term.num_residuals);
  }
}

std::vector<SyntheticScores> RunAll(const std::vector<Case>& cases,
                                    const BodyModel& body,
                                    const JoshOptions& options,
                                    const Arguments& arguments,
                                    const std::string& name) {
  std::vector<SyntheticScores> scores;
  for (const Case& c : cases) {
    const std::clock_t start = std::clock();
    const JoshResult result = OptimizeJointly(c.observations, body, options, arguments.clips.threads);
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    scores.push_back(ScoreReconstruction(result.reconstruction, c.truth, body));
    PrintRow(name + " " + c.name, scores.back(), seconds, static_cast<int>(c.truth.people.size()));
    if (arguments.terms) PrintTerms(result.summary);
  }
  PrintRow(name + " MEDIAN", MedianScores(scores), 0, 0);
  return scores;
}

int Main(int argc, char** argv) {
  const Arguments arguments = Parse(argc, argv);
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  std::vector<Case> cases;
  std::vector<SyntheticScores> initial;
  std::printf("%-28s %8s %8s %9s %8s %8s %8s %8s %7s %3s\n",
              "",
              "W mm",
              "MPJPE mm",
              "scale %",
              "ATE cm",
              "FS mm",
              "focal %",
              "depth %",
              "cpu s",
              "n");
  const SyntheticClips& clips = arguments.clips;
  for (int n = 0; n < clips.seeds; ++n) {
    const int seed = clips.first_seed + n;
    const SyntheticClip clip =
        MakeSyntheticClip(body, clips.options, "bench" + std::to_string(seed), seed, clips.threads);
    Case c{std::to_string(seed), AddNoise(clip, body, arguments.noise, seed), clip.truth};
    initial.push_back(ScoreReconstruction(InitialReconstruction(c.observations, body), c.truth, body));
    PrintRow("initial " + c.name, initial.back(), 0, static_cast<int>(c.truth.people.size()));
    cases.push_back(std::move(c));
  }
  PrintRow("initial MEDIAN", MedianScores(initial), 0, 0);

  JoshOptions josh;
  josh.steady_poses = arguments.steady;
  const std::vector<SyntheticScores> full = RunAll(cases, body, josh, arguments, "optimised");
  std::vector<double> w_ratio, fs_ratio;
  for (size_t i = 0; i < full.size(); ++i) {
    w_ratio.push_back(full[i].w_mpjpe_mm / initial[i].w_mpjpe_mm);
    fs_ratio.push_back(full[i].foot_sliding_mm / initial[i].foot_sliding_mm);
  }
  std::printf("W-MPJPE optimised / initial: median %.3f, worst %.3f; foot sliding: median %.3f, worst %.3f\n",
              Median(w_ratio),
              *std::max_element(w_ratio.begin(), w_ratio.end()),
              Median(fs_ratio),
              *std::max_element(fs_ratio.begin(), fs_ratio.end()));
  if (arguments.unrefined) {
    JoshOptions unrefined;
    unrefined.refine_depth = false;
    RunAll(cases, body, unrefined, arguments, "depths not refined");
  }
  if (arguments.released) {
    JoshOptions released;
    released.mode = "released";
    RunAll(cases, body, released, arguments, "released");
  }
  if (!arguments.ablation) return 0;

  JoshOptions no_scale = josh, no_static = josh;
  no_scale.contact_scale_weight = 0;
  no_static.contact_static_weight = 0;
  const SyntheticScores base = MedianScores(full);
  const SyntheticScores without_scale =
      MedianScores(RunAll(cases, body, no_scale, arguments, "no contact_scale"));
  const SyntheticScores without_static =
      MedianScores(RunAll(cases, body, no_static, arguments, "no contact_static"));
  std::printf("Without contact_scale: scale error x %.2f, ATE x %.2f\n",
              without_scale.scale_error / base.scale_error,
              without_scale.ate_m / base.ate_m);
  std::printf("Without contact_static: foot sliding x %.2f\n",
              without_static.foot_sliding_mm / base.foot_sliding_mm);
  return 0;
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) { return foothold::Main(argc, argv); }
