// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "foothold/base/options.h"
#include "foothold/scene/clip.h"
#include "foothold/scene/image.h"

namespace foothold {

struct VideoOptions {
  int working_long_edge_px = 512;    // Rounded so that both sides are multiples of 16.
  std::string working_fit = "crop";  // crop, pad
  bool split_at_cuts = true;
  double cut_threshold = 0.5;
  int min_clip_frames = 8;
  int part_frames = 750;         // Of a long video, looked at one part at a time.
  int part_overlap_frames = 50;  // That neighbouring parts share.
  static const OptionTable& Table();
};

// Facts from one sequential pass over the whole file, nothing trusted from the container.
struct VideoProbe {
  std::string path;
  std::string content_hash;
  int width = 0, height = 0;   // After rotation.
  int rotation_deg = 0;        // From metadata, applied while decoding.
  int container_frames = 0;    // Claimed.
  std::vector<double> time_s;  // Decoded frames, strictly increasing.
  double frame_rate_hz = 0;    // Median.
  bool variable_rate = false;
  std::vector<int> cuts;  // Frames that start a new scene.
  // "video_truncated": fewer frames than the container claims (also a stream-copied cut).
  // "time_gap": frames are missing in between. "variable_rate". "time_unknown": the file has no times,
  // its nominal rate is used. "decode_errors": FFmpeg reported damage; some frames may be broken.
  std::vector<std::string> flags;
};

// Decodes once from start to end. Throws Error(kBadInput) when nothing can be labelled, with reason
// video_missing, video_empty, video_unreadable, video_no_frames, video_too_small (a side below 64
// pixels), video_too_short (below min_clip_frames) or video_size_changes.
VideoProbe ProbeVideo(const std::string& path, const VideoOptions& options);

// Largest working image of the options' long edge (never enlarged) whose sides are multiples of 16,
// centre onto centre, equal scale on both axes.
ImageTransform MakeWorkingTransform(int source_width, int source_height, const VideoOptions& options);

// Frames [begin, end) of the video (end < 0: to the end), split at cuts and gaps; pieces shorter than
// min_clip_frames are left out. Every clip carries the flags of the file. Throws Error(kUsage) when that is
// no range of the video's frames, Error(kBadInput, "video_too_short") when no piece is long enough.
std::vector<Clip> MakeClips(const VideoProbe& probe, int begin, int end, const VideoOptions& options);

struct FrameRange {
  int begin = 0, end = 0;  // Frames [begin, end).
};

// Overlapping parts of about part_frames each (at most half as much more) that cover frames [begin, end) of
// a video; one part when that is short. What is seen in them is joined into one world again.
std::vector<FrameRange> PlanParts(int begin, int end, const VideoOptions& options);

// Frames [begin, end) of a clip as a clip of its own.
Clip SubClip(const Clip& clip, int begin, int end);

struct OpenVideoFile;

// Sequential frames of one clip at source resolution (RGB, rotation applied), decoded ahead of their use by
// a thread. Next() returns false after the last frame; throws Error(kBadInput) if the file cannot be opened
// or yields fewer frames than the clip has, or frames of another size (a source_width of 0 takes any).
class FrameReader {
 public:
  explicit FrameReader(const Clip& clip);
  // From a file that is open already and not beyond the clip's first frame.
  FrameReader(const Clip& clip, std::unique_ptr<OpenVideoFile> file);
  ~FrameReader();
  bool Next(ImageU8* rgb);
  // Seconds that Next waited for the decoder.
  double waited_s() const;
  // The file, for a later clip; null after a failure. Nothing may be read afterwards.
  std::unique_ptr<OpenVideoFile> Release();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Readers for clips of one video that come one after another: what lies before a clip is not decoded anew,
// and the next clip's decoder can start while this one is looked at. Two files stay open, so that also
// clips that overlap their neighbours cost two passes over the video and not one per clip.
class FrameReaders {
 public:
  FrameReaders();
  ~FrameReaders();
  FrameReaders(const FrameReaders&) = delete;
  FrameReaders& operator=(const FrameReaders&) = delete;

  // The clips that will be taken, in order: with each, the decoder of the next begins.
  void Expect(std::vector<Clip> clips);
  std::unique_ptr<FrameReader> Take(const Clip& clip);
  void Return(std::unique_ptr<FrameReader> reader, const Clip& clip);

 private:
  struct Idle {
    std::string path;
    std::unique_ptr<OpenVideoFile> file;
  };
  static constexpr size_t kIdle = 2;

  std::unique_ptr<FrameReader> Make(const Clip& clip);

  std::vector<Idle> idle_;
  std::vector<Clip> expected_;
  std::unique_ptr<FrameReader> prepared_;
  std::string prepared_id_;
};

// Source frame to working image by the clip's exact transform (area filter when shrinking).
ImageU8 ToWorkingImage(const ImageU8& source_rgb, const ImageTransform& working_from_source);

// Writes a video for synthetic clips and tests: `path` ends in .mp4 (lossy, about 36 dB) or .avi
// (lossless). Frames are RGB, of one size with even sides. Equal frames give equal bytes. Replaces an
// existing file; appears whole or not at all. Throws Error(kStorage).
void WriteVideo(const std::string& path, double frame_rate_hz, const std::vector<ImageU8>& frames_rgb);

}  // namespace foothold
