// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception_networks/body_network.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/error.h"
#include "foothold/josh/interpolation.h"
#include "foothold/networks/tensor.h"
#include "foothold/perception_networks/network_images.h"
#include "foothold/perception_networks/role_contracts.h"
#include "foothold/video/video.h"

namespace foothold {
namespace {

constexpr double kNotARotation = 0.1;  // Of R^T R - I, Frobenius norm.
constexpr double kLeastSize = 1e-3;    // Of a body in its crop.
constexpr double kMaxDistance_m = 1e3;

struct Sighting {
  int frame = 0;
  size_t track = 0, entry = 0;
};

struct SeenBody {
  BodyPose pose;
  BodyShape shape{};
  bool placed = false;
};

// In order of frames, so that each is converted to colours about once.
std::vector<Sighting> SightingsOf(const std::vector<PersonTrack>& tracks) {
  std::vector<Sighting> sightings;
  for (size_t t = 0; t < tracks.size(); ++t) {
    for (size_t k = 0; k < tracks[t].frames.size(); ++k) sightings.push_back({tracks[t].frames[k], t, k});
  }
  std::stable_sort(sightings.begin(), sightings.end(), [](const Sighting& a, const Sighting& b) {
    return a.frame < b.frame;
  });
  return sightings;
}

Quatd RotationOf(const float* numbers, const std::string& path) {
  Mat3d matrix;
  for (int i = 0; i < 9; ++i) matrix.data[i] = numbers[i];
  double error = 0;
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 3; ++c) {
      double dot = r == c ? -1 : 0;
      for (int k = 0; k < 3; ++k) dot += matrix(k, r) * matrix(k, c);
      error += dot * dot;
    }
  }
  if (!(std::sqrt(error) < kNotARotation)) {
    throw Error(ErrorKind::kUsage,
                path +
                    ": output 'rotations' holds a matrix that is no rotation; export rotation matrices, not "
                    "angles or six numbers");
  }
  return NearestRotation(matrix);
}

// The camera of a crop, (size, x, y): the body's origin appears at (x, y) times size times half the crop's
// side from its middle, and a metre is size times half the side long.
SeenBody BodyOf(const PictureOutputs& outputs,
                const std::string& path,
                const Box& box_px,
                double crop_side_px,
                const Pinholed& pinhole) {
  const at::Tensor rotations = outputs.at("rotations").contiguous();
  const at::Tensor shape = outputs.at("shape").contiguous(), camera = outputs.at("camera").contiguous();
  SeenBody body;
  const float* numbers = rotations.const_data_ptr<float>();
  body.pose.root = RotationOf(numbers, path);
  for (int k = 1; k < kNumJoints; ++k) body.pose.joints[k - 1] = RotationOf(numbers + 9 * k, path);
  for (int s = 0; s < kNumShape; ++s) body.shape[s] = shape.const_data_ptr<float>()[s];
  const double size = camera.const_data_ptr<float>()[0];
  if (!(size > kLeastSize)) return body;
  const double half_px = 0.5 * crop_side_px * size;
  body.pose.translation_m = {
      camera.const_data_ptr<float>()[1] + (box_px.x + 0.5 * box_px.width - pinhole.center_x_px) / half_px,
      camera.const_data_ptr<float>()[2] + (box_px.y + 0.5 * box_px.height - pinhole.center_y_px) / half_px,
      pinhole.focal_px / half_px};
  body.placed = Norm(body.pose.translation_m) < kMaxDistance_m;
  return body;
}

PersonObservations PersonOf(const PersonTrack& track,
                            const std::vector<SeenBody>& bodies,
                            const WorkingView& view) {
  PersonObservations person;
  person.id = track.id;
  person.flags = track.flags;
  for (size_t k = 0; k < bodies.size(); ++k) {
    if (!bodies[k].placed) continue;
    PersonFrame frame;
    frame.frame = track.frames[k];
    frame.box_px = view.BoxFromSource(track.boxes_px[k]);
    frame.confidence = track.scores[k];
    frame.body_in_cam = bodies[k].pose;
    frame.pose_confidence = 1;
    person.frames.push_back(frame);
    for (int s = 0; s < kNumShape; ++s) person.shape[s] += bodies[k].shape[s];
  }
  for (double& coefficient : person.shape) {
    coefficient /= static_cast<double>(std::max<size_t>(1, person.frames.size()));
  }
  return person;
}

}  // namespace

std::vector<PersonObservations> ObserveBodies(const NetworkSet& networks,
                                              const ClipFrames& frames,
                                              const std::vector<PersonTrack>& tracks,
                                              const WorkingView& view,
                                              int threads) {
  const ExportedModule& module = networks.Required(role::kBody);
  const std::vector<Sighting> sightings = SightingsOf(tracks);
  std::vector<std::vector<SeenBody>> bodies;
  for (const PersonTrack& track : tracks) bodies.emplace_back(track.frames.size());
  const auto box_of = [&](int k) { return tracks[sightings[k].track].boxes_px[sightings[k].entry]; };
  RunOverPictures(
      module,
      static_cast<int>(sightings.size()),
      networks.options().batch,
      networks.CallsAtOnce(threads),
      [&](int k) {
        const Box box = frames.AnalysisFromSource(box_of(k));
        return ToWorkingImage(frames.Rgb(sightings[k].frame),
                              CropOf(module, box, frames.width(), frames.height()).crop_from_picture);
      },
      [&](int k, const PictureOutputs& outputs) {
        const Box box = view.BoxFromSource(box_of(k));
        const ImageTransform& working = view.working_from_source;
        const double side_px = CropOf(module, box, working.width, working.height).side_px;
        bodies[sightings[k].track][sightings[k].entry] =
            BodyOf(outputs, module.path(), box, side_px, view.pinhole);
      });
  std::vector<PersonObservations> people;
  for (size_t t = 0; t < tracks.size(); ++t) {
    PersonObservations person = PersonOf(tracks[t], bodies[t], view);
    if (!person.frames.empty()) people.push_back(std::move(person));
  }
  return people;
}

}  // namespace foothold
