// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "foothold/scene/observations.h"
#include "foothold/scene/reconstruction.h"

namespace at {
class Tensor;
}

namespace foothold {

struct PairBatch;
struct PairPrediction;

struct PredictSettings {
  int image_side_px = 512;  // Longer side of the network's images.
  int gap_frames = 3;       // Between the frames that the network compares.
  int scale_reach = 4;      // Pairs to each side over which the scale of pointmaps is smoothed.
};

// What is known of a pair of images and of the people in both; tests put the truth in its place.
class PairModel {
 public:
  virtual ~PairModel() = default;
  // images [2, 3, H, W] in [-1, 1], of frames[0] and frames[1]; boxes_px [P, 2, 4] in them. All outputs on
  // the CPU in float32, one row per person; points and scales may come from the first person alone. Calls
  // come in order of frames, and the second image of one call may be the first of the next.
  virtual PairPrediction Predict(const at::Tensor& images,
                                 const at::Tensor& boxes_px,
                                 const int frames[2]) = 0;
  virtual int patch_size_px() const = 0;
};

// From the weights of a student (.safetensors); device "cpu" or "cuda", precision "fp32", "bf16" or "fp16".
// Throws Error(kBadInput) when the file is no student, Error(kDevice).
std::unique_ptr<PairModel> LoadStudent(const std::string& path,
                                       const std::string& device,
                                       const std::string& precision);

// Threads of LibTorch in this process, on the CPU. Its sums depend on their number in the last bits.
void SetNetworkThreads(int threads);

// Colour of a frame of the clip, as the working image; called in ascending order.
using FrameColor = std::function<ImageU8(int frame)>;

// Cameras, people and scene of a clip as the student sees them, feed-forward: pairs of frames
// `gap_frames` apart, everybody who is in both. From the observations come boxes, shapes, poses and roots in
// the camera, and the focal length; the student gives the bodies' places, their motion, from which the
// camera's follows (world_motion.h), and the depth of the scene. All in one world, that of the first camera.
// Flags: student; camera_unseen when a pair had nobody to tell how the camera moved.
// Throws Error(kContract) when the network returns numbers that are not finite.
Reconstruction PredictClip(const Observations& observations,
                           const BodyModel& body,
                           const PredictSettings& settings,
                           const FrameColor& color,
                           PairModel* model);

}  // namespace foothold
