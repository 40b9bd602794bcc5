// SPDX-License-Identifier: Apache-2.0
#include "foothold/scene/problem_list.h"

#include <cmath>
#include <cstdio>

namespace foothold {

namespace {

constexpr double kUnitTolerance = 1e-5;
constexpr int kMaxSide = 1 << 15;

std::string FormatNumber(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.9g", value);
  return text;
}

std::string EntryIs(size_t entry, double value, const std::string& expected) {
  return "entry " + std::to_string(entry) + " is " + FormatNumber(value) + ", expected " + expected;
}

std::string PixelIs(const ImageF& image, size_t index, const std::string& expected) {
  return "pixel (" + std::to_string(index % image.width) + ", " + std::to_string(index / image.width) +
         ") is " + FormatNumber(image.data[index]) + ", expected " + expected;
}

std::string FormatSize(int width, int height) {
  return std::to_string(width) + " x " + std::to_string(height);
}

bool IsConfidence(float value) { return value >= 0 && value <= 1; }  // False for NaN.

}  // namespace

std::string PersonGroup(size_t index) {
  char text[32];
  std::snprintf(text, sizeof(text), "people/%04zu", index);
  return text;
}

void ProblemList::Add(const std::string& field, const std::string& what) {
  if (problems_.size() < kMaxProblems) problems_.push_back(field + ": " + what);
}

void ProblemList::RequireFinite(const std::string& field, const double* values, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (!std::isfinite(values[i])) {
      Add(field, EntryIs(i, values[i], "a finite number"));
      return;
    }
  }
}

void ProblemList::RequirePositive(const std::string& field, double value) {
  if (!(std::isfinite(value) && value > 0)) {
    Add(field, "is " + FormatNumber(value) + ", expected a positive number");
  }
}

void ProblemList::RequireUnit(const std::string& field, const Quatd& rotation) {
  const double norm = std::sqrt(Dot(rotation, rotation));
  if (!(std::abs(norm - 1) <= kUnitTolerance)) {
    Add(field, "quaternion has norm " + FormatNumber(norm) + ", expected 1");
  }
}

void ProblemList::RequireConfidence(const std::string& field, size_t entry, float value) {
  if (!IsConfidence(value)) Add(field, EntryIs(entry, value, "0 to 1"));
}

void ProblemList::RequireSize(const std::string& field, size_t size, size_t expected) {
  if (size != expected) {
    Add(field, "has " + std::to_string(size) + " entries, expected " + std::to_string(expected));
  }
}

void ProblemList::RequireAscending(const std::string& field, const std::vector<int>& values, int limit) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] < 0 || values[i] >= limit) {
      Add(field, EntryIs(i, values[i], "0 to " + std::to_string(limit - 1)));
      return;
    }
    if (i > 0 && values[i] <= values[i - 1]) {
      Add(field, EntryIs(i, values[i], "more than the entry before, " + std::to_string(values[i - 1])));
      return;
    }
  }
}

void ProblemList::RequireBox(const std::string& field, size_t entry, const Box& box_px) {
  if (!(std::isfinite(box_px.x) && std::isfinite(box_px.y) && std::isfinite(box_px.width) &&
        std::isfinite(box_px.height) && box_px.width > 0 && box_px.height > 0)) {
    Add(field, "entry " + std::to_string(entry) + " is not a finite box with positive sides");
  }
}

void ProblemList::RequireFlags(const std::string& field, const std::vector<std::string>& flags) {
  for (const std::string& flag : flags) {
    if (flag.empty() ||
        flag.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos) {
      Add(field, "'" + flag + "' is not a lower-case word");
      return;
    }
  }
}

