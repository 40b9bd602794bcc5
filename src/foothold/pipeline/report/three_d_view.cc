// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/report/three_d_view.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "foothold/pipeline/report/facts.h"
#include "foothold/pipeline/report/html.h"

namespace foothold::report {
namespace {

using Json = nlohmann::ordered_json;

// Positions as 16-bit integers: value = centre + step * integer. A tenth of JSON's size.
class Quantizer {
 public:
  Quantizer(const Vec3d& center_m, double extent_m) : center_m_(center_m), step_m_(extent_m / 32000) {}

  void Add(const Vec3d& p, std::vector<int16_t>* out) const {
    for (int c = 0; c < 3; ++c) {
      const double value = std::round((p[c] - center_m_[c]) / step_m_);
      out->push_back(static_cast<int16_t>(std::clamp(value, -32767.0, 32767.0)));
    }
  }
  double step_m() const { return step_m_; }

 private:
  Vec3d center_m_;
  double step_m_;
};

std::string Base64Of(const std::vector<int16_t>& values) {
  return Base64(values.data(), values.size() * sizeof values[0]);
}

double Percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<long>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// People decide what the view is about; a far camera would make them tiny.
struct Extent {
  Vec3d center_m{0, 0, 0};
  double radius_m = 1;
};

Extent SubjectExtent(const Reconstruction& scene) {
  std::vector<Vec3d> subjects;
  for (const PersonInWorld& person : scene.people) {
    for (const BodyPose& pose : person.body_in_world) subjects.push_back(pose.translation_m);
  }
  if (subjects.empty()) subjects = CameraPath(scene);
  Extent extent;
  for (int c = 0; c < 3; ++c) {
    std::vector<double> values;
    for (const Vec3d& p : subjects) values.push_back(p[c]);
    const double low = Percentile(values, 0.02), high = Percentile(values, 0.98);
    extent.center_m[c] = (low + high) / 2;
    extent.radius_m = std::max(extent.radius_m, (high - low) / 2 + 1);
  }
  return extent;
}

Json PointsJson(const Reconstruction& scene,
                const Extent& extent,
                const Quantizer& quantizer,
                int max_points) {
  std::vector<size_t> near;
  for (size_t i = 0; i < scene.points.size(); ++i) {
    const Vec3d p = scene.points[i].position_m.Cast<double>();
    if (Norm(p - extent.center_m) < 6 * extent.radius_m) near.push_back(i);
  }
  const double stride = std::max(1.0, static_cast<double>(near.size()) / std::max(1, max_points));
  std::vector<int16_t> positions;
  std::vector<uint8_t> colors;
  for (double at = 0; at < static_cast<double>(near.size()); at += stride) {
    const ScenePoint& point = scene.points[near[static_cast<size_t>(at)]];
    quantizer.Add(point.position_m.Cast<double>(), &positions);
    colors.insert(colors.end(), point.rgb, point.rgb + 3);
  }
  return {{"xyz", Base64Of(positions)}, {"rgb", Base64(colors.data(), colors.size())}};
}

Json PersonJson(const PersonInWorld& person, int index, const BodyModel& body, const Quantizer& quantizer) {
  std::vector<int16_t> joints;
  for (const BodyPose& pose : person.body_in_world) {
    const PosedSkeleton skeleton = PoseSkeleton(body, person.shape, pose);
    for (const Vec3d& joint : skeleton.joints_m) quantizer.Add(joint, &joints);
  }
  return {{"id", person.id},
          {"color", HexColor(PersonColor(index))},
          {"frames", person.frames},
          {"joints", Base64Of(joints)}};
}

Json CameraJson(const labels::Label& label, const Quantizer& quantizer) {
  const Reconstruction& scene = label.reconstruction;
  const ImageTransform& image = label.clip.working_from_source;
  std::vector<int16_t> positions;
  Json rotations = Json::array();
  for (const Rigid3d& pose : scene.world_from_cam) {
    quantizer.Add(pose.translation, &positions);
    for (const double q : {pose.rotation.w, pose.rotation.x, pose.rotation.y, pose.rotation.z}) {
      rotations.push_back(std::round(q * 1e4) / 1e4);
    }
  }
  return {{"xyz", Base64Of(positions)},
          {"wxyz", rotations},
          {"tan", {0.5 * image.width / scene.pinhole.focal_px, 0.5 * image.height / scene.pinhole.focal_px}}};
}

// The first frame with the most people: what the view shows at first.
int BusiestFrame(const Reconstruction& scene, int num_frames) {
  std::vector<int> count(static_cast<size_t>(num_frames), 0);
  for (const PersonInWorld& person : scene.people) {
    for (const int frame : person.frames) ++count.at(frame);
  }
  return static_cast<int>(std::max_element(count.begin(), count.end()) - count.begin());
}

// Height of the floor: where the lowest joints of the people mostly are.
double FloorHeight(const Reconstruction& scene, const BodyModel& body) {
  std::vector<double> lowest;
  for (const PersonInWorld& person : scene.people) {
    for (size_t i = 0; i < person.body_in_world.size(); i += 5) {
      const PosedSkeleton skeleton = PoseSkeleton(body, person.shape, person.body_in_world[i]);
      double y = skeleton.joints_m[0][1];
      for (const Vec3d& joint : skeleton.joints_m) y = std::max(y, joint[1]);
      lowest.push_back(y + 0.03);
    }
  }
  return Percentile(lowest, 0.5);
}

}  // namespace

std::string ThreeDElement(const labels::Label& label, const BodyModel& body, int max_points) {
  const Reconstruction& scene = label.reconstruction;
  if (scene.world_from_cam.empty()) return "";
  const Extent extent = SubjectExtent(scene);
  double reach_m = 6 * extent.radius_m;
  for (const Vec3d& p : CameraPath(scene)) reach_m = std::max(reach_m, Norm(p - extent.center_m));
  const Quantizer quantizer(extent.center_m, reach_m);
  Json json;
  json["frames"] = label.clip.num_frames();
  json["best"] = BusiestFrame(scene, label.clip.num_frames());
  json["rate"] = label.clip.frame_rate_hz;
  json["center"] = {extent.center_m[0], extent.center_m[1], extent.center_m[2]};
  json["radius"] = extent.radius_m;
  json["step"] = quantizer.step_m();
  json["floor"] = scene.people.empty() || !scene.gravity_known ? Json() : Json(FloorHeight(scene, body));
  json["parents"] = body.parents;
  json["camera"] = CameraJson(label, quantizer);
  json["points"] = PointsJson(scene, extent, quantizer, max_points);
  json["people"] = Json::array();
  for (size_t k = 0; k < scene.people.size(); ++k) {
    json["people"].push_back(PersonJson(scene.people[k], static_cast<int>(k), body, quantizer));
  }
  return R"(<div class="view3d"><canvas tabindex="0" aria-label="3D view: drag to turn"></canvas>
<div class="bar3d"><button type="button" class="play" aria-label="play">&#9654;</button>
<input type="range" min="0" value="0" step="1" aria-label="frame"><output></output>
<button type="button" class="reset">reset</button></div>
<p class="hint">Drag to turn, Shift-drag or two fingers to move, wheel or pinch to zoom.</p>
<script type="application/json">)" +
         json.dump() + "</script></div>\n";
}

}  // namespace foothold::report
