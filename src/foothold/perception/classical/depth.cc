// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/depth.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <opencv2/video/tracking.hpp>
#include <utility>

#include "foothold/base/parallel.h"
#include "foothold/perception/classical/image_cv.h"

namespace foothold {
namespace {

constexpr int kBlock = 16;  // Keyframes whose flows are held at a time: memory stays flat.
constexpr float kNoTarget = -1e6f;

ImageF Flow(const ImageU8& from, const ImageU8& to) {
  ImageF flow(from.width, from.height, 2);
  cv::Mat view = AsMat(flow);
  const cv::Ptr<cv::DISOpticalFlow> dis = cv::DISOpticalFlow::create(cv::DISOpticalFlow::PRESET_MEDIUM);
  dis->calc(AsMat(from), AsMat(to), view);
  return flow;
}

struct Directed {
  ImageF flow, back;  // From a to b, and from b to a.
};
// Flows of one block, by (a, b) with a < b.
using FlowMap = std::map<std::pair<int, int>, Directed>;

// What one neighbour says about each pixel of a keyframe.
struct NeighbourView {
  Mat3d rotation;  // x_in_neighbour = rotation x + translation.
  Vec3d translation;
  std::vector<float> x, y;  // Where the pixel went; kNoTarget where the flow is not trusted.
};

NeighbourView ViewOf(const KeyframeImages& from,
                     const KeyframeImages& to,
                     const ImageF& flow,
                     const ImageF& back,
                     double max_forward_backward_px) {
  NeighbourView view;
  const int width = flow.width, height = flow.height;
  view.x.assign(static_cast<size_t>(width) * height, kNoTarget);
  view.y = view.x;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      if (from.exclude.At(x, y) != 0) continue;
      const double u = flow.At(x, y, 0), v = flow.At(x, y, 1), tx = x + u, ty = y + v;
      if (!(tx > 1 && ty > 1 && tx < width - 2 && ty < height - 2)) continue;
      Vec2d round_trip;
      if (!SampleFlow(back, tx, ty, &round_trip)) continue;
      if (!(std::hypot(u + round_trip[0], v + round_trip[1]) < max_forward_backward_px)) continue;
      if (to.exclude.At(static_cast<int>(std::lround(tx)), static_cast<int>(std::lround(ty))) != 0) continue;
      view.x[static_cast<size_t>(y) * width + x] = static_cast<float>(tx);
      view.y[static_cast<size_t>(y) * width + x] = static_cast<float>(ty);
    }
  }
  return view;
}

struct PixelDepth {
  float depth = 0, confidence = 0;
};

PixelDepth SolvePixel(const std::vector<NeighbourView>& views,
                      size_t index,
                      const Vec3d& ray,
                      const Pinholed& pinhole,
                      double good_relative_depth) {
  double numerator = 0, denominator = 0;
  int count = 0;
  for (const NeighbourView& view : views) {
    if (view.x[index] == kNoTarget) continue;
    const Vec3d r = view.rotation * ray;
    const double px = (view.x[index] - pinhole.center_x_px) / pinhole.focal_px;
    const double py = (view.y[index] - pinhole.center_y_px) / pinhole.focal_px;
    // z r + t is parallel to (px, py, 1): z a = b.
    const double ax = r[0] - px * r[2], ay = r[1] - py * r[2];
    const double bx = px * view.translation[2] - view.translation[0];
    const double by = py * view.translation[2] - view.translation[1];
    const double weight = 1 / std::max(r[2] * r[2], 0.01);
    numerator += weight * (ax * bx + ay * by);
    denominator += weight * (ax * ax + ay * ay);
    ++count;
  }
  PixelDepth result;
  if (count < 2 || !(denominator > 1e-18)) return result;
  const double z = numerator / denominator;
  if (!(z > 0) || !std::isfinite(z)) return result;
  double squares = 0, information = 0;
  for (const NeighbourView& view : views) {
    if (view.x[index] == kNoTarget) continue;
    const Vec3d r = view.rotation * ray;
    const Vec3d in_neighbour = z * r + view.translation;
    if (!(in_neighbour[2] > 1e-9)) return result;
    const Vec2d pixel = Project(pinhole, in_neighbour);
    const double ex = pixel[0] - view.x[index], ey = pixel[1] - view.y[index];
    squares += ex * ex + ey * ey;
    const double scale = pinhole.focal_px * z / (in_neighbour[2] * in_neighbour[2]);
    const double du = scale * (r[0] * in_neighbour[2] - in_neighbour[0] * r[2]);
    const double dv = scale * (r[1] * in_neighbour[2] - in_neighbour[1] * r[2]);
    information += du * du + dv * dv;
  }
  const double rms = std::sqrt(squares / count);
  const double sigma = std::max(rms, 0.5) / std::sqrt(std::max(information, 1e-12));
  const double relative = sigma / good_relative_depth;
  result.depth = static_cast<float>(z);
  result.confidence = static_cast<float>(std::exp(-0.5 * rms * rms) / (1 + relative * relative));
  if (!(result.depth > 0) || !std::isfinite(result.depth)) return PixelDepth();
  return result;
}

