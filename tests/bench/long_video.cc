// SPDX-License-Identifier: Apache-2.0
// The optimiser on one long walk round a block (synthetic scene `loop`, observations only, default
// noise): one solve of the whole clip with loop edges, one without, and chunks of 100 frames solved
// alone and chained, all on the same data.
//   build/bin/long_video [--frames 10000] [--seed 1] [--people 1] [--threads 1] [--loop-pairs 1]
//                        [--only loops|window|chunks] [--terms] [--match-memory-mb 4096]
// Columns: CPU seconds; linearisations of the solver; ATE (mean, rigid alignment of the whole path);
// W-MPJPE; `drift`: scale of the camera path over the last 500 frames against that over the first 500,
// each from the similarity between true and found centres; `scales`: smallest and largest such scale
// over windows side by side; `cam seam`: largest change of the camera's position error (a vector, after
// one rigid alignment) from one frame to the next where chunk seams lie, every 100 frames, and `else`:
// everywhere else; the same for people's pelvises. Memory is resident memory of the process.
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>

#include "foothold/josh/chunk_and_chain.h"
#include "foothold/josh/josh.h"
#include "foothold/scene/synthetic.h"
#include "labels/body_file.h"
#include "support/long_video_scores.h"

namespace foothold {
namespace {

constexpr int kSeamInterval = 100;
constexpr double kMiB = 1024.0 * 1024.0;

struct Arguments {
  int frames = 10000;
  int seed = 1;
  int people = 1;
  int threads = 1;
  int loop_pairs = 1;
  int stride = 8;
  int interval = 5;
  int match_memory_mb = JoshOptions().match_memory_mb;
  double rate = 30;
  double length = 0;
  bool terms = false;
  std::string only;
};

Arguments Parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--terms") {
      arguments.terms = true;
      continue;
    }
    if (i + 1 == argc) break;
    const char* value = argv[++i];
    if (name == "--frames") arguments.frames = std::atoi(value);
    if (name == "--seed") arguments.seed = std::atoi(value);
    if (name == "--people") arguments.people = std::atoi(value);
    if (name == "--match-memory-mb") arguments.match_memory_mb = std::atoi(value);
    if (name == "--threads") arguments.threads = std::atoi(value);
    if (name == "--loop-pairs") arguments.loop_pairs = std::atoi(value);
    if (name == "--stride") arguments.stride = std::atoi(value);
    if (name == "--interval") arguments.interval = std::atoi(value);
    if (name == "--rate") arguments.rate = std::atof(value);
    if (name == "--length") arguments.length = std::atof(value);
    if (name == "--only") arguments.only = value;
  }
  return arguments;
}

double CpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// Resident memory now (VmRSS) or at most since the last reset (VmHWM), MiB.
double Memory_mib(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string name;
  double kib = 0;
  while (status >> name) {
    if (name == field + ":") {
      status >> kib;
      break;
    }
  }
  return kib / 1024;
}
// The largest peak so far, over all phases.
double ResetPeak(double before) {
  const double peak = std::max(before, Memory_mib("VmHWM"));
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
  return peak;
}

template <class T>
double BytesOf(const Image<T>& image) {
  return static_cast<double>(image.data.size() * sizeof(T));
}

double BytesOf(const Observations& observations) {
  double bytes = 0;
  for (const Keyframe& keyframe : observations.keyframes) {
    bytes += BytesOf(keyframe.depth_m) + BytesOf(keyframe.confidence) + BytesOf(keyframe.person_mask) +
             BytesOf(keyframe.color);
  }
  for (const KeyframePair& pair : observations.pairs) {
    bytes += static_cast<double>(sizeof pair + pair.matches.size() * sizeof(PixelMatch));
  }
  for (const PersonObservations& person : observations.people) {
    bytes += static_cast<double>(person.frames.size() * sizeof(PersonFrame) +
                                 person.contacts.size() * sizeof(Contact));
  }
  return bytes;
}

double BytesOf(const Reconstruction& reconstruction) {
  double bytes = static_cast<double>(reconstruction.points.size() * sizeof(ScenePoint));
  for (const KeyframeDepth& keyframe : reconstruction.keyframes) {
    bytes += BytesOf(keyframe.depth_m) + BytesOf(keyframe.confidence);
  }
  for (const PersonInWorld& person : reconstruction.people) {
    bytes += static_cast<double>(person.frames.size()) *
             (sizeof(BodyPose) + sizeof(person.joints_in_world[0]) + 2 * sizeof(Box));
  }
  return bytes;
}

struct Setting {
  const Arguments* arguments;
  const BodyModel* body;
  const Reconstruction* truth;
  const Observations* observations;
  double peak_mib = 0;
};

void PrintHeader() {
  std::printf("%-16s %8s %6s %8s %8s %8s %15s %9s %7s %9s %7s %9s\n",
              "",
              "cpu s",
              "linear",
              "ATE cm",
              "W mm",
              "drift %",
              "scales",
              "cam seam",
              "else mm",
              "hip seam",
              "else mm",
              "peak MiB");
}

void PrintRow(
    const char* name, const LongVideoScores& s, double seconds, int linearisations, double peak_mib) {
  std::printf("%-16s %8.1f %6d %8.2f %8.1f %8.2f   %.4f-%.4f %9.1f %7.1f %9.1f %7.1f %9.0f\n",
              name,
              seconds,
              linearisations,
              100 * s.ate_m,
              s.w_mpjpe_mm,
              100 * s.scale_drift,
              s.smallest_scale,
              s.largest_scale,
              1000 * s.camera_at_seams_m,
              1000 * s.camera_elsewhere_m,
              1000 * s.pelvis_at_seams_m,
              1000 * s.pelvis_elsewhere_m,
              peak_mib);
  std::fflush(stdout);
}

