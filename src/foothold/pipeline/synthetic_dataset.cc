// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/synthetic_dataset.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "foothold/base/error.h"
#include "foothold/base/parallel.h"
#include "foothold/perception/synthetic_back_end.h"
#include "foothold/pipeline/label_video.h"
#include "foothold/video/video.h"
#include "labels/label.h"
#include "labels/observation_file.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

std::string ClipName(uint64_t seed) {
  char name[32];
  std::snprintf(name, sizeof name, "synth_%llu", static_cast<unsigned long long>(seed));
  return name;
}

void WriteFrames(const SyntheticClip& clip, const BodyModel& body, int threads, const std::string& path) {
  std::vector<ImageU8> frames(clip.observations.clip.num_frames());
  ParallelFor(static_cast<int>(frames.size()), threads, [&](int frame) {
    frames[frame] = RenderFrame(clip, body, frame).color;
  });
  WriteVideo(path, clip.observations.clip.frame_rate_hz, frames);
}

// What probing the written video will say: its hash and time stamps make the clip's identity.
Clip IdentifyVideo(const std::string& path, const Clip& rendered) {
  VideoOptions options;
  const ImageTransform& size = rendered.working_from_source;
  options.working_long_edge_px = std::max(size.width, size.height);
  options.split_at_cuts = false;
  options.min_clip_frames = std::min(options.min_clip_frames, rendered.num_frames());
  const std::vector<Clip> clips = MakeClips(ProbeVideo(path, options), 0, -1, options);
  FOOTHOLD_CHECK(clips.size() == 1 && clips[0].num_frames() == rendered.num_frames(),
                 path + ": the written video does not have the rendered frames");
  return clips[0];
}

// The writers never replace a file; a dataset does.
std::string Fresh(const std::string& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) throw Error(ErrorKind::kStorage, path + ": cannot be replaced: " + error.message());
  return path;
}

std::string WriteClip(const SyntheticDataset& dataset, uint64_t seed, const BodyModel& body, int threads) {
  const std::string name = ClipName(seed);
  const std::string stem = (fs::path(dataset.dir) / name).string();
  const std::string video = stem + ".mp4";
  const SyntheticClip clip = MakeSyntheticClip(body, dataset.options, name, seed, threads);
  WriteFrames(clip, body, threads, video);
  const Clip identity = IdentifyVideo(video, clip.observations.clip);

  Observations noisy = AddNoise(clip, body, dataset.noise, seed);
  noisy.clip = identity;
  labels::WriteObservations(noisy, Fresh(stem + ".observations.h5"));

  labels::Label truth;
  truth.kind = "truth";
  truth.clip = identity;
  truth.reconstruction = clip.truth;
  truth.summary.message = "synthetic truth";
  truth.provenance.program = ProgramVersion();
  truth.provenance.perception = clip.observations.source;
  SyntheticOptions options = dataset.options;
  OptionSet set;
  set.Bind(&options);
  truth.provenance.options = set.Dump();
  truth.provenance.body_model_hash = body.content_hash;
  labels::WriteLabel(truth, Fresh(stem + ".truth.h5"));

  WriteSyntheticRecipe({dataset.options, seed, body.content_hash}, stem + ".synthetic.conf");
  return video;
}

}  // namespace

std::vector<std::string> WriteSyntheticDataset(const SyntheticDataset& dataset,
                                               const BodyModel& body,
                                               int threads) {
  std::error_code error;
  fs::create_directories(dataset.dir, error);
  if (error) throw Error(ErrorKind::kStorage, dataset.dir + ": cannot make the folder: " + error.message());
  std::vector<std::string> videos;
  for (int k = 0; k < dataset.num_clips; ++k) {
    videos.push_back(WriteClip(dataset, dataset.seed + static_cast<uint64_t>(k), body, threads));
  }
  return videos;
}

}  // namespace foothold