void SolveKeyframe(const std::vector<NeighbourView>& views,
                   const Pinholed& pinhole,
                   double good_relative_depth,
                   ImageF* depth,
                   ImageF* confidence) {
  for (int y = 0; y < depth->height; ++y) {
    for (int x = 0; x < depth->width; ++x) {
      const Vec3d ray = Unproject(pinhole, Vec2d{static_cast<double>(x), static_cast<double>(y)});
      const size_t index = static_cast<size_t>(y) * depth->width + x;
      const PixelDepth pixel = SolvePixel(views, index, ray, pinhole, good_relative_depth);
      depth->data[index] = pixel.depth;
      confidence->data[index] = pixel.confidence;
    }
  }
}

FlowMap BlockFlows(const std::vector<KeyframeImages>& keyframes, int begin, int end, int reach, int threads) {
  const int count = static_cast<int>(keyframes.size());
  FlowMap flows;
  for (int a = std::max(0, begin - reach); a < std::min(count, end); ++a) {
    for (int b = a + 1; b <= std::min(count - 1, a + reach); ++b) {
      if (a >= begin || b >= begin) flows[{a, b}] = {};
    }
  }
  std::vector<FlowMap::iterator> entries;
  for (auto it = flows.begin(); it != flows.end(); ++it) entries.push_back(it);
  ParallelFor(2 * static_cast<int>(entries.size()), threads, [&](int k) {
    const auto [a, b] = entries[k / 2]->first;
    Directed& directed = entries[k / 2]->second;
    if (k % 2 == 0) {
      directed.flow = Flow(keyframes[a].gray, keyframes[b].gray);
    } else {
      directed.back = Flow(keyframes[b].gray, keyframes[a].gray);
    }
  });
  return flows;
}

}  // namespace

bool SampleFlow(const ImageF& flow, double x, double y, Vec2d* value) {
  const int x0 = static_cast<int>(std::floor(x)), y0 = static_cast<int>(std::floor(y));
  if (!(x0 >= 0 && y0 >= 0 && x0 + 1 < flow.width && y0 + 1 < flow.height)) return false;
  const double fx = x - x0, fy = y - y0;
  for (int c = 0; c < 2; ++c) {
    (*value)[c] = (1 - fy) * ((1 - fx) * flow.At(x0, y0, c) + fx * flow.At(x0 + 1, y0, c)) +
                  fy * ((1 - fx) * flow.At(x0, y0 + 1, c) + fx * flow.At(x0 + 1, y0 + 1, c));
  }
  return true;
}

DenseDepth ComputeDenseDepth(const std::vector<KeyframeImages>& keyframes,
                             const std::vector<Rigid3d>& world_from_cam,
                             const Pinholed& pinhole,
                             const DepthOptions& options,
                             int threads) {
  const int count = static_cast<int>(keyframes.size());
  DenseDepth result;
  result.forward_flow.resize(std::max(0, count - 1));
  result.backward_flow.resize(std::max(0, count - 1));
  for (const KeyframeImages& keyframe : keyframes) {
    result.depth.emplace_back(keyframe.gray.width, keyframe.gray.height);
    result.confidence.emplace_back(keyframe.gray.width, keyframe.gray.height);
  }
  for (int begin = 0; begin < count; begin += kBlock) {
    const int end = std::min(count, begin + kBlock);
    FlowMap flows = BlockFlows(keyframes, begin, end, options.neighbours, threads);
    ParallelFor(end - begin, threads, [&](int k) {
      const int i = begin + k;
      std::vector<NeighbourView> views;
      for (int j = std::max(0, i - options.neighbours); j <= std::min(count - 1, i + options.neighbours);
           ++j) {
        if (j == i) continue;
        const Directed& pair = flows.at({std::min(i, j), std::max(i, j)});
        const ImageF& flow = i < j ? pair.flow : pair.back;
        const ImageF& back = i < j ? pair.back : pair.flow;
        views.push_back(ViewOf(keyframes[i], keyframes[j], flow, back, options.max_forward_backward_px));
        const Rigid3d j_from_i = Inverse(world_from_cam[j]) * world_from_cam[i];
        views.back().rotation = MatrixFromQuaternion(j_from_i.rotation);
        views.back().translation = j_from_i.translation;
      }
      SolveKeyframe(views, pinhole, options.good_relative_depth, &result.depth[i], &result.confidence[i]);
    });
    for (int i = begin; i < end && i + 1 < count; ++i) {
      Directed& pair = flows.at({i, i + 1});
      result.forward_flow[i] = std::move(pair.flow);
      result.backward_flow[i] = std::move(pair.back);
    }
  }
  return result;
}

const OptionTable& DepthOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<DepthOptions>("classical_depth",
                                       "Dense depth from flow and known cameras (classical perception).")
          .Add("neighbours", &DepthOptions::neighbours, 1, 20, "Keyframes on each side whose flow is used.")
          .Add("max_forward_backward_px",
               &DepthOptions::max_forward_backward_px,
               0.01,
               10,
               "Largest forward-backward error of trusted flow.")
          .Add("good_relative_depth",
               &DepthOptions::good_relative_depth,
               1e-4,
               1,
               "Relative depth error at which the confidence is halved.")
          .Add("plane_confidence",
               &DepthOptions::plane_confidence,
               0,
               1,
               "Confidence of ground depth written under the feet.")
          .Build();
  return table;
}

}  // namespace foothold
