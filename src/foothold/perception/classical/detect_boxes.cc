// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/detect_boxes.h"

#include <algorithm>

namespace foothold {
namespace {

constexpr double kAgreement = 0.4;  // Overlap above which two detectors mean the same person.
constexpr double kBonus = 0.7;
constexpr double kFusedOverlap = 0.35;
constexpr double kContained = 0.75, kSmaller = 0.75;

void SortStrongestFirst(std::vector<Detection>* detections) {
  std::stable_sort(detections->begin(), detections->end(), [](const Detection& a, const Detection& b) {
    return a.score > b.score;
  });
}

double BestAgreeingScore(const Detection& detection, const std::vector<Detection>& others) {
  double best = 0;
  for (const Detection& other : others) {
    if (IntersectionOverUnion(detection.box, other.box) > kAgreement) best = std::max(best, other.score);
  }
  return best;
}

}  // namespace

double Intersection(const Box& a, const Box& b) {
  const double width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
  const double height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  return std::max(0.0, width) * std::max(0.0, height);
}

double IntersectionOverUnion(const Box& a, const Box& b) {
  const double common = Intersection(a, b);
  const double both =
      static_cast<double>(a.width) * a.height + static_cast<double>(b.width) * b.height - common;
  return both > 0 ? common / both : 0;
}

std::vector<Detection> SuppressOverlaps(std::vector<Detection> detections, double max_iou) {
  SortStrongestFirst(&detections);
  std::vector<Detection> kept;
  for (const Detection& candidate : detections) {
    const bool overlaps = std::any_of(kept.begin(), kept.end(), [&](const Detection& stronger) {
      return IntersectionOverUnion(candidate.box, stronger.box) >= max_iou;
    });
    if (!overlaps) kept.push_back(candidate);
  }
  return kept;
}

std::vector<Detection> SuppressContained(std::vector<Detection> detections) {
  SortStrongestFirst(&detections);
  std::vector<Detection> kept;
  for (const Detection& candidate : detections) {
    const double area = static_cast<double>(candidate.box.width) * candidate.box.height;
    const bool contained = std::any_of(kept.begin(), kept.end(), [&](const Detection& stronger) {
      return Intersection(candidate.box, stronger.box) > kContained * area &&
             candidate.box.height < kSmaller * stronger.box.height;
    });
    if (!contained) kept.push_back(candidate);
  }
  return kept;
}

std::vector<Detection> FuseDetectors(std::vector<Detection> a, std::vector<Detection> b) {
  std::vector<Detection> fused;
  for (const Detection& detection : a) {
    fused.push_back(detection);
    fused.back().score += kBonus * BestAgreeingScore(detection, b);
  }
  for (const Detection& detection : b) {
    fused.push_back(detection);
    fused.back().score += kBonus * BestAgreeingScore(detection, a);
  }
  return SuppressOverlaps(std::move(fused), kFusedOverlap);
}

}  // namespace foothold