void ProblemList::RequireDepth(const std::string& field, const ImageF& depth_m, int width, int height) {
  if (depth_m.width != width || depth_m.height != height || depth_m.channels != 1 ||
      depth_m.data.size() != static_cast<size_t>(width) * height) {
    Add(field,
        "is " + FormatSize(depth_m.width, depth_m.height) + " pixels, expected " + FormatSize(width, height));
    return;
  }
  for (size_t i = 0; i < depth_m.data.size(); ++i) {
    if (!(std::isfinite(depth_m.data[i]) && depth_m.data[i] >= 0)) {
      Add(field, PixelIs(depth_m, i, "a depth, or 0 where unknown"));
      return;
    }
  }
}

void ProblemList::RequireDepthConfidence(const std::string& field,
                                         const ImageF& confidence,
                                         const ImageF& depth_m) {
  if (confidence.width != depth_m.width || confidence.height != depth_m.height || confidence.channels != 1 ||
      confidence.data.size() != depth_m.data.size()) {
    Add(field,
        "is " + FormatSize(confidence.width, confidence.height) + " pixels, expected " +
            FormatSize(depth_m.width, depth_m.height));
    return;
  }
  for (size_t i = 0; i < confidence.data.size(); ++i) {
    if (!IsConfidence(confidence.data[i])) {
      Add(field, PixelIs(confidence, i, "0 to 1"));
      return;
    }
    if (confidence.data[i] > 0 && depth_m.data[i] == 0) {
      Add(field, PixelIs(confidence, i, "0, because the depth there is unknown"));
      return;
    }
  }
}

void ProblemList::RequireClip(const Clip& clip) {
  if (clip.time_s.empty()) Add("clip/time_s", "has no frames");
  RequireFinite("clip/time_s", clip.time_s.data(), clip.time_s.size());
  for (size_t i = 1; i < clip.time_s.size(); ++i) {
    if (clip.time_s[i] <= clip.time_s[i - 1]) {
      Add("clip/time_s",
          EntryIs(i, clip.time_s[i], "more than the entry before, " + FormatNumber(clip.time_s[i - 1])));
      break;
    }
  }
  RequirePositive("clip/frame_rate_hz", clip.frame_rate_hz);
  if (clip.first_frame < 0) Add("clip/first_frame", "is negative");
  const ImageTransform& transform = clip.working_from_source;
  const auto is_side = [](int side) { return side > 0 && side <= kMaxSide; };
  if (!is_side(transform.width) || !is_side(transform.height) || transform.width % 16 != 0 ||
      transform.height % 16 != 0) {
    Add("clip/working_size_px",
        "is " + FormatSize(transform.width, transform.height) + ", expected positive multiples of 16");
  }
  if (!is_side(transform.source_width) || !is_side(transform.source_height)) {
    Add("clip/source_size_px",
        "is " + FormatSize(transform.source_width, transform.source_height) + ", expected positive sides");
  }
  RequirePositive("clip/working_from_source_scale", transform.scale_x);
  RequirePositive("clip/working_from_source_scale", transform.scale_y);
  RequireFinite("clip/working_from_source_offset_px", transform.offset_x_px);
  RequireFinite("clip/working_from_source_offset_px", transform.offset_y_px);
}

void ProblemList::RequireCamera(const std::vector<Rigid3d>& world_from_cam,
                                const Pinholed& pinhole,
                                const RadialDistortiond& distortion,
                                int num_frames) {
  RequireSize("camera/world_from_cam_rotation", world_from_cam.size(), num_frames);
  for (size_t i = 0; i < world_from_cam.size(); ++i) {
    const std::string frame = ": frame " + std::to_string(i);
    RequireUnit("camera/world_from_cam_rotation" + frame, world_from_cam[i].rotation);
    RequireFinite("camera/world_from_cam_translation_m" + frame, world_from_cam[i].translation);
  }
  RequirePositive("camera/focal_px", pinhole.focal_px);
  RequireFinite("camera/center_px", pinhole.center_x_px);
  RequireFinite("camera/center_px", pinhole.center_y_px);
  RequireFinite("camera/distortion", distortion.k1);
  RequireFinite("camera/distortion", distortion.k2);
}

}  // namespace foothold
