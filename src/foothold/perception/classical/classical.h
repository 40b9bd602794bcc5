// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "foothold/perception/classical/contact_scale.h"
#include "foothold/perception/classical/depth.h"
#include "foothold/perception/classical/frames.h"
#include "foothold/perception/classical/ground.h"
#include "foothold/perception/classical/initial_body.h"
#include "foothold/perception/classical/matches.h"
#include "foothold/perception/classical/metrology.h"
#include "foothold/perception/classical/moving_camera.h"
#include "foothold/perception/classical/people.h"
#include "foothold/perception/classical/regime.h"
#include "foothold/perception/classical/rigid_tracks.h"
#include "foothold/perception/classical/tracks_klt.h"
#include "foothold/perception/perception.h"

namespace foothold {

// Every option of the classical back end.
struct ClassicalOptions {
  FramesOptions frames;
  PeopleOptions people;
  RegimeOptions regime;
  KltOptions features;
  CalibrationOptions calibration;
  RigidOptions rigid;
  GroundOptions ground;
  DepthOptions depth;
  MatchOptions matches;
  MetrologyOptions metrology;
  BodyOptions initial_body;
  void BindTo(OptionSet* set);
};

// Perception without network weights: people by HOG detectors and tracking, cameras by feature tracks
// and bundle adjustment or ground-plane metrology, depth by optical flow with known cameras.
std::unique_ptr<Perception> MakeClassicalPerception(const PerceptionOptions& options,
                                                    const ClassicalOptions& classical);

// What the back end measured on the way; for benchmarks and tests.
struct PersonFigures {
  int id = 0;
  int num_frames = 0;
  double stature_m = 0;  // Fitted when the camera does not translate; assumed otherwise.
  double speed_m_s = 0;  // Median over the ground; NaN for short tracks.
  double median_depth_m = 0;
};
struct ClassicalFigures {
  CameraRegime regime = CameraRegime::kStatic;
  RegimeFigures static_figures, moving_figures;
  int num_keyframes = 0;
  double source_width_px = 0;
  // Lens in source pixels.
  double focal_px = 0, k1 = 0;
  bool focal_observable = false;
  double rms_px = 0;  // Square (analysis) pixels.
  int num_points = 0;
  LensCalibration calibration;
  GroundEstimate ground;  // Metric after scaling by people.
  ContactScale scale;
  std::vector<std::pair<int, RigidEvidence>> rigidity;  // By track, before rigid ones are dropped.
  MetrologyResult metrology;
  double camera_height_m = 0, camera_speed_m_s = 0;
  double depth_coverage = 0;  // Share of pixels with confidence above 0.1.
  double matches_per_pair = 0;
  std::vector<PersonFigures> people;
};

// The back end itself. `figures`, `journal` and `readers` may be null. What a journal holds is not measured
// again: then `figures` lacks it.
Observations ObserveClassically(const Clip& clip,
                                const BodyModel& body,
                                int keyframe_interval,
                                const ClassicalOptions& options,
                                int threads,
                                PhaseTimes* times,
                                ClassicalFigures* figures,
                                Journal* journal = nullptr,
                                FrameReaders* readers = nullptr);

// Frames 0, s, 2s, ... and the last one; `interval` 0 means nearest to 1/6 s.
std::vector<int> KeyframesOf(const Clip& clip, int interval);

}  // namespace foothold
