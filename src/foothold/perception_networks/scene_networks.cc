// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception_networks/scene_networks.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/error.h"
#include "foothold/networks/tensor.h"
#include "foothold/perception_networks/network_images.h"
#include "foothold/perception_networks/role_contracts.h"
#include "foothold/video/video.h"

namespace foothold {
namespace {

constexpr float kPerson = 0.5f;  // Probability.

// Calls `use(k, transform, outputs)` for each picture, all of one size.
template <class Use>
void RunOver(const ExportedModule& module,
             const NetworkSet& networks,
             const std::vector<const ImageU8*>& pictures,
             int threads,
             const Use& use) {
  const ImageTransform transform = NetworkPicture(module, pictures[0]->width, pictures[0]->height);
  RunOverPictures(
      module,
      static_cast<int>(pictures.size()),
      networks.options().batch,
      networks.CallsAtOnce(threads),
      [&](int k) { return ToWorkingImage(*pictures[k], transform); },
      [&](int k, const PictureOutputs& outputs) { use(k, transform, outputs); });
}

// Where a pixel of the picture lies in the network's, inside of its borders.
struct Place {
  double x = 0, y = 0;
};
Place PlaceOf(const ImageTransform& t, int x, int y) {
  return {std::clamp(t.scale_x * x + t.offset_x_px, 0.0, t.width - 1.0),
          std::clamp(t.scale_y * y + t.offset_y_px, 0.0, t.height - 1.0)};
}

}  // namespace

std::vector<ImageU8> MaskPeopleByNetwork(const NetworkSet& networks,
                                         const std::vector<const ImageU8*>& pictures,
                                         int threads) {
  const ExportedModule* module = networks.Optional(role::kMask);
  FOOTHOLD_CHECK(module != nullptr && !pictures.empty(), "a network for masks, and pictures");
  std::vector<ImageU8> masks(pictures.size());
  RunOver(
      *module, networks, pictures, threads, [&](int k, const ImageTransform& t, const PictureOutputs& out) {
        const at::Tensor people = out.at("people").contiguous();
        const float* probability = people.const_data_ptr<float>();
        ImageU8 mask(pictures[k]->width, pictures[k]->height);
        for (int y = 0; y < mask.height; ++y) {
          for (int x = 0; x < mask.width; ++x) {
            const Place at = PlaceOf(t, x, y);
            const int64_t row = std::lround(at.y), column = std::lround(at.x);
            if (probability[row * t.width + column] >= kPerson) mask.At(x, y) = 255;
          }
        }
        masks[k] = std::move(mask);
      });
  return masks;
}

std::vector<ImageF> PointmapsByNetwork(const NetworkSet& networks,
                                       const std::vector<const ImageU8*>& pictures,
                                       int threads) {
  const ExportedModule* module = networks.Optional(role::kDepth);
  if (module == nullptr) return {};
  std::vector<ImageF> pointmaps(pictures.size());
  RunOver(
      *module, networks, pictures, threads, [&](int k, const ImageTransform& t, const PictureOutputs& out) {
        const at::Tensor points = out.at("points").contiguous();
        const float* data = points.const_data_ptr<float>();
        ImageF pointmap(pictures[k]->width, pictures[k]->height, 3);
        for (int y = 0; y < pointmap.height; ++y) {
          for (int x = 0; x < pointmap.width; ++x) {
            const Place at = PlaceOf(t, x, y);
            const int left = std::min(static_cast<int>(at.x), std::max(0, t.width - 2));
            const int top = std::min(static_cast<int>(at.y), std::max(0, t.height - 2));
            const int right = std::min(left + 1, t.width - 1), bottom = std::min(top + 1, t.height - 1);
            const double u = at.x - left, v = at.y - top;
            for (int c = 0; c < 3; ++c) {
              const auto value = [&](int row, int column) -> double {
                return data[(static_cast<int64_t>(row) * t.width + column) * 3 + c];
              };
              pointmap.At(x, y, c) =
                  static_cast<float>((1 - v) * ((1 - u) * value(top, left) + u * value(top, right)) +
                                     v * ((1 - u) * value(bottom, left) + u * value(bottom, right)));
            }
          }
        }
        pointmaps[k] = std::move(pointmap);
      });
  return pointmaps;
}

}  // namespace foothold
