// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/student_start.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/base/median.h"
#include "foothold/evaluate/alignment.h"
#include "foothold/pipeline/student_trust.h"

namespace foothold {
namespace {

constexpr char kStudentRefused[] = "student_refused";
constexpr double kNoPath_m = 1e-6;  // A camera that moves less has no size.

bool HasFlag(const std::vector<std::string>& flags, const char* flag) {
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

std::vector<Vec3d> CentersOf(const std::vector<Rigid3d>& world_from_cam) {
  std::vector<Vec3d> centers;
  for (const Rigid3d& camera : world_from_cam) centers.push_back(camera.translation);
  return centers;
}

// Distances from the first camera grow with the path; so does the ground's.
double SizeRatio(const std::vector<Rigid3d>& from, const std::vector<Rigid3d>& to) {
  double farthest_m = 0;
  for (const Rigid3d& camera : from)
    farthest_m = std::max(farthest_m, Norm(camera.translation - from[0].translation));
  if (farthest_m < kNoPath_m) return 1;
  return AlignSimilarity(CentersOf(from), CentersOf(to)).scale;
}

void TakeCameras(const std::vector<Rigid3d>& predicted, Observations* observations) {
  std::vector<Rigid3d>& seen = observations->camera.world_from_cam;
  const Rigid3d seen_from_predicted = seen[0] * Inverse(predicted[0]);
  std::vector<Rigid3d> cameras;
  for (const Rigid3d& camera : predicted) cameras.push_back(seen_from_predicted * camera);
  GroundPlane& ground = observations->ground;
  if (ground.known) {
    const double height_m = Dot(ground.up_in_world, seen[0].translation) - ground.offset_m;
    ground.offset_m += (1 - SizeRatio(seen, cameras)) * height_m;
  }
  seen = std::move(cameras);
}

// Translations of the predicted body in the cameras.
std::vector<Vec3d> PlacesOf(const PersonInWorld& predicted,
                            const std::vector<Rigid3d>& world_from_cam,
                            const BodyModel& body) {
  const Vec3d rest_pelvis_m = RestPelvis(body, predicted.shape);
  std::vector<Vec3d> translations_m;
  for (size_t i = 0; i < predicted.frames.size(); ++i) {
    const Rigid3d cam_from_world = Inverse(world_from_cam[predicted.frames[i]]);
    translations_m.push_back(
        TransformBody(cam_from_world, predicted.body_in_world[i], rest_pelvis_m).translation_m);
  }
  return translations_m;
}

// Pelvises of the frames that both have.
struct CommonPath {
  std::vector<Vec3d> predicted, result;
};

CommonPath PathOf(const PersonInWorld& predicted, const PersonInWorld& result, const BodyModel& body) {
  const Vec3d predicted_rest_m = RestPelvis(body, predicted.shape);
  const Vec3d result_rest_m = RestPelvis(body, result.shape);
  CommonPath path;
  for (size_t i = 0, j = 0; i < predicted.frames.size() && j < result.frames.size();) {
    if (predicted.frames[i] == result.frames[j]) {
      path.predicted.push_back(predicted_rest_m + predicted.body_in_world[i++].translation_m);
      path.result.push_back(result_rest_m + result.body_in_world[j++].translation_m);
    } else {
      ++(predicted.frames[i] < result.frames[j] ? i : j);
    }
  }
  return path;
}

std::vector<CommonPath> PathsOf(const Reconstruction& prediction,
                                const Reconstruction& result,
                                const BodyModel& body) {
  std::map<int, const PersonInWorld*> predicted;
  for (const PersonInWorld& person : prediction.people) predicted[person.id] = &person;
  std::vector<CommonPath> paths;
  for (const PersonInWorld& person : result.people) {
    const auto found = predicted.find(person.id);
    paths.push_back(found == predicted.end() ? CommonPath() : PathOf(*found->second, person, body));
  }
  return paths;
}

// Between keyframes: angle by which the two turns of the camera differ.
double TurnDifference(const Reconstruction& prediction, const Reconstruction& result) {
  std::vector<double> angles_rad;
  for (size_t k = 0; k + 1 < result.keyframes.size(); ++k) {
    const int a = result.keyframes[k].frame, b = result.keyframes[k + 1].frame;
    const auto turn = [&](const std::vector<Rigid3d>& cameras) {
      return Conjugate(cameras[a].rotation) * cameras[b].rotation;
    };
    const Quatd difference = Conjugate(turn(prediction.world_from_cam)) * turn(result.world_from_cam);
    angles_rad.push_back(Norm(LogQuaternion(difference)));
  }
  return angles_rad.empty() ? 0 : UpperMedian(std::move(angles_rad));
}

}  // namespace

Observations StartFromPrediction(Observations observations,
                                 const Reconstruction& prediction,
                                 const BodyModel& body) {
  FOOTHOLD_CHECK(prediction.people.size() == observations.people.size(), "a prediction has everybody");
  for (size_t p = 0; p < prediction.people.size(); ++p) {
    PersonObservations& person = observations.people[p];
    const std::vector<Vec3d> places_m = PlacesOf(prediction.people[p], prediction.world_from_cam, body);
    FOOTHOLD_CHECK(places_m.size() == person.frames.size(), "a prediction has every observed frame");
    if (!PlacesFitBoxes(observations, person, body, places_m)) {
      person.flags.push_back(kStudentRefused);
      continue;
    }
    for (size_t i = 0; i < places_m.size(); ++i) person.frames[i].body_in_cam.translation_m = places_m[i];
  }
  if (observations.camera.poses_fixed) return observations;
  if (!HasFlag(prediction.flags, "camera_unseen") &&
      CamerasFitMatches(observations, prediction.world_from_cam)) {
    TakeCameras(prediction.world_from_cam, &observations);
  } else {
    observations.flags.push_back(kStudentRefused);
  }
  return observations;
}

void MeasureAgreement(const Reconstruction& prediction,
                      const Reconstruction& result,
                      const BodyModel& body,
                      Quality* quality) {
  const std::vector<CommonPath> paths = PathsOf(prediction, result, body);
  std::vector<Vec3d> from = CentersOf(prediction.world_from_cam), to = CentersOf(result.world_from_cam);
  for (const CommonPath& path : paths) {
    from.insert(from.end(), path.predicted.begin(), path.predicted.end());
    to.insert(to.end(), path.result.begin(), path.result.end());
  }
  quality->student.known = true;
  quality->student.turn_rad = TurnDifference(prediction, result);
  quality->student.scale = AlignSimilarity(from, to).scale;
  const Similarity3d result_from_predicted = AlignRigid(from, to);
  for (size_t p = 0; p < paths.size(); ++p) {
    const size_t count = paths[p].result.size();
    double sum_m = 0;
    for (size_t i = 0; i < count; ++i)
      sum_m += Norm(result_from_predicted * paths[p].predicted[i] - paths[p].result[i]);
    quality->people[p].student_distance_m = count > 0 ? static_cast<float>(sum_m / count) : 0;
  }
}

JoshResult OptimizeFromPrediction(Observations observations,
                                  const Reconstruction& prediction,
                                  const BodyModel& body,
                                  const JoshOptions& options,
                                  int threads,
                                  Journal* journal) {
  const Observations start = StartFromPrediction(std::move(observations), prediction, body);
  JoshResult result = OptimizeJointly(start, body, options, threads, journal);
  if (result.quality.known) MeasureAgreement(prediction, result.reconstruction, body, &result.quality);
  return result;
}

}  // namespace foothold
