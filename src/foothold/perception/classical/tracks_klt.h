// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/base/options.h"
#include "foothold/geometry/vec.h"
#include "foothold/perception/classical/frames.h"
#include "foothold/perception/classical/people.h"

namespace foothold {

struct KltOptions {
  int max_corners = 1500;
  double quality = 0.002;      // Of the strongest corner.
  double min_distance_px = 9;  // Analysis pixels.
  int window_px = 15;
  int pyramid_levels = 3;
  double max_forward_backward_px = 0.5;
  static const OptionTable& Table();
};

// One point followed through consecutive frames, analysis pixels (distorted image).
struct FeatureTrack {
  int first_frame = 0;
  std::vector<Vec2f> positions_px;

  int end_frame() const { return first_frame + static_cast<int>(positions_px.size()); }
  bool Sees(int frame) const { return frame >= first_frame && frame < end_frame(); }
  const Vec2f& At(int frame) const { return positions_px[frame - first_frame]; }
};

// Pyramidal Lucas-Kanade tracks of corners outside people's boxes, topped up at every keyframe.
// Only tracks that see at least three keyframes are returned.
std::vector<FeatureTrack> TrackFeatures(const ClipFrames& frames,
                                        const std::vector<PersonTrack>& people,
                                        const std::vector<int>& keyframes,
                                        const KltOptions& options);

// The same inside people's body boxes instead.
std::vector<FeatureTrack> TrackBodyFeatures(const ClipFrames& frames,
                                            const std::vector<PersonTrack>& people,
                                            const std::vector<int>& keyframes,
                                            const KltOptions& options);

// The middle of a person's box, which shows hardly anything but the person. Same pixels as the box.
Box BodyBox(const Box& box);
inline bool Contains(const Box& box, const Vec2f& p) {
  return p[0] >= box.x && p[1] >= box.y && p[0] < box.x + box.width && p[1] < box.y + box.height;
}

// Box grown sideways by `side` of its width, upwards by 5 % and downwards by 6 % of its height: what
// must not be used as rigid scene. Same pixels as the box.
Box GrownBox(const Box& box, double side);

// The box of a track in one frame, or null.
const Box* BoxAt(const PersonTrack& track, int frame);

}  // namespace foothold
