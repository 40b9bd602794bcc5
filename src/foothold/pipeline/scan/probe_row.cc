// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/scan/probe_row.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "foothold/corpus/cost.h"
#include "foothold/perception/classical/detect.h"
#include "foothold/pipeline/scan/picture_judge.h"
#include "foothold/video/sampler.h"

namespace foothold {
namespace {

constexpr double kPairGap_s = 0.4;
constexpr int kConfirmFrames = 300, kConfirmStep = 10;
constexpr int kEnoughPictures = 3;  // With people in one of them.

Error Refused(const std::string& reason, const std::string& message) {
  return Error(ErrorKind::kBadInput, message).WithReason(reason);
}

// Frames of the row's range, as far as the video is known to go.
int FramesOf(const ManifestRow& row) {
  const int num_frames = row.facts.num_frames;
  return (row.unit.end < 0 ? num_frames : std::min(row.unit.end, num_frames)) - row.unit.begin;
}

Pictures TakePictures(VideoSampler* sampler,
                      int begin,
                      int count,
                      double rate_hz,
                      const ScanOptions& options,
                      const std::function<void()>& progress) {
  Pictures pictures;
  const int gap = std::max(1, static_cast<int>(std::lround(kPairGap_s * rate_hz)));
  for (int i = 0; i < options.samples; ++i) {
    const int second =
        begin + static_cast<int>(std::min(count - 1.0, (i + 0.5) * count / options.samples + gap));
    const int first = std::max(begin, second - gap);
    ImageU8 images[2];
    progress();
    pictures.reaches_end = sampler->Read(first, &images[0]) && sampler->Read(second, &images[1]);
    // A picture of another size: the labeller will say so.
    if (!pictures.reaches_end || images[0].width != images[1].width) continue;
    pictures.places.push_back({MakeThumb(images[0]), MakeThumb(images[1])});
    pictures.width = images[0].width;
    pictures.height = images[0].height;
    for (ImageU8& image : images) {
      pictures.images.push_back(ShrinkTo(options.people_long_edge_px, std::move(image)));
    }
  }
  return pictures;
}

// Where seeks always land on one frame, everything looks still: decoded from the start, is it?
bool IsStillFromTheStart(const std::string& path,
                         int begin,
                         const ThumbPair& place,
                         const ScanOptions& options,
                         const std::function<void()>& progress) {
  VideoSampler sampler(path);
  std::vector<ThumbPair> places = {place};
  ImageU8 image;
  for (int frame = begin; frame < begin + kConfirmFrames; frame += kConfirmStep) {
    progress();
    if (!sampler.Read(frame, &image)) break;
    places.push_back({MakeThumb(image), MakeThumb(image)});
  }
  return JudgePictures(places, options).reason == "static_image";
}

// Most people in one picture. Stops when it is clear that there are some.
int CountPeople(const std::vector<ImageU8>& images,
                const ScanOptions& options,
                const std::function<void()>& progress) {
  int most = 0, looked_at = 0;
  // The first of each pair, then the second.
  for (const size_t part : {size_t{0}, size_t{1}}) {
    for (size_t i = part; i < images.size(); i += 2) {
      if (most > 0 && looked_at >= kEnoughPictures) return most;
      progress();
      int people = 0;
      for (const Detection& detection : DetectPeopleInPicture(images[i], options.people_long_edge_px)) {
        people += detection.score >= options.people_score;
      }
      most = std::max(most, people);
      ++looked_at;
    }
  }
  return most;
}

void CheckSize(const VideoFacts& facts, const ScanOptions& options) {
  const int short_side = std::min(facts.width, facts.height);
  if (short_side >= options.min_short_side_px) return;
  throw Refused("picture_too_small",
                std::to_string(facts.width) + "x" + std::to_string(facts.height) +
                    " pixels; both sides must have at least " + std::to_string(options.min_short_side_px) +
                    " (scan.min_short_side_px)");
}

// Frames [begin, end) of the seconds asked for.
void ResolveSeconds(const std::vector<double>& times_s, ManifestRow* row) {
  const auto frame_at = [&](double time_s) {
    return static_cast<int>(std::lower_bound(times_s.begin(), times_s.end(), time_s - 1e-6) -
                            times_s.begin());
  };
  row->unit.begin = row->begin_s >= 0 ? frame_at(row->begin_s) : 0;
  row->unit.end = row->end_s >= 0 ? frame_at(row->end_s) : -1;
  const int end = row->unit.end < 0 ? static_cast<int>(times_s.size()) : row->unit.end;
  if (row->unit.begin < end) return;
  row->unit.begin = 0;  // What was asked for stays in seconds.
  row->unit.end = -1;
  throw Refused(
      "frame_range",
      "the video ends at " + std::to_string(times_s.back()) + " s; no frame lies in the seconds asked for");
}

}  // namespace

RowProber::RowProber(const ScanOptions& scan, const VideoOptions& video) : scan_(scan), video_(video) {}

const std::vector<double>& RowProber::TimesOf(const Row& row) {
  if (times_path_ != row.path) {
    times_path_.clear();
    times_s_ = ReadFrameTimes(row.path, row.progress);
    times_path_ = row.path;
  }
  return times_s_;
}

void RowProber::ReadClaims(const VideoSampler& sampler, VideoFacts* facts, const Row& row) {
  const FilePiece piece = FindFile(row.path).value();
  facts->size_bytes = static_cast<int64_t>(piece.size);
  if (content_path_ != row.path) {
    row.progress();
    content_ = scan_.hash == "full" ? "xxh3-128:" + HashFile(piece) : "ends:" + HashFileEnds(piece);
    content_path_ = row.path;
  }
  facts->content = content_;
  const VideoClaims& claims = sampler.claims();
  facts->rotation_deg = claims.rotation_deg;
  facts->codec = claims.codec;
  facts->frame_rate_hz = claims.frame_rate_hz;
  facts->num_frames = claims.num_frames;
}

void RowProber::CountExactly(VideoFacts* facts, const Row& row) {
  const std::vector<double>& times_s = TimesOf(row);
  facts->num_frames = static_cast<int>(times_s.size());
  if (times_s.size() > 1) facts->frame_rate_hz = (times_s.size() - 1) / (times_s.back() - times_s.front());
}

// The claim does not do for ranges in seconds, for short ones, and where there is none.
void RowProber::CountFrames(ManifestRow* manifest_row, const Row& row) {
  VideoFacts& facts = manifest_row->facts;
  const bool in_seconds = manifest_row->begin_s >= 0 || manifest_row->end_s >= 0;
  const bool few = FramesOf(*manifest_row) < 4 * video_.min_clip_frames;
  if (in_seconds || few || facts.frame_rate_hz <= 0) CountExactly(&facts, row);
  if (in_seconds) ResolveSeconds(TimesOf(row), manifest_row);
  const int count = FramesOf(*manifest_row);
  if (count <= 0) {
    throw Refused("frame_range",
                  "the video has " + std::to_string(facts.num_frames) + " frames, none in the range");
  }
  if (count < video_.min_clip_frames) {
    throw Refused("video_too_short",
                  std::to_string(count) + " frames; video.min_clip_frames asks for " +
                      std::to_string(video_.min_clip_frames));
  }
}

Pictures RowProber::LookAt(VideoSampler* sampler, ManifestRow* manifest_row, const Row& row) {
  VideoFacts& facts = manifest_row->facts;
  const int begin = manifest_row->unit.begin, count = FramesOf(*manifest_row);
  Pictures pictures = TakePictures(sampler, begin, count, facts.frame_rate_hz, scan_, row.progress);
  if (!pictures.reaches_end) {  // The claim is wrong, or seeks fail.
    CountExactly(&facts, row);
    const int exact = FramesOf(*manifest_row);
    if (exact != count && exact >= video_.min_clip_frames) {
      VideoSampler again(row.path);
      pictures = TakePictures(&again, begin, exact, facts.frame_rate_hz, scan_, row.progress);
    }
  }
  if (pictures.images.empty()) throw Refused("video_no_frames", "no frame could be decoded");
  facts.width = pictures.width;
  facts.height = pictures.height;
  facts.duration_s = facts.num_frames / facts.frame_rate_hz;
  return pictures;
}

void RowProber::Look(ManifestRow* manifest_row, const Row& row) {
  VideoSampler sampler(row.path);
  ReadClaims(sampler, &manifest_row->facts, row);
  CountFrames(manifest_row, row);
  const Pictures pictures = LookAt(&sampler, manifest_row, row);
  CheckSize(manifest_row->facts, scan_);
  const Verdict verdict = JudgePictures(pictures.places, scan_);
  const bool confirmed =
      verdict.reason != "static_image" ||
      IsStillFromTheStart(row.path, manifest_row->unit.begin, pictures.places[0], scan_, row.progress);
  if (!verdict.reason.empty() && confirmed) throw Refused(verdict.reason, verdict.message);
  if (!scan_.people) return;
  manifest_row->facts.people = CountPeople(pictures.images, scan_, row.progress);
  if (manifest_row->facts.people > 0) return;
  const std::string looked_at = std::to_string(pictures.images.size()) + " pictures";
  if (OnlyABandChanges(pictures.places, scan_)) {
    throw Refused("subtitles_only",
                  "no upright person in " + looked_at + ", and only a band of the picture changes");
  }
  throw Refused("no_people", "no upright person in " + looked_at + " (scan.people_score)");
}

void RowProber::Probe(ManifestRow* row, const std::function<void()>& progress) {
  const auto reject = [&](const std::string& reason, const std::string& message) {
    row->unit.rejected_reason = reason;
    row->unit.rejected_message = message;
  };
  progress();
  try {
    Look(row, {row->unit.path, progress});
  } catch (const Error& error) {
    const bool is_input = error.kind() == ErrorKind::kBadInput;
    reject(is_input && !error.reason().empty() ? error.reason() : "probe_failed", error.what());
  } catch (const std::bad_alloc&) {
    reject("probe_memory", "more memory than scan.worker_memory_mb is needed to decode it");
  } catch (const std::exception& error) {
    reject("probe_failed", error.what());
  }
  const int end = row->unit.end < 0 ? row->facts.num_frames : std::min(row->unit.end, row->facts.num_frames);
  row->unit.cost_s =
      row->unit.rejected_reason.empty() ? EstimateCost_s(row->facts, end - row->unit.begin) : 0;
}

}  // namespace foothold
