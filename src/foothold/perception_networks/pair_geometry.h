// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/base/journal.h"
#include "foothold/perception_networks/pair_network.h"
#include "foothold/scene/observations.h"

namespace foothold {

// What the pairs of keyframes say together of each keyframe, and of how they match.
struct KeyframeGeometry {
  ImageF depth_m;     // Along z: the relative depth of the canonical view times its anchors' depths; 0: none.
  ImageF confidence;  // 0 to 1; 0 on people and where there is no depth.
  double focal_px = 0;
  double focal_weight = 0;  // Mean confidence of the canonical view.
};
struct ClipGeometry {
  std::vector<KeyframeGeometry> keyframes;
  std::vector<KeyframePair> pairs;  // Ascending; those without a match are left out.
  std::vector<double> scores;       // [K x K], symmetric: matches of a pair; 0 without.
  double focal_px = 0;              // Shared: the keyframes' mean by weight.
};

struct KeyframePictures {
  std::vector<const ImageU8*> color;        // RGB, sides multiples of the network's patch.
  std::vector<const ImageU8*> person_mask;  // 255 on people; may be empty.
  // Of another network, three channels, metres up to a scale, in each camera: they take the place of
  // MASt3R's points, which then only weigh. Empty: MASt3R's own.
  std::vector<ImageF> points_m;
};

struct SeePairsOptions {
  int window = 10;  // Later keyframes that each is looked at beside.
  int batch = 1;    // Images or pairs of one call of the network.
  // How it runs; neither changes the result.
  int calls = 1;    // Calls of the network at once.
  int threads = 1;  // Of matching.
};

// Each keyframe is encoded once and looked at beside the next ones, both ways round. On people confidences
// are those of "nothing seen". Memory is that of the pairs of one window. `journal` (may be null) takes each
// keyframe that is finished: a process that goes on from it looks again only at what the open window needs,
// and gives the same bytes. Throws Error(kBadInput), reason "network_output".
ClipGeometry SeePairs(const PairNetwork& network,
                      const KeyframePictures& pictures,
                      const SeePairsOptions& options,
                      Journal* journal = nullptr);

}  // namespace foothold
