// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/report/facts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <utility>

#include "foothold/base/median.h"

namespace foothold::report {
namespace {

double Median(std::vector<double> values) {
  return values.empty() ? std::numeric_limits<double>::quiet_NaN() : UpperMedian(std::move(values));
}

// Speed over windows of about half a second, so that jitter does not count as motion. `horizontal`
// leaves the y axis out, which is gravity's.
double MedianSpeed(const std::vector<Vec3d>& path, const std::vector<double>& time_s, bool horizontal) {
  std::vector<double> speeds;
  size_t j = 0;
  for (size_t i = 0; i < path.size(); ++i) {
    while (j < path.size() && time_s[j] - time_s[i] < 0.5) ++j;
    if (j == path.size()) break;
    Vec3d step = path[j] - path[i];
    if (horizontal) step[1] = 0;
    speeds.push_back(Norm(step) / (time_s[j] - time_s[i]));
  }
  if (speeds.empty() && path.size() >= 2) {
    Vec3d step = path.back() - path.front();
    if (horizontal) step[1] = 0;
    speeds.push_back(Norm(step) / (time_s.back() - time_s.front()));
  }
  return Median(speeds);
}

double Stature(const BodyModel& body, const BodyShape& shape) {
  const std::vector<Vec3d> vertices = PoseAllVertices(body, shape, BodyPose());
  const auto [low, high] = std::minmax_element(
      vertices.begin(), vertices.end(), [](const Vec3d& a, const Vec3d& b) { return a[1] < b[1]; });
  return (*high)[1] - (*low)[1];
}

double FootSlide(const PersonInWorld& person, const BodyModel& body) {
  if (person.foot_contact.size() != person.frames.size()) return std::numeric_limits<double>::quiet_NaN();
  const std::vector<int> feet(body.foot_vertices.begin(), body.foot_vertices.end());
  std::vector<double> moves_mm;
  std::vector<Vec3d> previous;
  for (size_t i = 0; i < person.frames.size(); ++i) {
    const std::vector<Vec3d> current = PoseVertices(body, person.shape, person.body_in_world[i], feet);
    const bool consecutive = i > 0 && person.frames[i] == person.frames[i - 1] + 1;
    for (size_t v = 0; consecutive && v < feet.size(); ++v) {
      if (person.foot_contact[i - 1][v] > 0.5f && person.foot_contact[i][v] > 0.5f) {
        moves_mm.push_back(1e3 * Norm(current[v] - previous[v]));
      }
    }
    previous = current;
  }
  return Median(moves_mm);
}

PersonFacts FactsOf(const PersonInWorld& person,
                    const std::vector<double>& clip_time_s,
                    const BodyModel& body) {
  PersonFacts facts;
  facts.id = person.id;
  facts.num_frames = static_cast<int>(person.frames.size());
  facts.flags = person.flags;
  facts.stature_m = Stature(body, person.shape);
  std::vector<Vec3d> path;
  std::vector<double> time_s;
  for (size_t i = 0; i < person.frames.size(); ++i) {
    path.push_back(person.body_in_world[i].translation_m);
    path.back()[1] = 0;
    time_s.push_back(clip_time_s.at(person.frames[i]));
    facts.confidence += person.confidence[i] / static_cast<double>(person.frames.size());
  }
  facts.path_m = PathLength(path);
  facts.median_speed_m_s = MedianSpeed(path, time_s, /*horizontal=*/true);
  facts.foot_slide_mm = FootSlide(person, body);
  return facts;
}

}  // namespace

std::vector<Vec3d> CameraPath(const Reconstruction& scene) {
  std::vector<Vec3d> path;
  for (const Rigid3d& world_from_cam : scene.world_from_cam) path.push_back(world_from_cam.translation);
  return path;
}

double PathLength(const std::vector<Vec3d>& path) {
  double length = 0;
  for (size_t i = 1; i < path.size(); ++i) length += Norm(path[i] - path[i - 1]);
  return length;
}

CameraFacts MakeCameraFacts(const labels::Label& label) {
  const Reconstruction& scene = label.reconstruction;
  CameraFacts facts;
  const std::vector<Vec3d> path = CameraPath(scene);
  facts.path_m = PathLength(path);
  facts.median_speed_m_s = MedianSpeed(path, label.clip.time_s, /*horizontal=*/false);
  facts.field_of_view_deg = 2 *
                            std::atan(0.5 * label.clip.working_from_source.width / scene.pinhole.focal_px) *
                            180 / std::numbers::pi;
  std::vector<double> scales;
  double sum = 0;
  for (const KeyframeDepth& keyframe : scene.keyframes) {
    scales.push_back(keyframe.scale);
    sum += keyframe.scale;
  }
  facts.median_scale = Median(scales);
  if (!scales.empty()) {
    const double mean = sum / static_cast<double>(scales.size());
    double variance = 0;
    for (const double s : scales) variance += (s - mean) * (s - mean) / static_cast<double>(scales.size());
    facts.scale_spread = std::sqrt(variance) / mean;
  }
  return facts;
}

std::vector<PersonFacts> MakePeopleFacts(const labels::Label& label, const BodyModel& body) {
  std::vector<PersonFacts> facts;
  for (const PersonInWorld& person : label.reconstruction.people) {
    facts.push_back(FactsOf(person, label.clip.time_s, body));
  }
  return facts;
}

std::string ExplainFlag(const std::string& flag) {
  static const std::map<std::string, std::string> kMeaning = {
      {"camera_static", "The camera does not move; its poses were not optimised."},
      {"camera_rotation", "The camera only rotates; distances rest on the people and the ground."},
      {"focal_ambiguous", "The focal length cannot be observed here; it comes from a prior."},
      {"low_parallax", "The camera moves too little for reliable depth."},
      {"few_points", "Few image points could be followed."},
      {"reprojection_high", "The camera path fits the followed points badly."},
      {"no_ground", "No ground plane was found."},
      {"ground_drift", "The camera's height over the ground drifts."},
      {"masks_from_boxes", "Everything in people's boxes was taken for people."},
      {"contacts_assumed", "The lower foot was taken to stand; contacts were not seen."},
      {"scale_spread", "The sizes of people and scene disagree over time."},
      {"scale_drift", "The scale drifts over the clip; the focal length may be wrong."},
      {"scale_disagrees", "Different people ask for different scales."},
      {"speed_implausible", "Camera or walker moves faster than 3 m/s."},
      {"person_small", "Too small in the picture for a good measurement."},
      {"person_truncated", "Partly outside the picture."},
      {"track_identity_cut", "The track was cut where its appearance changed."},
      {"track_unsupported", "Little in the picture supports this track."},
      {"pose_unobserved", "The joint angles are an assumption (upright), not a measurement."},
      {"not_upright", "The silhouette does not fit an upright body."},
      {"video_truncated", "The file ends before its header says."},
      {"variable_rate", "The frames are not evenly spaced in time."},
      {"time_gap", "There is a gap in the time stamps."},
      {"time_unknown", "The file carries no time stamps; its nominal rate is used."},
      {"decode_errors", "The decoder reported damage; some pictures may be broken."},
  };
  const auto it = kMeaning.find(flag);
  return it == kMeaning.end() ? "" : it->second;
}

}  // namespace foothold::report
