// SPDX-License-Identifier: Apache-2.0
#include "support/long_video_scores.h"

#include <algorithm>
#include <cmath>

#include "foothold/evaluate/alignment.h"
#include "foothold/evaluate/human_metrics.h"

namespace foothold {
namespace {

std::vector<Vec3d> CentersOf(const std::vector<Rigid3d>& cameras) {
  std::vector<Vec3d> centers;
  for (const Rigid3d& camera : cameras) centers.push_back(camera.translation);
  return centers;
}

double WindowScale(const std::vector<Vec3d>& found, const std::vector<Vec3d>& truth, int begin, int count) {
  const auto part = [&](const std::vector<Vec3d>& all) {
    return std::vector<Vec3d>(all.begin() + begin, all.begin() + begin + count);
  };
  return AlignSimilarity(part(truth), part(found)).scale;
}

void ScoreScales(const std::vector<Vec3d>& found,
                 const std::vector<Vec3d>& truth,
                 int window,
                 LongVideoScores* scores) {
  const int count = static_cast<int>(found.size());
  scores->scale = AlignSimilarity(truth, found).scale;
  scores->largest_scale = scores->smallest_scale = WindowScale(found, truth, 0, window);
  for (int begin = 0; begin + window <= count; begin += window) {
    const double scale = WindowScale(found, truth, begin, window);
    scores->largest_scale = std::max(scores->largest_scale, scale);
    scores->smallest_scale = std::min(scores->smallest_scale, scale);
  }
  const double first = WindowScale(found, truth, 0, window);
  scores->scale_drift = std::abs(WindowScale(found, truth, count - window, window) / first - 1);
}

// Steps of an error signal, apart by whether they touch a seam.
struct ErrorSteps {
  double at_seams = 0, elsewhere = 0;
  void Add(int frame, int num_frames, int seam_interval, const Vec3d& before, const Vec3d& after) {
    const int seam = (frame + 1) / seam_interval * seam_interval;
    const bool inner = seam > 0 && seam < num_frames - 1;
    const bool touches = inner && (frame == seam || frame + 1 == seam);
    double& largest = touches ? at_seams : elsewhere;
    largest = std::max(largest, Norm(after - before));
  }
};

const PersonInWorld* FindPerson(const Reconstruction& truth, int id) {
  for (const PersonInWorld& person : truth.people) {
    if (person.id == id) return &person;
  }
  return nullptr;
}

Vec3d MiddleOfHips(const std::array<Vec3d, kNumJoints>& joints) {
  return 0.5 * (joints[kLeftHip] + joints[kRightHip]);
}

}  // namespace

std::vector<ChainedPerson> JointsOf(const Reconstruction& reconstruction) {
  std::vector<ChainedPerson> people;
  for (const PersonInWorld& person : reconstruction.people) {
    people.push_back({person.id, person.frames, person.joints_in_world});
  }
  return people;
}

LongVideoScores ScoreLongVideo(const std::vector<Rigid3d>& world_from_cam,
                               const std::vector<ChainedPerson>& people,
                               const Reconstruction& truth,
                               int window_frames,
                               int seam_interval) {
  LongVideoScores scores;
  const std::vector<Vec3d> found = CentersOf(world_from_cam), exact = CentersOf(truth.world_from_cam);
  const int count = static_cast<int>(found.size());
  ScoreScales(found, exact, window_frames, &scores);
  const Similarity3d true_from_found = AlignRigid(found, exact);
  ErrorSteps camera, pelvis;
  Vec3d before = true_from_found * found[0] - exact[0];
  for (int frame = 0; frame < count; ++frame) {
    const Vec3d error = true_from_found * found[frame] - exact[frame];
    scores.ate_m += Norm(error) / count;
    if (frame > 0) camera.Add(frame - 1, count, seam_interval, before, error);
    before = error;
  }
  double sum = 0;
  size_t num_errors = 0;
  for (const ChainedPerson& person : people) {
    const PersonInWorld* true_person = FindPerson(truth, person.id);
    if (true_person == nullptr) continue;
    PointSequence joints, true_joints;
    joints.num_points = true_joints.num_points = kNumJoints;
    int last_frame = -2;
    Vec3d last_error = Vec3d::Zero();
    for (size_t i = 0; i < person.frames.size(); ++i) {
      const int frame = person.frames[i];
      const auto at = std::lower_bound(true_person->frames.begin(), true_person->frames.end(), frame);
      if (at == true_person->frames.end() || *at != frame) continue;
      const auto& own = person.joints_in_world[i];
      const auto& exact_joints = true_person->joints_in_world[at - true_person->frames.begin()];
      joints.points_m.insert(joints.points_m.end(), own.begin(), own.end());
      true_joints.points_m.insert(true_joints.points_m.end(), exact_joints.begin(), exact_joints.end());
      const Vec3d error = true_from_found * MiddleOfHips(own) - MiddleOfHips(exact_joints);
      if (frame == last_frame + 1) pelvis.Add(last_frame, count, seam_interval, last_error, error);
      last_frame = frame;
      last_error = error;
    }
    if (joints.num_frames() < 2) continue;
    for (const double e : WorldMpjpe_mm(joints, true_joints, 2)) sum += e;
    num_errors += static_cast<size_t>(joints.num_frames());
  }
  scores.camera_at_seams_m = camera.at_seams;
  scores.camera_elsewhere_m = camera.elsewhere;
  scores.pelvis_at_seams_m = pelvis.at_seams;
  scores.pelvis_elsewhere_m = pelvis.elsewhere;
  scores.w_mpjpe_mm = num_errors == 0 ? 0 : sum / static_cast<double>(num_errors);
  return scores;
}

}  // namespace foothold
