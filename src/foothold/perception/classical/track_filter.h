// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "foothold/perception/classical/track.h"

namespace foothold {

// Kalman filter of one person's box: x of the middle, y of the foot, ln height, each with a constant
// velocity per frame. The three axes do not mix, so each is a filter of two states. Noise scales with
// the box height.
class BoxFilter {
 public:
  explicit BoxFilter(const Box& box);

  // One frame on.
  void Predict();
  // Exactly as told, and as high as before.
  void Move(const BoxMotion& motion);
  // The box moved by (dx, dy) since the frame before: measures the position that Predict() came to.
  void CorrectByMotion(double previous_x, double previous_y, double dx, double dy);
  void CorrectByDetection(const Box& box);

  double x() const { return axes_[0].position; }
  double foot_y() const { return axes_[1].position; }
  double height() const;
  double log_growth() const { return axes_[2].velocity; }  // Per frame.
  Box box() const;

 private:
  struct Axis {
    double position = 0, velocity = 0;
    double var_position = 0, covariance = 0, var_velocity = 0;
    void Predict(double noise_position, double noise_velocity);
    void Correct(double measured, double deviation);
  };
  std::array<Axis, 3> axes_;
};

inline constexpr double kPersonBoxAspect = 0.42;  // Width over height.

}  // namespace foothold
