// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/scene/observations.h"

namespace foothold {

// A possible person in one frame, analysis pixels, head to foot.
struct Detection {
  Box box;
  double score = 0;  // 1: as good as a track's first detection has to be.
  // As small as the detector finds people: the person may be smaller, around the same middle.
  bool smallest = false;
};

// Detections of one frame that was looked at.
struct FrameDetections {
  int frame = 0;
  std::vector<Detection> detections;
};

inline double FootY(const Box& box) { return box.y + box.height; }
inline double CentreX(const Box& box) { return box.x + 0.5 * box.width; }

double Intersection(const Box& a, const Box& b);
double IntersectionOverUnion(const Box& a, const Box& b);

// Strongest first; drops what overlaps a stronger one by more than `max_iou`. Ties keep their order.
std::vector<Detection> SuppressOverlaps(std::vector<Detection> detections, double max_iou);

// Strongest first; drops small boxes (below 0.75 of the height) that lie to three quarters inside a
// stronger one: a leg or a bag.
std::vector<Detection> SuppressContained(std::vector<Detection> detections);

// Two detectors, one opinion: where both fire (overlap above 0.4) each gains 0.7 of the other's
// score; then overlaps are suppressed.
std::vector<Detection> FuseDetectors(std::vector<Detection> a, std::vector<Detection> b);

}  // namespace foothold
