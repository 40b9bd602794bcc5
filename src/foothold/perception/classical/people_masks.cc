// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "foothold/base/parallel.h"
#include "foothold/base/pulse.h"
#include "foothold/perception/classical/image_cv.h"
#include "foothold/perception/classical/masks.h"
#include "foothold/perception/classical/people.h"
#include "foothold/perception/classical/tracks_klt.h"

namespace foothold {
namespace {

constexpr double kGrownSide = 0.15;

void FillGrownBox(const ClipFrames& frames, const Box& box_px, ImageU8* mask) {
  const Box box = frames.AnalysisFromSource(GrownBox(box_px, kGrownSide));
  cv::Mat view = AsMat(*mask);
  const cv::Rect rect = cv::Rect(cv::Point(cvFloor(box.x), cvFloor(box.y)),
                                 cv::Point(cvCeil(box.x + box.width) + 1, cvCeil(box.y + box.height) + 1)) &
                        cv::Rect(0, 0, view.cols, view.rows);
  view(rect).setTo(255);
}

Silhouette InSourcePixels(const ClipFrames& frames, Silhouette silhouette) {
  if (!silhouette.valid) return silhouette;
  const Box foot = frames.SourceFromAnalysis({silhouette.foot_x_px, silhouette.foot_y_px, 0, 0});
  const Box head = frames.SourceFromAnalysis({silhouette.head_x_px, silhouette.head_y_px, 0, 0});
  silhouette.foot_x_px = foot.x;
  silhouette.foot_y_px = foot.y;
  silhouette.head_x_px = head.x;
  silhouette.head_y_px = head.y;
  return silhouette;
}

// Person (index of the track, of its frame) in one frame.
struct Presence {
  int track = 0, k = 0;
};

std::vector<Presence> PresentIn(int frame, const std::vector<PersonTrack>& tracks) {
  std::vector<Presence> present;
  for (size_t t = 0; t < tracks.size(); ++t) {
    const int k = frame - tracks[t].frames.front();
    if (k >= 0 && k < static_cast<int>(tracks[t].frames.size())) present.push_back({static_cast<int>(t), k});
  }
  return present;
}

PersonMasks EmptyMasks(const std::vector<int>& wanted_frames, const std::vector<PersonTrack>& tracks) {
  PersonMasks masks;
  masks.frames = wanted_frames;
  masks.people.resize(wanted_frames.size());
  masks.cutouts.assign(wanted_frames.size(), std::vector<PersonCutout>(tracks.size()));
  return masks;
}

// Cutouts and silhouettes of one frame; `w` is its place among the wanted ones, -1 when not wanted.
void MaskFrame(const ClipFrames& frames,
               int frame,
               const ImageU8& foreground,
               const std::vector<PersonTrack>& tracks,
               int w,
               PersonMasks* masks) {
  const std::vector<Presence> present = PresentIn(frame, tracks);
  std::vector<Box> boxes;
  for (const Presence& p : present) boxes.push_back(frames.AnalysisFromSource(tracks[p.track].boxes_px[p.k]));
  for (size_t i = 0; i < present.size(); ++i) {
    std::vector<Box> others = boxes;
    others.erase(others.begin() + static_cast<long>(i));
    SilhouetteMask cut = CutOutPerson(foreground, boxes[i], others);
    masks->silhouettes[present[i].track][present[i].k] = InSourcePixels(frames, cut.figures);
    if (w >= 0) masks->cutouts[w][present[i].track] = {cut.x, cut.y, std::move(cut.mask)};
  }
}

PersonMasks MaskByForeground(const ClipFrames& frames,
                             CameraRegime regime,
                             const std::vector<int>& wanted_frames,
                             const std::vector<PersonTrack>& tracks) {
  PersonMasks masks = EmptyMasks(wanted_frames, tracks);
  for (const PersonTrack& track : tracks) masks.silhouettes.emplace_back(track.frames.size());
  ForegroundFrames foreground_frames(frames, regime, tracks);
  for (int frame = 0; frame < frames.count(); ++frame) {
    const ImageU8 foreground = foreground_frames.Next();
    Pulse();
    if (foreground.empty()) continue;
    const auto at = std::lower_bound(wanted_frames.begin(), wanted_frames.end(), frame);
    const bool wanted = at != wanted_frames.end() && *at == frame;
    MaskFrame(frames,
              frame,
              foreground,
              tracks,
              wanted ? static_cast<int>(at - wanted_frames.begin()) : -1,
              &masks);
  }
  return masks;
}

// Union of the cutouts; where there is none (camera moves, or the person stood still long enough to
// become background) the grown box has to do.
void ComposePeople(const ClipFrames& frames,
                   const std::vector<PersonTrack>& tracks,
                   int threads,
                   PersonMasks* masks) {
  ParallelFor(static_cast<int>(masks->frames.size()), threads, [&](int w) {
    masks->people[w] = ImageU8(frames.width(), frames.height(), 1);
    for (const Presence& p : PresentIn(masks->frames[w], tracks)) {
      const PersonCutout& cutout = masks->cutouts[w][p.track];
      if (cutout.mask.empty()) {
        FillGrownBox(frames, tracks[p.track].boxes_px[p.k], &masks->people[w]);
        continue;
      }
      const cv::Rect part(cutout.x, cutout.y, cutout.mask.width, cutout.mask.height);
      AsMat(masks->people[w])(part).setTo(255, AsMat(cutout.mask));
    }
  });
}

float MedianForegroundShare(const std::vector<Silhouette>& silhouettes) {
  std::vector<float> shares;
  for (const Silhouette& silhouette : silhouettes) shares.push_back(silhouette.foreground_share);
  std::nth_element(shares.begin(), shares.begin() + shares.size() / 2, shares.end());
  return shares[shares.size() / 2];
}

// Lamp posts and the like move no pixel.
void DropUnsupported(double min_share, std::vector<PersonTrack>* tracks, PersonMasks* masks) {
  size_t kept = 0;
  for (size_t t = 0; t < tracks->size(); ++t) {
    if (MedianForegroundShare(masks->silhouettes[t]) < min_share) continue;
    if (kept != t) {
      (*tracks)[kept] = std::move((*tracks)[t]);
      masks->silhouettes[kept] = std::move(masks->silhouettes[t]);
      for (std::vector<PersonCutout>& of_frame : masks->cutouts) of_frame[kept] = std::move(of_frame[t]);
    }
    ++kept;
  }
  tracks->resize(kept);
  masks->silhouettes.resize(kept);
  for (std::vector<PersonCutout>& of_frame : masks->cutouts) of_frame.resize(kept);
}

}  // namespace

PersonMasks MaskPeople(const ClipFrames& frames,
                       CameraRegime regime,
                       const std::vector<int>& wanted_frames,
                       const PeopleOptions& options,
                       int threads,
                       std::vector<PersonTrack>* tracks,
                       PhaseTimes* times) {
  const PhaseTimes::Scope scope(times, "people_masks");
  PersonMasks masks;
  if (regime == CameraRegime::kParallax) {
    masks = EmptyMasks(wanted_frames, *tracks);
  } else {
    masks = MaskByForeground(frames, regime, wanted_frames, *tracks);
    DropUnsupported(options.min_foreground_share, tracks, &masks);
  }
  ComposePeople(frames, *tracks, threads, &masks);
  return masks;
}

}  // namespace foothold
