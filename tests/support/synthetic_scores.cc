// SPDX-License-Identifier: Apache-2.0
#include "support/synthetic_scores.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "foothold/evaluate/alignment.h"
#include "foothold/evaluate/camera_metrics.h"
#include "foothold/evaluate/human_metrics.h"

namespace foothold {
namespace {

struct PersonSequences {
  PointSequence joints, true_joints, feet, true_feet;
  PointSequence joints_in_cam, true_joints_in_cam;
};

void AppendInCam(const Rigid3d& world_from_cam, const PointSequence& world, PointSequence* in_cam) {
  const Rigid3d cam_from_world = Inverse(world_from_cam);
  in_cam->num_points = kNumJoints;
  for (size_t j = world.points_m.size() - kNumJoints; j < world.points_m.size(); ++j) {
    in_cam->points_m.push_back(cam_from_world * world.points_m[j]);
  }
}

void Append(const BodyModel& body,
            const BodyShape& shape,
            const BodyPose& pose,
            PointSequence* joints,
            PointSequence* feet) {
  const PosedSkeleton skeleton = PoseSkeleton(body, shape, pose);
  joints->num_points = kNumJoints;
  joints->points_m.insert(joints->points_m.end(), skeleton.joints_m.begin(), skeleton.joints_m.end());
  const std::vector<int> vertices(body.foot_vertices.begin(), body.foot_vertices.end());
  const std::vector<Vec3d> posed = PoseVertices(body, shape, pose, vertices);
  feet->num_points = 4;
  feet->points_m.insert(feet->points_m.end(), posed.begin(), posed.end());
}

PersonSequences SequencesOf(const PersonInWorld& person,
                            const PersonInWorld& truth,
                            const std::vector<Rigid3d>& cameras,
                            const std::vector<Rigid3d>& true_cameras,
                            const BodyModel& body) {
  std::map<int, size_t> true_entry;
  for (size_t i = 0; i < truth.frames.size(); ++i) true_entry[truth.frames[i]] = i;
  PersonSequences out;
  for (size_t i = 0; i < person.frames.size(); ++i) {
    const auto found = true_entry.find(person.frames[i]);
    if (found == true_entry.end()) continue;
    Append(body, person.shape, person.body_in_world[i], &out.joints, &out.feet);
    Append(body, truth.shape, truth.body_in_world[found->second], &out.true_joints, &out.true_feet);
    AppendInCam(cameras[person.frames[i]], out.joints, &out.joints_in_cam);
    AppendInCam(true_cameras[person.frames[i]], out.true_joints, &out.true_joints_in_cam);
  }
  return out;
}

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

// Centres and axes of 1 m: they fix an alignment also where a camera stands still.
std::vector<Vec3d> CameraPoints(const std::vector<Rigid3d>& world_from_cam) {
  std::vector<Vec3d> points;
  for (const Rigid3d& camera : world_from_cam) {
    points.push_back(camera.translation);
    for (int a = 0; a < 3; ++a)
      points.push_back(camera * Vec3d{a == 0 ? 1.0 : 0, a == 1 ? 1.0 : 0, a == 2 ? 1.0 : 0});
  }
  return points;
}

}  // namespace

SyntheticScores ScoreReconstruction(const Reconstruction& reconstruction,
                                    const Reconstruction& truth,
                                    const BodyModel& body) {
  SyntheticScores scores;
  std::vector<double> world, centred, sliding, pelvis;
  const Similarity3d to_truth =
      AlignRigid(CameraPoints(reconstruction.world_from_cam), CameraPoints(truth.world_from_cam));
  for (const PersonInWorld& person : reconstruction.people) {
    for (const PersonInWorld& true_person : truth.people) {
      if (true_person.id != person.id) continue;
      const PersonSequences s =
          SequencesOf(person, true_person, reconstruction.world_from_cam, truth.world_from_cam, body);
      if (s.joints.num_frames() < 2) continue;
      const auto extend = [](std::vector<double>* all, const std::vector<double>& more) {
        all->insert(all->end(), more.begin(), more.end());
      };
      extend(&world, WorldMpjpe_mm(s.joints, s.true_joints, 2));
      extend(&centred, Mpjpe_mm(s.joints_in_cam, s.true_joints_in_cam));
      extend(&sliding, MeasureFootSliding(s.feet, s.true_feet).sliding_mm);
      for (size_t j = 0; j < s.joints.points_m.size(); j += kNumJoints) {
        pelvis.push_back(Norm(to_truth * s.joints.points_m[j] - s.true_joints.points_m[j]));
      }
    }
  }
  scores.w_mpjpe_mm = Mean(world);
  scores.mpjpe_mm = Mean(centred);
  scores.world_translation_m = Mean(pelvis);
  scores.foot_sliding_mm = Mean(sliding);
  scores.ate_m = Mean(TrajectoryErrors_m(reconstruction.world_from_cam, truth.world_from_cam, false));
  std::vector<Vec3d> centers, true_centers;
  for (const Rigid3d& camera : reconstruction.world_from_cam) centers.push_back(camera.translation);
  for (const Rigid3d& camera : truth.world_from_cam) true_centers.push_back(camera.translation);
  scores.scale_error = std::abs(AlignSimilarity(centers, true_centers).scale - 1);
  scores.focal_error = std::abs(reconstruction.pinhole.focal_px / truth.pinhole.focal_px - 1);
  return scores;
}

}  // namespace foothold
