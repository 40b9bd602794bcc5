// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/track_filter.h"

#include <cmath>

namespace foothold {
namespace {

// Standard deviations; the first two axes in box heights, the third in ln height.
constexpr std::array<double, 3> kStartPosition{0.06, 0.06, 0.08};
constexpr std::array<double, 3> kStartVelocity{0.08, 0.08, 0.02};
constexpr std::array<double, 3> kDriftPosition{0.01, 0.01, 0.006};
constexpr std::array<double, 3> kDriftVelocity{0.02, 0.02, 0.004};
constexpr std::array<double, 3> kDetection{0.06, 0.07, 0.08};
constexpr std::array<double, 3> kMotion{0.03, 0.03, 0.04};

double Square(double value) { return value * value; }

}  // namespace

void BoxFilter::Axis::Predict(double noise_position, double noise_velocity) {
  position += velocity;
  var_position += 2 * covariance + var_velocity + Square(noise_position);
  covariance += var_velocity;
  var_velocity += Square(noise_velocity);
}

void BoxFilter::Axis::Correct(double measured, double deviation) {
  const double innovation_variance = var_position + Square(deviation);
  const double gain_position = var_position / innovation_variance;
  const double gain_velocity = covariance / innovation_variance;
  const double innovation = measured - position;
  position += gain_position * innovation;
  velocity += gain_velocity * innovation;
  var_velocity -= gain_velocity * covariance;
  covariance *= 1 - gain_position;
  var_position *= 1 - gain_position;
}

BoxFilter::BoxFilter(const Box& box) {
  const double h = box.height;
  const std::array<double, 3> unit{h, h, 1};
  axes_[0].position = box.x + 0.5 * box.width;
  axes_[1].position = box.y + h;
  axes_[2].position = std::log(h);
  for (int i = 0; i < 3; ++i) {
    axes_[i].var_position = Square(kStartPosition[i] * unit[i]);
    axes_[i].var_velocity = Square(kStartVelocity[i] * unit[i]);
  }
}

double BoxFilter::height() const { return std::exp(axes_[2].position); }

void BoxFilter::Predict() {
  const double h = height();
  const std::array<double, 3> unit{h, h, 1};
  for (int i = 0; i < 3; ++i) axes_[i].Predict(kDriftPosition[i] * unit[i], kDriftVelocity[i] * unit[i]);
}

void BoxFilter::Move(const BoxMotion& motion) {
  axes_[0].position += motion.dx;
  axes_[1].position += motion.FootDy(0);
}

void BoxFilter::CorrectByMotion(double previous_x, double previous_y, double dx, double dy) {
  const double h = height();
  axes_[0].Correct(previous_x + dx, kMotion[0] * h);
  axes_[1].Correct(previous_y + dy, kMotion[1] * h);
}

void BoxFilter::CorrectByDetection(const Box& box) {
  const double h = box.height;
  axes_[0].Correct(box.x + 0.5 * box.width, kDetection[0] * h);
  axes_[1].Correct(box.y + h, kDetection[1] * h);
  axes_[2].Correct(std::log(h), kDetection[2]);
}

Box BoxFilter::box() const {
  const double h = height(), w = kPersonBoxAspect * h;
  return {static_cast<float>(x() - 0.5 * w),
          static_cast<float>(foot_y() - h),
          static_cast<float>(w),
          static_cast<float>(h)};
}

}  // namespace foothold
