// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "foothold/geometry/camera.h"
#include "foothold/geometry/transform.h"
#include "foothold/scene/clip.h"
#include "foothold/scene/image.h"
#include "foothold/scene/observations.h"

namespace foothold {

// Collects what is wrong with a value, one line each: "people/0002/confidence: entry 17 is 1.2, expected
// 0 to 1". Fields are named as the files' datasets. Each Require reports its first offender only.
class ProblemList {
 public:
  static constexpr size_t kMaxProblems = 20;

  void Add(const std::string& field, const std::string& what);
  const std::vector<std::string>& problems() const { return problems_; }

  void RequireFinite(const std::string& field, const double* values, size_t count);
  void RequireFinite(const std::string& field, double value) { RequireFinite(field, &value, 1); }
  void RequireFinite(const std::string& field, const Vec3d& value) { RequireFinite(field, value.data, 3); }
  void RequirePositive(const std::string& field, double value);
  // |q| = 1 within 1e-5, which float32 keeps.
  void RequireUnit(const std::string& field, const Quatd& rotation);
  void RequireConfidence(const std::string& field, size_t entry, float value);
  void RequireSize(const std::string& field, size_t size, size_t expected);
  // Strictly ascending values in [0, limit).
  void RequireAscending(const std::string& field, const std::vector<int>& values, int limit);
  void RequireBox(const std::string& field, size_t entry, const Box& box_px);
  // Lower-case words of [a-z0-9_].
  void RequireFlags(const std::string& field, const std::vector<std::string>& flags);
  // Finite and not negative, of the given size.
  void RequireDepth(const std::string& field, const ImageF& depth_m, int width, int height);
  // 0 to 1, of the given size, and 0 where the depth is unknown.
  void RequireDepthConfidence(const std::string& field, const ImageF& confidence, const ImageF& depth_m);
  void RequireClip(const Clip& clip);
  void RequireCamera(const std::vector<Rigid3d>& world_from_cam,
                     const Pinholed& pinhole,
                     const RadialDistortiond& distortion,
                     int num_frames);

 private:
  std::vector<std::string> problems_;
};

// Name of the group of the person at `index`: "people/0002".
std::string PersonGroup(size_t index);

}  // namespace foothold
