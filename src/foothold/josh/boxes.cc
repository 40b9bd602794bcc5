// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/boxes.h"

#include <cmath>

#include "foothold/base/parallel.h"

namespace foothold {
namespace {

constexpr double kEdge_px = 2;
constexpr double kMinHeight_px = 24;
constexpr double kMaxLogRatio = 0.35;  // Of the box to the body as perception placed it.
constexpr double kMinDepth_m = 0.2;

bool InsideImage(const Box& box, const ImageF& image) {
  return box.x > kEdge_px && box.y > kEdge_px && box.x + box.width < image.width - 1 - kEdge_px &&
         box.y + box.height < image.height - 1 - kEdge_px && box.height > kMinHeight_px;
}

}  // namespace

std::vector<BoxHeight> FindBoxes(const Variables& variables,
                                 const ParameterView& view,
                                 const Observations& observations,
                                 int threads) {
  std::vector<BoxHeight> found(variables.bodies.size());
  const double focal = ReadFocal(variables, view);
  ParallelFor(static_cast<int>(found.size()), threads, [&](int b) {
    const BodyVariable& variable = variables.bodies[b];
    const PersonFrame& frame = observations.people[variable.person].frames[variable.frame_entry];
    if (!InsideImage(frame.box_px, observations.keyframes[variable.keyframe].depth_m)) return;
    const BodyState body = ReadBody(variables, view, b);
    const std::vector<Vec3d> vertices = PoseAllVertices(*variables.body_model, body.shape, body.pose_in_cam);
    int top = -1, bottom = -1;
    double v_top = 0, v_bottom = 0;
    for (int i = 0; i < static_cast<int>(vertices.size()); ++i) {
      if (!(vertices[i][2] > kMinDepth_m)) return;
      const double v = focal * vertices[i][1] / vertices[i][2];
      if (top < 0 || v < v_top) {
        top = i;
        v_top = v;
      }
      if (bottom < 0 || v > v_bottom) {
        bottom = i;
        v_bottom = v;
      }
    }
    if (top < 0 || !(std::abs(std::log(frame.box_px.height / (v_bottom - v_top))) < kMaxLogRatio)) return;
    found[b] = {b, top, bottom, frame.box_px.height, frame.confidence};
  });
  std::erase_if(found, [](const BoxHeight& box) { return !(box.height_px > 0) || !(box.confidence > 0); });
  return found;
}

}  // namespace foothold
