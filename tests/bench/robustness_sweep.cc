// SPDX-License-Identifier: Apache-2.0
// The optimiser on synthetic truth under growing trouble: one table row per kind and level of trouble, with
// medians over seeds of the initial state, of calibrated mode and of released mode (docs/results.md).
//   build/bin/robustness_sweep [--seeds 3] [--first-seed 1] [--frames 120] [--threads 1] [--only NAME]
// Exits with 1 when any run gives a number that is not finite or no termination.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "foothold/josh/josh.h"
#include "foothold/scene/synthetic.h"
#include "labels/body_file.h"
#include "support/synthetic_scores.h"

namespace foothold {
namespace {

struct Arguments {
  int seeds = 3, first_seed = 1, frames = 120, threads = 1;
  std::string only;
};

Arguments Parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--seeds") arguments.seeds = std::atoi(value);
    if (name == "--first-seed") arguments.first_seed = std::atoi(value);
    if (name == "--frames") arguments.frames = std::atoi(value);
    if (name == "--threads") arguments.threads = std::atoi(value);
    if (name == "--only") arguments.only = value;
  }
  return arguments;
}

// One row: how clips are made, how they are spoiled.
struct Trouble {
  std::string name;
  SyntheticOptions clip;
  NoiseOptions noise;
  std::function<void(Observations*)> spoil;  // After the noise; may be empty.
};

NoiseOptions NoNoise() {
  NoiseOptions noise;
  noise.match_px = noise.match_outliers = noise.depth_smooth = noise.body_depth = 0;
  noise.joint_rotation_rad = noise.shape = noise.wrong_contacts = noise.focal = 0;
  noise.depth_scale_min = noise.depth_scale_max = 1;
  return noise;
}

// The first person is out of view for the middle third.
void LeaveAndReturn(Observations* observations) {
  const int frames = observations->clip.num_frames();
  const auto away = [frames](int frame) { return frame >= frames / 3 && frame < 2 * frames / 3; };
  PersonObservations& person = observations->people.front();
  std::erase_if(person.frames, [&](const PersonFrame& f) { return away(f.frame); });
  std::erase_if(person.contacts,
                [&](const Contact& c) { return away(observations->keyframes[c.keyframe].frame); });
}

// In the middle third something stands in front of everybody's feet, at 0.6 of their distance; their contacts
// are still reported.
void HideFeet(Observations* observations) {
  const int frames = observations->clip.num_frames();
  for (const PersonObservations& person : observations->people) {
    for (const PersonFrame& frame : person.frames) {
      if (frame.frame < frames / 3 || frame.frame >= 2 * frames / 3) continue;
      for (Keyframe& keyframe : observations->keyframes) {
        if (keyframe.frame != frame.frame) continue;
        const Box& box = frame.box_px;
        const auto depth = static_cast<float>(0.6 * frame.body_in_cam.translation_m[2]);
        const int x0 = static_cast<int>(box.x - 0.3f * box.width),
                  x1 = static_cast<int>(box.x + 1.3f * box.width);
        const int y0 = static_cast<int>(box.y + 0.75f * box.height),
                  y1 = static_cast<int>(box.y + 1.2f * box.height);
        for (int y = std::max(0, y0); y < std::min(keyframe.depth_m.height, y1); ++y) {
          for (int x = std::max(0, x0); x < std::min(keyframe.depth_m.width, x1); ++x) {
            keyframe.depth_m.At(x, y) = depth;
            keyframe.confidence.At(x, y) = 0.8f;
            if (!keyframe.person_mask.data.empty()) keyframe.person_mask.At(x, y) = 0;
          }
        }
      }
    }
  }
}

// The camera is optimised although it does not move, or only turns.
void FreeCamera(Observations* observations) {
  observations->camera.poses_fixed = false;
  observations->camera.metric = false;
}

