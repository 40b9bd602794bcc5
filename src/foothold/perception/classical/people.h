// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foothold/base/journal.h"
#include "foothold/base/options.h"
#include "foothold/base/timer.h"
#include "foothold/perception/classical/detect_boxes.h"
#include "foothold/perception/classical/frames.h"
#include "foothold/scene/image.h"
#include "foothold/scene/observations.h"

namespace foothold {

// People of a clip without learned features beyond two packaged pedestrian windows: detection, ground
// gate, tracking, identity cuts, masks.

// How the camera moves; decided before anything else (regime.h), people need not be masked for it.
enum class CameraRegime { kStatic, kRotation, kParallax };

struct PeopleOptions {
  // Detection. Static views are enlarged: their people are seen from afar.
  int detection_long_edge_px = 960;          // Moving camera.
  int static_detection_long_edge_px = 1152;  // Static camera.
  double detection_rate_hz = 10;             // Frames looked at per second, moving camera.
  double static_detection_rate_hz = 5;       // The same for a static camera.
  double start_score = 1.0;                  // A track starts above this.
  double continue_score = 0.5;               // A track takes boxes above this.
  // Ground gate.
  double gate_log_height = 0.25;  // |ln(height / height expected from the foot row)|.
  double gate_window_s = 0.5;     // Half window of the horizon's mode, moving camera.
  // Tracking.
  int max_coast_frames = 12;  // Unseen frames before a track ends.
  int min_hits = 5;           // Detections that a track needs to be kept.
  // Identity cuts.
  double cut_appearance = 2.5;  // Change of clothes over its spread that cuts a track.
  // Masks.
  double min_foreground_share = 0.2;  // Median in the box (fixed view) below which a track is dropped.
  static const OptionTable& Table();
};

// One person through the clip. All vectors are parallel, one entry per frame.
struct PersonTrack {
  int id = 0;                      // From 0 in order of first frame, then left to right.
  std::vector<int> frames;         // Of the clip, strictly ascending and without holes.
  std::vector<Box> boxes_px;       // Head to foot, source pixels; may reach outside the image.
  std::vector<float> scores;       // 0..1: detector's confidence, fading while unseen.
  std::vector<uint8_t> detected;   // 1: the detector fired in this frame; 0: carried by flow.
  std::vector<std::string> flags;  // "track_identity_cut", "person_small" (below 64 px at detection),
  // "person_truncated" (partly outside the image in most frames).
};

// Tracks of all people, identities cut where the appearance jumps. `threads` does not change the
// result. `times` may be null; `journal` too: it takes the detections of every frame looked at, under
// keys that begin with kDetectionKey.
inline constexpr char kDetectionKey[] = "detections/";
std::vector<PersonTrack> TrackPeople(const ClipFrames& frames,
                                     CameraRegime regime,
                                     const PeopleOptions& options,
                                     int threads,
                                     PhaseTimes* times,
                                     Journal* journal = nullptr);

// The second half of it: detections of somebody else's, every so many frames from frame 0, become people.
// Scores are in start thresholds, boxes in analysis pixels; people lower than `small_px` source pixels get
// the flag person_small.
std::vector<PersonTrack> TrackDetections(const ClipFrames& frames,
                                         std::vector<FrameDetections> detections,
                                         double small_px,
                                         const PeopleOptions& options,
                                         int threads);

// What the foreground says about one person in one frame (static or rotating camera).
struct Silhouette {
  bool valid = false;                  // The body was found whole enough to measure.
  float foot_x_px = 0, foot_y_px = 0;  // Middle of the lowest eighth; y of the lowest row. Source pixels.
  float head_x_px = 0, head_y_px = 0;  // Middle of the top seventh; y of the top row. Source pixels.
  float foreground_share = 0;          // Of the box.
  bool at_border = false;              // Touches the image border.
};

// A person alone, cut out of the analysis image.
struct PersonCutout {
  int x = 0, y = 0;  // Top-left pixel of `mask` in the analysis image.
  ImageU8 mask;      // 255 on the person; empty when not seen or the camera moves.
};

struct PersonMasks {
  std::vector<int> frames;                         // As wanted.
  std::vector<ImageU8> people;                     // Per wanted frame: analysis size, 255 on people, else 0.
  std::vector<std::vector<PersonCutout>> cutouts;  // [wanted frame][track].
  std::vector<std::vector<Silhouette>> silhouettes;  // [track][k], k as in track.frames; empty if parallax.
};

// Static or rotating camera: background subtraction, and tracks without foreground are dropped from
// `tracks` (ids are kept). Moving camera: grown boxes, to be excluded from anything rigid.
// `wanted_frames`: ascending frames of the clip whose masks are kept.
PersonMasks MaskPeople(const ClipFrames& frames,
                       CameraRegime regime,
                       const std::vector<int>& wanted_frames,
                       const PeopleOptions& options,
                       int threads,
                       std::vector<PersonTrack>* tracks,
                       PhaseTimes* times);

}  // namespace foothold
