// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/cost.h"

#include <algorithm>

namespace foothold {

double EstimateCost_s(const VideoFacts& facts, int num_frames) {
  constexpr double kStart_s = 0.5, kFrame_s = 0.03, kPerson_s = 0.01;  // A frame of kMegapixels.
  constexpr double kMegapixels = 0.44;                                 // 768 x 576.
  constexpr int kUnknownPeople = 2;
  constexpr double kFixedShare = 0.6;  // Of a frame's work: it is done on an image of fixed size.
  const int people = facts.people < 0 ? kUnknownPeople : facts.people;
  const double megapixels = 1e-6 * facts.width * facts.height;
  const double resolution = kFixedShare + (1 - kFixedShare) * megapixels / kMegapixels;
  return kStart_s + std::max(0, num_frames) * (kFrame_s + kPerson_s * people) * resolution;
}

}  // namespace foothold
