// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/join/track_links.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace foothold {
namespace {

constexpr double kMinOverlap = 0.5;
constexpr int kMinFrames = 3;

double Overlap(const Box& a, const Box& b) {
  const double width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
  const double height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  if (!(width > 0 && height > 0)) return 0;
  const double both = width * height;
  return both / (double(a.width) * a.height + double(b.width) * b.height - both);
}

struct Link {
  double score = 0;  // Sum of overlaps.
  int earlier = 0, later = 0;
};

bool FindLink(const PersonObservations& earlier, const PersonObservations& later, int offset, Link* link) {
  std::map<int, const Box*> boxes;
  for (const PersonFrame& entry : earlier.frames) boxes[entry.frame] = &entry.box_px;
  int count = 0;
  for (const PersonFrame& entry : later.frames) {
    const auto at = boxes.find(entry.frame + offset);
    if (at == boxes.end()) continue;
    ++count;
    link->score += Overlap(*at->second, entry.box_px);
  }
  return count >= kMinFrames && link->score >= kMinOverlap * count;
}

}  // namespace

std::vector<std::pair<int, int>> LinkTracks(const Observations& earlier,
                                            const Observations& later,
                                            int offset) {
  std::vector<Link> candidates;
  for (size_t p = 0; p < earlier.people.size(); ++p) {
    for (size_t q = 0; q < later.people.size(); ++q) {
      Link link{0, static_cast<int>(p), static_cast<int>(q)};
      if (FindLink(earlier.people[p], later.people[q], offset, &link)) candidates.push_back(link);
    }
  }
  std::sort(candidates.begin(), candidates.end(), [](const Link& a, const Link& b) {
    return std::make_tuple(-a.score, a.earlier, a.later) < std::make_tuple(-b.score, b.earlier, b.later);
  });
  std::vector<std::pair<int, int>> links;
  for (const Link& candidate : candidates) {
    const bool taken = std::any_of(links.begin(), links.end(), [&](const std::pair<int, int>& link) {
      return link.first == candidate.earlier || link.second == candidate.later;
    });
    if (!taken) links.emplace_back(candidate.earlier, candidate.later);
  }
  std::sort(links.begin(), links.end());
  return links;
}

}  // namespace foothold