std::vector<Trouble> Troubles(const Arguments& arguments) {
  SyntheticOptions clip;
  clip.num_frames = arguments.frames;
  std::vector<Trouble> all;
  all.push_back({"default noise", clip, {}, {}});
  for (const double share : {0.0, 0.2, 0.4, 0.6}) {
    NoiseOptions noise;
    noise.match_outliers = share;
    all.push_back(
        {"match outliers " + std::to_string(static_cast<int>(100 * share)) + " %", clip, noise, {}});
  }
  for (const double depth : {0.0, 0.05, 0.1, 0.2}) {
    NoiseOptions noise;
    noise.depth_smooth = depth;
    all.push_back({"depth noise " + std::to_string(static_cast<int>(100 * depth)) + " %", clip, noise, {}});
  }
  for (const double focal : {0.0, 0.1, 0.2, 0.4}) {
    NoiseOptions noise;
    noise.focal = focal;
    all.push_back({"focal +- " + std::to_string(static_cast<int>(100 * focal)) + " %", clip, noise, {}});
  }
  NoiseOptions contacts;
  contacts.wrong_contacts = 0.3;
  all.push_back({"wrong contacts 30 %", clip, contacts, {}});
  all.push_back({"leaves and returns", clip, {}, LeaveAndReturn});
  SyntheticOptions standing = clip, turning = clip;
  standing.camera = "static";
  turning.camera = "rotating";
  all.push_back({"static camera, free", standing, {}, FreeCamera});
  all.push_back({"rotating camera, free", turning, {}, FreeCamera});
  all.push_back({"feet hidden", clip, {}, HideFeet});
  NoiseOptions body_depth = NoNoise();
  body_depth.body_depth = 0.1;
  all.push_back({"only body depth 10 %", clip, body_depth, {}});
  return all;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return n == 0 ? 0 : n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

using Column = double SyntheticScores::*;
constexpr Column kColumns[] = {&SyntheticScores::w_mpjpe_mm,
                               &SyntheticScores::scale_error,
                               &SyntheticScores::ate_m,
                               &SyntheticScores::world_translation_m};

class Row {
 public:
  void Add(const SyntheticScores& scores) {
    all_.push_back(scores);
    for (const Column column : kColumns) finite_ = finite_ && std::isfinite(scores.*column);
  }
  bool finite() const { return finite_; }
  void Print() const {
    const double units[] = {1, 100, 100, 100};  // mm, %, cm, cm
    for (int c = 0; c < 4; ++c) {
      std::vector<double> values;
      for (const SyntheticScores& scores : all_) values.push_back(scores.*kColumns[c]);
      std::printf(" %7.1f", units[c] * Median(values));
    }
    std::printf(" |");
  }

 private:
  std::vector<SyntheticScores> all_;
  bool finite_ = true;
};

// False when something is not finite or has no termination.
bool RunTrouble(const Trouble& trouble, const BodyModel& body, const Arguments& arguments) {
  Row initial, calibrated, released;
  bool honest = true;
  for (int n = 0; n < arguments.seeds; ++n) {
    const int seed = arguments.first_seed + n;
    const SyntheticClip clip =
        MakeSyntheticClip(body, trouble.clip, "sweep" + std::to_string(seed), seed, arguments.threads);
    Observations observations = AddNoise(clip, body, trouble.noise, seed);
    if (trouble.spoil) trouble.spoil(&observations);
    initial.Add(ScoreReconstruction(InitialReconstruction(observations, body), clip.truth, body));
    for (const char* mode : {"calibrated", "released"}) {
      JoshOptions options;
      options.mode = mode;
      const JoshResult result = OptimizeJointly(observations, body, options, arguments.threads);
      honest = honest && result.summary.termination != SolverSummary::Termination::kNotRun &&
               ProblemsOf(result.reconstruction, observations.clip).empty();
      Row& row = options.mode == "calibrated" ? calibrated : released;
      row.Add(ScoreReconstruction(result.reconstruction, clip.truth, body));
    }
  }
  std::printf("%-24s |", trouble.name.c_str());
  for (const Row* row : {&initial, &calibrated, &released}) {
    row->Print();
    honest = honest && row->finite();
  }
  std::printf("%s\n", honest ? "" : " NOT FINITE OR NOT HONEST");
  std::fflush(stdout);
  return honest;
}

int Main(int argc, char** argv) {
  const Arguments arguments = Parse(argc, argv);
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  std::printf("%-24s | %31s | %31s | %31s |\n", "", "initial", "calibrated", "released");
  std::printf("%-24s |", "median over seeds");
  for (int k = 0; k < 3; ++k) std::printf(" %7s %7s %7s %7s |", "W mm", "scale %", "ATE cm", "body cm");
  std::printf("\n");
  bool honest = true;
  for (const Trouble& trouble : Troubles(arguments)) {
    if (!arguments.only.empty() && trouble.name.find(arguments.only) == std::string::npos) continue;
    honest = RunTrouble(trouble, body, arguments) && honest;
  }
  return honest ? 0 : 1;
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) { return foothold::Main(argc, argv); }
