// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/scene/body.h"
#include "labels/label.h"

namespace foothold {

// Which labelled person is which true person. Both sides project the joints of their bodies through
// their own camera into the pixels of the source video; the overlap (intersection over union) of the
// bounding boxes of the joints decides, so neither depth nor the choice of world matters.

// Frames in which one labelled person is one true person. A true person can have several fragments
// (the tracker lost the person in between); a labelled person has at most one.
struct MatchedFragment {
  int label_person = 0, truth_person = 0;  // Indices into Reconstruction::people.
  std::vector<int> label_entries;          // Indices into PersonInWorld::frames, ascending ...
  std::vector<int> truth_entries;          // ... of the same source frames.
};

struct PersonMatches {
  std::vector<MatchedFragment> fragments;   // By true, then labelled person.
  std::vector<int> visible_frames;          // Of every true person: frames of the label's range in
                                            // which at least half of the joints are in the image.
  std::vector<int> unmatched_label_people;  // Indices: false detections.
};

// A fragment needs a mean overlap of `min_overlap` over the frames that both have. Fragments of one
// true person do not share frames: the larger total overlap wins. Frames count in the source video
// (Clip::first_frame plus the clip's frame).
PersonMatches MatchPeople(const labels::Label& label,
                          const labels::Label& truth,
                          const BodyModel& body,
                          double min_overlap = 0.3);

}  // namespace foothold
