// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "foothold/perception/classical/detect_boxes.h"
#include "foothold/perception/classical/people.h"

namespace foothold::test {

// Boxes of people known to be there: [id][frame].
using TrueTracks = std::map<int, std::map<int, Box>>;

// "frame,id,x_px,y_px,width_px,height_px" with a header line; rows outside [begin, end) are left out
// and frames count from `begin`.
inline TrueTracks ReadTrueTracks(const std::string& path, int begin = 0, int end = 1 << 30) {
  TrueTracks tracks;
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream fields(line);
    int frame = 0, id = 0;
    Box box;
    if (!(fields >> frame >> id >> box.x >> box.y >> box.width >> box.height)) continue;
    if (frame >= begin && frame < end) tracks[id][frame - begin] = box;
  }
  return tracks;
}

struct PersonScore {
  int true_id = 0;
  int frames = 0;    // Of the truth.
  int found = 0;     // Frames with a track above the overlap.
  int switches = 0;  // Times that the track id changes between found frames.
  double mean_overlap = 0;
};

struct TrackScore {
  std::vector<PersonScore> people;
  std::vector<const PersonTrack*>
      unmatched;  // Tracks that follow none of the true ones in half their frames.
};

inline TrackScore ScoreTracks(const TrueTracks& truth,
                              const std::vector<PersonTrack>& tracks,
                              double min_iou = 0.5) {
  TrackScore score;
  std::map<const PersonTrack*, int> matched;
  for (const auto& [id, boxes] : truth) {
    PersonScore person;
    person.true_id = id;
    const PersonTrack* last = nullptr;
    for (const auto& [frame, box] : boxes) {
      ++person.frames;
      const PersonTrack* best = nullptr;
      double best_iou = min_iou;
      for (const PersonTrack& track : tracks) {
        const int k = frame - track.frames.front();
        if (k < 0 || k >= static_cast<int>(track.frames.size())) continue;
        const double iou = IntersectionOverUnion(box, track.boxes_px[k]);
        if (iou > best_iou || (iou > min_iou && &track == last && iou > 0.9 * best_iou)) {
          best_iou = iou;
          best = &track;
        }
      }
      if (best == nullptr) continue;
      ++person.found;
      person.mean_overlap += best_iou;
      ++matched[best];
      if (last != nullptr && best != last) ++person.switches;
      last = best;
    }
    person.mean_overlap /= std::max(1, person.found);
    score.people.push_back(person);
  }
  for (const PersonTrack& track : tracks) {
    if (2 * matched[&track] < static_cast<int>(track.frames.size())) score.unmatched.push_back(&track);
  }
  return score;
}

}  // namespace foothold::test
