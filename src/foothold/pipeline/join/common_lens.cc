// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/join/common_lens.h"

#include <algorithm>
#include <cmath>

namespace foothold {
namespace {

Lens LensOf(const Observations& part) {
  return {part.camera.pinhole, part.camera.distortion, part.camera.focal_observable};
}

// Pixel of one undistorted image in another; both belong to one picture as it was taken.
class PixelMap {
 public:
  PixelMap(const Lens& from, const Lens& to) : from_(from), to_(to) {}

  Vec2d operator()(double x, double y) const {
    const Vec2d distorted = Distort(from_.distortion, Normalised(from_.pinhole, {x, y}));
    const Vec2d taken = Pixel(from_.pinhole, distorted);
    return Pixel(to_.pinhole, Undistort(to_.distortion, Normalised(to_.pinhole, taken)));
  }

 private:
  static Vec2d Normalised(const Pinholed& pinhole, const Vec2d& pixel) {
    return {(pixel[0] - pinhole.center_x_px) / pinhole.focal_px,
            (pixel[1] - pinhole.center_y_px) / pinhole.focal_px};
  }
  static Vec2d Pixel(const Pinholed& pinhole, const Vec2d& x) {
    return {pinhole.focal_px * x[0] + pinhole.center_x_px, pinhole.focal_px * x[1] + pinhole.center_y_px};
  }

  Lens from_, to_;
};

// Nearest pixels, so that depths at edges and masks stay what they were.
template <class T>
void Resample(const std::vector<int>& source_of, Image<T>* image) {
  if (image->empty()) return;
  Image<T> out(image->width, image->height, image->channels);
  for (size_t i = 0; i < source_of.size(); ++i) {
    if (source_of[i] < 0) continue;
    for (int c = 0; c < image->channels; ++c) {
      out.data[i * image->channels + c] =
          image->data[static_cast<size_t>(source_of[i]) * image->channels + c];
    }
  }
  *image = std::move(out);
}

std::vector<int> SourcePixels(const PixelMap& source_from_target, int width, int height) {
  std::vector<int> source_of(static_cast<size_t>(width) * height, -1);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const Vec2d at = source_from_target(x, y);
      const long column = std::lround(at[0]), row = std::lround(at[1]);
      if (column < 0 || row < 0 || column >= width || row >= height) continue;
      source_of[static_cast<size_t>(y) * width + x] = static_cast<int>(row * width + column);
    }
  }
  return source_of;
}

void MovePixels(const Lens& lens, Observations* observations) {
  const Lens before = LensOf(*observations);
  const PixelMap to_new(before, lens), to_old(lens, before);
  const ImageTransform& size = observations->clip.working_from_source;
  const std::vector<int> source_of = SourcePixels(to_old, size.width, size.height);
  for (Keyframe& keyframe : observations->keyframes) {
    Resample(source_of, &keyframe.depth_m);
    Resample(source_of, &keyframe.confidence);
    Resample(source_of, &keyframe.person_mask);
    Resample(source_of, &keyframe.color);
  }
  for (KeyframePair& pair : observations->pairs) {
    for (PixelMatch& match : pair.matches) {
      const Vec2d i = to_new(match.x_i, match.y_i), j = to_new(match.x_j, match.y_j);
      match = {static_cast<float>(i[0]),
               static_cast<float>(i[1]),
               static_cast<float>(j[0]),
               static_cast<float>(j[1]),
               match.confidence};
    }
  }
  for (PersonObservations& person : observations->people) {
    for (PersonFrame& entry : person.frames) {
      Box& box = entry.box_px;
      const Vec2d low = to_new(box.x, box.y), high = to_new(box.x + box.width, box.y + box.height);
      box = {static_cast<float>(low[0]),
             static_cast<float>(low[1]),
             static_cast<float>(high[0] - low[0]),
             static_cast<float>(high[1] - low[1])};
    }
  }
}

void MoveDepths(double ratio, const BodyModel& body, Observations* observations) {
  for (Keyframe& keyframe : observations->keyframes) {
    for (float& depth : keyframe.depth_m.data) depth = static_cast<float>(ratio * depth);
  }
  for (PersonObservations& person : observations->people) {
    const double pelvis = RestPelvis(body, person.shape)[2];
    for (PersonFrame& entry : person.frames) {
      double& z = entry.body_in_cam.translation_m[2];
      z = ratio * (pelvis + z) - pelvis;
    }
  }
}

bool SameImage(const Lens& a, const Lens& b) {
  const bool undistorted =
      a.distortion.k1 == 0 && a.distortion.k2 == 0 && b.distortion.k1 == 0 && b.distortion.k2 == 0;
  const bool same_lens = a.distortion.k1 == b.distortion.k1 && a.distortion.k2 == b.distortion.k2 &&
                         a.pinhole.focal_px == b.pinhole.focal_px &&
                         a.pinhole.center_x_px == b.pinhole.center_x_px &&
                         a.pinhole.center_y_px == b.pinhole.center_y_px;
  return undistorted || same_lens;
}

}  // namespace

Lens CommonLens(const std::vector<Observations>& parts) {
  const bool any = std::any_of(
      parts.begin(), parts.end(), [](const Observations& part) { return part.camera.focal_observable; });
  std::vector<const Observations*> candidates;
  long total = 0;
  for (const Observations& part : parts) {
    if (any && !part.camera.focal_observable) continue;
    candidates.push_back(&part);
    total += part.clip.num_frames();
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const Observations* a, const Observations* b) {
    return a->camera.pinhole.focal_px < b->camera.pinhole.focal_px;
  });
  long below = 0;
  for (const Observations* part : candidates) {
    below += part->clip.num_frames();
    if (2 * below >= total) return LensOf(*part);
  }
  return LensOf(parts.front());
}

void ChangeLens(const Lens& lens, const BodyModel& body, Observations* observations) {
  const Lens before = LensOf(*observations);
  if (!SameImage(before, lens)) MovePixels(lens, observations);
  const double ratio = lens.pinhole.focal_px / before.pinhole.focal_px;
  if (ratio != 1) MoveDepths(ratio, body, observations);
  observations->camera.pinhole = lens.pinhole;
  observations->camera.distortion = lens.distortion;
}

}  // namespace foothold
