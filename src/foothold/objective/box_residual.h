// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/geometry/vec.h"

namespace foothold {

template <class T>
struct BoxDerivatives {
  Vec<T, 3> by_top, by_bottom;
  T by_log_focal;
};

// Log of the seen height between two points of a body (camera frame, y down) over the observed one.
// Points closer than min_depth are taken at min_depth; heights below a tenth of the observed one
// continue the logarithm by its tangent, so the residual is finite everywhere.
template <class T>
FOOTHOLD_HD T BoxHeightResidual(const Vec<T, 3>& top,
                                const Vec<T, 3>& bottom,
                                const T& focal,
                                const T& observed_height_px,
                                const T& min_depth,
                                BoxDerivatives<T>* derivatives) {
  using std::log;
  const bool top_regular = top[2] > min_depth, bottom_regular = bottom[2] > min_depth;
  const T z_top = top_regular ? top[2] : min_depth, z_bottom = bottom_regular ? bottom[2] : min_depth;
  const T v_top = focal * top[1] / z_top, v_bottom = focal * bottom[1] / z_bottom;
  const T ratio = (v_bottom - v_top) / observed_height_px;
  const T floor = T(0.1);
  const bool regular = ratio > floor;
  if (derivatives != nullptr) {
    const T slope = T(1) / ((regular ? ratio : floor) * observed_height_px);
    derivatives->by_bottom = {
        T(0), slope * focal / z_bottom, bottom_regular ? -slope * v_bottom / z_bottom : T(0)};
    derivatives->by_top = {T(0), -slope * focal / z_top, top_regular ? slope * v_top / z_top : T(0)};
    derivatives->by_log_focal = slope * (v_bottom - v_top);
  }
  return regular ? log(ratio) : log(floor) + (ratio - floor) / floor;
}

}  // namespace foothold
