// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception_networks/detect_network.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/error.h"
#include "foothold/networks/tensor.h"
#include "foothold/perception_networks/network_images.h"
#include "foothold/perception_networks/role_contracts.h"
#include "foothold/video/video.h"

namespace foothold {
namespace {

constexpr double kSmallPerson_px = 64;  // In the network's picture.
constexpr double kSameperson = 0.6;     // Overlap of two boxes of one person.
constexpr float kLeastSide_px = 2;

// Boxes of one picture, in pixels of the analysis image.
std::vector<Detection> DetectionsOf(const PictureOutputs& outputs,
                                    const ImageTransform& picture,
                                    double start_score) {
  const at::Tensor boxes = outputs.at("boxes").contiguous(), scores = outputs.at("scores").contiguous();
  const float* corner = boxes.const_data_ptr<float>();
  const float* score = scores.const_data_ptr<float>();
  std::vector<Detection> found;
  for (int64_t d = 0; d < scores.numel(); ++d, corner += 4) {
    // Half of it continues a track.
    if (!(score[d] >= 0.5 * start_score)) continue;
    const auto x = [&](float px) { return static_cast<float>((px - picture.offset_x_px) / picture.scale_x); };
    const auto y = [&](float px) { return static_cast<float>((px - picture.offset_y_px) / picture.scale_y); };
    Detection detection;
    detection.box = {x(corner[0]), y(corner[1]), x(corner[2]) - x(corner[0]), y(corner[3]) - y(corner[1])};
    detection.score = score[d] / start_score;
    if (detection.box.width >= kLeastSide_px && detection.box.height >= kLeastSide_px) {
      found.push_back(detection);
    }
  }
  return SuppressOverlaps(std::move(found), kSameperson);
}

void RequireScores(const ExportedModule& module, const PictureOutputs& outputs) {
  const at::Tensor& scores = outputs.at("scores");
  if (scores.numel() == 0 || (scores.min().item<float>() >= 0 && scores.max().item<float>() <= 1)) return;
  throw Error(ErrorKind::kUsage,
              module.path() + ": output 'scores' must be 0 to 1; put the sigmoid into the exported module");
}

}  // namespace

std::vector<PersonTrack> TrackPeopleByNetwork(const NetworkSet& networks,
                                              const ClipFrames& frames,
                                              const PeopleOptions& options,
                                              int threads) {
  const ExportedModule& module = networks.Required(role::kDetect);
  const int step =
      std::max(1, static_cast<int>(std::lround(frames.clip().frame_rate_hz / options.detection_rate_hz)));
  std::vector<FrameDetections> detections((frames.count() + step - 1) / step);
  for (size_t k = 0; k < detections.size(); ++k) detections[k].frame = static_cast<int>(k) * step;
  const ImageTransform picture = NetworkPicture(module, frames.width(), frames.height());
  RunOverPictures(
      module,
      static_cast<int>(detections.size()),
      networks.options().batch,
      networks.CallsAtOnce(threads),
      [&](int k) { return ToWorkingImage(frames.Rgb(detections[k].frame), picture); },
      [&](int k, const PictureOutputs& outputs) {
        RequireScores(module, outputs);
        detections[k].detections = DetectionsOf(outputs, picture, networks.options().detect_score);
      });
  const double small_px = kSmallPerson_px / (picture.scale_y * frames.scale_y());
  return TrackDetections(frames, std::move(detections), small_px, options, threads);
}

}  // namespace foothold