LongVideoScores Score(const Setting& setting,
                      const std::vector<Rigid3d>& cameras,
                      const std::vector<ChainedPerson>& people) {
  const int window = std::min(500, std::max(2, setting.arguments->frames / 4));
  return ScoreLongVideo(cameras, people, *setting.truth, window, kSeamInterval);
}

void PrintTerms(const SolverSummary& summary) {
  for (const auto& record : summary.iterations) {
    std::printf("  %s %2d cost %14.2f damping %.1e step %.3g %s\n",
                record.stage.c_str(),
                record.iteration,
                record.cost,
                record.damping,
                record.step_norm,
                record.accepted ? "" : "rejected");
  }
  for (const auto& term : summary.terms) {
    std::printf("  %-15s %14.2f -> %14.2f  (%d residuals)\n",
                term.name.c_str(),
                term.initial,
                term.final,
                term.num_residuals);
  }
  std::printf("  %s\n", summary.message.c_str());
}

void SolveWhole(const char* name, Setting* setting) {
  setting->peak_mib = ResetPeak(setting->peak_mib);
  const double before = Memory_mib("VmRSS"), start = CpuSeconds();
  JoshOptions options;
  options.match_memory_mb = setting->arguments->match_memory_mb;
  const JoshResult result =
      OptimizeJointly(*setting->observations, *setting->body, options, setting->arguments->threads);
  const double seconds = CpuSeconds() - start, peak = Memory_mib("VmHWM");
  const Reconstruction& found = result.reconstruction;
  int linearisations = 0;
  for (const auto& record : result.summary.iterations)
    linearisations += record.accepted && record.iteration > 0;
  PrintRow(name, Score(*setting, found.world_from_cam, JointsOf(found)), seconds, linearisations, peak);
  if (setting->arguments->terms) PrintTerms(result.summary);
  const double keyframes = static_cast<double>(found.keyframes.size());
  const double result_bytes = BytesOf(found);
  std::printf("  KiB per keyframe: result %.0f, solver and its copies at the peak, result included, %.0f\n",
              result_bytes / 1024 / keyframes,
              1024 * (peak - before) / keyframes);
}

void SolveChunks(Setting* setting) {
  setting->peak_mib = ResetPeak(setting->peak_mib);
  const double start = CpuSeconds();
  ScheduleOptions schedule;
  schedule.interval = setting->arguments->interval;
  schedule.max_keyframes = 1 + kSeamInterval / schedule.interval;
  const ChainedClip clip = OptimizeInChunks(
      *setting->observations, *setting->body, JoshOptions(), schedule, setting->arguments->threads);
  const double seconds = CpuSeconds() - start;
  PrintRow(
      "chunk-and-chain", Score(*setting, clip.world_from_cam, clip.people), seconds, 0, Memory_mib("VmHWM"));
}

bool IsLoop(const KeyframePair& pair) { return pair.j - pair.i > 10; }

int Main(int argc, char** argv) {
  const Arguments arguments = Parse(argc, argv);
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  SyntheticOptions options;
  options.scene = "loop";
  options.num_frames = arguments.frames;
  options.num_people = arguments.people;
  options.frame_rate_hz = arguments.rate;
  options.loop_pairs_per_keyframe = arguments.loop_pairs;
  options.loop_length_m = arguments.length;
  options.match_stride_px = arguments.stride;
  options.keyframe_interval = arguments.interval;
  options.width = 256;
  options.height = 192;
  options.light = true;
  const double start = CpuSeconds();
  SyntheticClip clip = MakeSyntheticClip(body, options, "long", arguments.seed, arguments.threads);
  MakeNoisy(body, NoiseOptions(), arguments.seed, &clip);
  Observations& observations = clip.observations;
  double path_m = 0;
  for (size_t f = 1; f < clip.truth.world_from_cam.size(); ++f) {
    path_m += Norm(clip.truth.world_from_cam[f].translation - clip.truth.world_from_cam[f - 1].translation);
  }
  const auto loops = std::count_if(observations.pairs.begin(), observations.pairs.end(), IsLoop);
  std::printf(
      "seed %d: %d frames, %zu keyframes, camera path %.0f m, %zu pairs of which %ld loop edges, %zu "
      "people\n",
      arguments.seed,
      arguments.frames,
      observations.keyframes.size(),
      path_m,
      observations.pairs.size(),
      static_cast<long>(loops),
      observations.people.size());
  Setting setting{&arguments, &body, &clip.truth, &observations};
  setting.peak_mib = ResetPeak(0);
  std::printf("made in %.0f CPU s, peak %.0f MiB; observations %.0f MiB, %.0f KiB per keyframe\n",
              CpuSeconds() - start,
              setting.peak_mib,
              BytesOf(observations) / kMiB,
              BytesOf(observations) / 1024 / static_cast<double>(observations.keyframes.size()));
  PrintHeader();
  PrintRow("initial", Score(setting, observations.camera.world_from_cam, {}), 0, 0, 0);
  const auto wanted = [&](const char* name) { return arguments.only.empty() || arguments.only == name; };
  if (loops > 0 && wanted("loops")) SolveWhole("whole, loops", &setting);
  std::erase_if(observations.pairs, IsLoop);
  if (wanted("window")) SolveWhole("whole, no loops", &setting);
  if (wanted("chunks")) SolveChunks(&setting);
  std::printf("peak memory of the process: %.0f MiB\n", ResetPeak(setting.peak_mib));
  return 0;
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) { return foothold::Main(argc, argv); }
