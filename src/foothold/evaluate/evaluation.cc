// SPDX-License-Identifier: Apache-2.0
#include "foothold/evaluate/evaluation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "foothold/base/error.h"
#include "foothold/evaluate/alignment.h"
#include "foothold/evaluate/camera_metrics.h"
#include "foothold/evaluate/human_metrics.h"
#include "foothold/evaluate/person_matching.h"
#include "foothold/evaluate/scene_metrics.h"
#include "foothold/scene/voxel_grid.h"

namespace foothold {
namespace {

constexpr double kVoxel_m = 0.3;
constexpr double kCloudCut_m = 1000;
constexpr float kMinConfidence = 0.1f;
// A trajectory that spreads less than this does not determine a scale.
constexpr double kMinSpread_m = 0.05;

void Extend(std::vector<double>* all, const std::vector<double>& more) {
  all->insert(all->end(), more.begin(), more.end());
}

std::optional<double> Mean(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  return Summarize(values).mean;
}

// Per-frame errors of all matched people.
struct HumanErrors {
  std::vector<double> mpjpe, pa_mpjpe, pve, w_mpjpe, wa_mpjpe, rte, accel;
  std::vector<double> jitter, true_jitter, sliding, true_sliding;
};

// Everything about one person over the frames of a fragment.
struct PersonSequences {
  PointSequence joints{kNumJoints, {}}, joints_in_cam{kNumJoints, {}};
  PointSequence vertices_in_cam, feet{4, {}};
  std::vector<Vec3d> roots_m;
};

PersonSequences PosePerson(const labels::Label& label,
                           const BodyModel& body,
                           int person_index,
                           const std::vector<int>& entries) {
  const PersonInWorld& person = label.reconstruction.people[person_index];
  const std::vector<int> foot_vertices(body.foot_vertices.begin(), body.foot_vertices.end());
  PersonSequences sequences;
  sequences.vertices_in_cam.num_points = body.num_vertices;
  for (const int entry : entries) {
    const BodyPose& pose = person.body_in_world[entry];
    const Rigid3d cam_from_world = Inverse(label.reconstruction.world_from_cam[person.frames[entry]]);
    const PosedSkeleton skeleton = PoseSkeleton(body, person.shape, pose);
    for (const Vec3d& joint : skeleton.joints_m) {
      sequences.joints.points_m.push_back(joint);
      sequences.joints_in_cam.points_m.push_back(cam_from_world * joint);
    }
    for (const Vec3d& vertex : PoseAllVertices(body, person.shape, pose)) {
      sequences.vertices_in_cam.points_m.push_back(cam_from_world * vertex);
    }
    const std::vector<Vec3d> feet = PoseVertices(body, person.shape, pose, foot_vertices);
    sequences.feet.points_m.insert(sequences.feet.points_m.end(), feet.begin(), feet.end());
    sequences.roots_m.push_back(pose.translation_m);
  }
  return sequences;
}

PointSequence Slice(const PointSequence& sequence, int begin, int end) {
  return {sequence.num_points, sequence.Frames(begin, end)};
}

// Derivatives need consecutive frames: one run at a time.
void AddRun(const PersonSequences& predicted,
            const PersonSequences& truth,
            int begin,
            int end,
            double frame_rate_hz,
            HumanErrors* errors) {
  const PointSequence cam = Slice(predicted.joints_in_cam, begin, end);
  const PointSequence true_cam = Slice(truth.joints_in_cam, begin, end);
  Extend(&errors->accel,
         AccelerationErrors(PelvisCentred(cam, cam), PelvisCentred(true_cam, true_cam), frame_rate_hz));
  Extend(&errors->jitter, Jitter(Slice(predicted.joints, begin, end), frame_rate_hz));
  Extend(&errors->true_jitter, Jitter(Slice(truth.joints, begin, end), frame_rate_hz));
  const PointSequence true_feet = Slice(truth.feet, begin, end);
  Extend(&errors->sliding, MeasureFootSliding(Slice(predicted.feet, begin, end), true_feet).sliding_mm);
  Extend(&errors->true_sliding, MeasureFootSliding(true_feet, true_feet).sliding_mm);
}

void AddFragment(const labels::Label& label,
                 const labels::Label& truth,
                 const BodyModel& body,
                 const MatchedFragment& fragment,
                 HumanErrors* errors) {
  const PersonSequences predicted = PosePerson(label, body, fragment.label_person, fragment.label_entries);
  const PersonSequences actual = PosePerson(truth, body, fragment.truth_person, fragment.truth_entries);
  Extend(&errors->mpjpe, Mpjpe_mm(predicted.joints_in_cam, actual.joints_in_cam));
  Extend(&errors->pa_mpjpe, PaMpjpe_mm(predicted.joints_in_cam, actual.joints_in_cam));
  Extend(
      &errors->pve,
      CentredErrors_mm(
          predicted.vertices_in_cam, actual.vertices_in_cam, predicted.joints_in_cam, actual.joints_in_cam));
  Extend(&errors->w_mpjpe, WorldMpjpe_mm(predicted.joints, actual.joints, 2));
  Extend(&errors->wa_mpjpe, WorldMpjpe_mm(predicted.joints, actual.joints, 0));
  const auto rte = RootTranslationErrors_percent(predicted.roots_m, actual.roots_m);
  if (rte.has_value()) Extend(&errors->rte, *rte);

  const double frame_rate_hz =
      truth.clip.frame_rate_hz > 0 ? truth.clip.frame_rate_hz : label.clip.frame_rate_hz;
  const std::vector<int>& frames = truth.reconstruction.people[fragment.truth_person].frames;
  const int count = static_cast<int>(fragment.truth_entries.size());
  for (int begin = 0; begin < count;) {
    int end = begin + 1;
    while (end < count &&
           frames[fragment.truth_entries[end]] == frames[fragment.truth_entries[end - 1]] + 1) {
      ++end;
    }
    AddRun(predicted, actual, begin, end, frame_rate_hz, errors);
    begin = end;
  }
}

// The frames that label and truth share, as poses of the same frames.
struct SharedCameras {
  int first_label_frame = 0, first_truth_frame = 0;
  std::vector<Rigid3d> predicted, truth;  // world_from_cam.
};

SharedCameras ShareCameras(const labels::Label& label, const labels::Label& truth) {
  const std::vector<Rigid3d>& predicted = label.reconstruction.world_from_cam;
  const std::vector<Rigid3d>& actual = truth.reconstruction.world_from_cam;
  const int offset = label.clip.first_frame - truth.clip.first_frame;
  SharedCameras shared;
  shared.first_label_frame = std::max(0, -offset);
  shared.first_truth_frame = std::max(0, offset);
  for (size_t i = 0;; ++i) {
    const size_t a = shared.first_label_frame + i, b = shared.first_truth_frame + i;
    if (a >= predicted.size() || b >= actual.size()) break;
    shared.predicted.push_back(predicted[a]);
    shared.truth.push_back(actual[b]);
  }
  return shared;
}

double Spread(const std::vector<Vec3d>& points) {
  Vec3d mean = Vec3d::Zero();
  for (const Vec3d& point : points) mean = mean + point / static_cast<double>(points.size());
  double squares = 0;
  for (const Vec3d& point : points) squares += SquaredNorm(point - mean);
  return std::sqrt(squares / static_cast<double>(points.size()));
}

// Scale of the similarity from predicted to true points; undefined where they do not spread.
std::optional<double> ScaleBetween(const std::vector<Vec3d>& predicted, const std::vector<Vec3d>& truth) {
  if (Spread(truth) < kMinSpread_m || Spread(predicted) < kMinSpread_m) return std::nullopt;
  return AlignSimilarity(predicted, truth).scale;
}

struct WorldScales {
  std::optional<double> cameras;  // From camera centres.
  std::optional<double> world;    // From camera centres and the pelvises of all matched people.
};

WorldScales MeasureScales(const labels::Label& label,
                          const labels::Label& truth,
                          const BodyModel& body,
                          const SharedCameras& cameras,
                          const PersonMatches& matches) {
  std::vector<Vec3d> predicted, actual;
  for (size_t i = 0; i < cameras.truth.size(); ++i) {
    predicted.push_back(cameras.predicted[i].translation);
    actual.push_back(cameras.truth[i].translation);
  }
  WorldScales scales;
  scales.cameras = ScaleBetween(predicted, actual);
  const auto pelvis = [&body](const PersonInWorld& person, int entry) {
    return person.body_in_world[entry].translation_m + RestPelvis(body, person.shape);
  };
  for (const MatchedFragment& fragment : matches.fragments) {
    const PersonInWorld& labelled = label.reconstruction.people[fragment.label_person];
    const PersonInWorld& person = truth.reconstruction.people[fragment.truth_person];
    for (size_t i = 0; i < fragment.label_entries.size(); ++i) {
      predicted.push_back(pelvis(labelled, fragment.label_entries[i]));
      actual.push_back(pelvis(person, fragment.truth_entries[i]));
    }
  }
  scales.world = ScaleBetween(predicted, actual);
  return scales;
}

std::optional<double> ScaleError_percent(const std::optional<double>& scale) {
  if (!scale.has_value()) return std::nullopt;
  return 100 * std::abs(*scale - 1);
}

// Labelled depth sampled at the true keyframe's pixels, through the pixels of the source video; 0 where
// either is unknown or not trusted.
ImageF ResampleDepth(const KeyframeDepth& predicted,
                     const ImageTransform& working_from_source,
                     const KeyframeDepth& truth,
                     const ImageTransform& truth_from_source) {
  ImageF out(truth.depth_m.width, truth.depth_m.height);
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      if (!truth.confidence.empty() && !(truth.confidence.At(x, y) > kMinConfidence)) continue;
      const double source_x = (x - truth_from_source.offset_x_px) / truth_from_source.scale_x;
      const double source_y = (y - truth_from_source.offset_y_px) / truth_from_source.scale_y;
      const double px =
          std::nearbyint(working_from_source.scale_x * source_x + working_from_source.offset_x_px);
      const double py =
          std::nearbyint(working_from_source.scale_y * source_y + working_from_source.offset_y_px);
      if (!(px >= 0 && py >= 0 && px < predicted.depth_m.width && py < predicted.depth_m.height)) continue;
      const int column = static_cast<int>(px), row = static_cast<int>(py);
      if (!predicted.confidence.empty() && !(predicted.confidence.At(column, row) > kMinConfidence)) continue;
      out.At(x, y) = predicted.depth_m.At(column, row);
    }
  }
  return out;
}

// Means over the keyframes that both have and that share a trusted pixel.
DepthErrors CompareKeyframes(const labels::Label& label, const labels::Label& truth, int* num_keyframes) {
  DepthErrors mean;
  *num_keyframes = 0;
  const int truth_from_label_frame = label.clip.first_frame - truth.clip.first_frame;
  for (const KeyframeDepth& predicted : label.reconstruction.keyframes) {
    for (const KeyframeDepth& actual : truth.reconstruction.keyframes) {
      if (actual.frame != predicted.frame + truth_from_label_frame) continue;
      const ImageF resampled =
          ResampleDepth(predicted, label.clip.working_from_source, actual, truth.clip.working_from_source);
      const DepthErrors errors = CompareDepth(resampled, actual.depth_m);
      if (errors.num_pixels == 0) continue;
      ++*num_keyframes;
      mean.num_pixels += errors.num_pixels;
      mean.abs_rel += errors.abs_rel;
      mean.rmse_m += errors.rmse_m;
      mean.delta_1 += errors.delta_1;
    }
  }
  if (*num_keyframes > 0) {
    mean.abs_rel /= *num_keyframes;
    mean.rmse_m /= *num_keyframes;
    mean.delta_1 /= *num_keyframes;
  }
  return mean;
}

std::vector<Vec3d> CloudOf(const Reconstruction& reconstruction, const Rigid3d& out_from_world) {
  std::vector<Vec3d> points;
  for (const ScenePoint& point : reconstruction.points) {
    if (point.confidence > kMinConfidence) points.push_back(out_from_world * point.position_m.Cast<double>());
  }
  return AssignVoxels(points, kVoxel_m).centroids;
}

// Scene clouds after the first shared cameras are laid on each other, scale untouched.
std::optional<CloudErrors> CompareScenes(const labels::Label& label,
                                         const labels::Label& truth,
                                         const SharedCameras& cameras) {
  const Rigid3d truth_from_label = cameras.truth.front() * Inverse(cameras.predicted.front());
  const std::vector<Vec3d> predicted = CloudOf(label.reconstruction, truth_from_label);
  const std::vector<Vec3d> actual = CloudOf(truth.reconstruction, Rigid3d::Identity());
  if (predicted.empty() || actual.empty()) return std::nullopt;
  return CompareClouds(predicted, actual, kCloudCut_m);
}

std::vector<PersonEvaluation> SummarizePeople(const labels::Label& label,
                                              const labels::Label& truth,
                                              const PersonMatches& matches) {
  std::vector<PersonEvaluation> people;
  for (size_t p = 0; p < truth.reconstruction.people.size(); ++p) {
    PersonEvaluation person;
    person.truth_id = truth.reconstruction.people[p].id;
    person.visible_frames = matches.visible_frames[p];
    for (const MatchedFragment& fragment : matches.fragments) {
      if (fragment.truth_person != static_cast<int>(p)) continue;
      person.label_ids.push_back(label.reconstruction.people[fragment.label_person].id);
      person.matched_frames += static_cast<int>(fragment.truth_entries.size());
    }
    people.push_back(std::move(person));
  }
  return people;
}

void AddPeopleMetrics(const HumanErrors& errors, EvaluationReport* report) {
  int in_truth = 0, found = 0, visible = 0, covered = 0;
  for (const PersonEvaluation& person : report->people) {
    if (person.visible_frames == 0) continue;
    ++in_truth;
    if (!person.label_ids.empty()) ++found;
    visible += person.visible_frames;
    covered += std::min(person.matched_frames, person.visible_frames);
  }
  std::optional<double> coverage;
  if (visible > 0) coverage = 100.0 * covered / visible;
  std::vector<MetricValue>& metrics = report->metrics;
  metrics.push_back({"people_in_truth", static_cast<double>(in_truth), "1"});
  metrics.push_back({"people_found", static_cast<double>(found), "1"});
  metrics.push_back({"people_false", static_cast<double>(report->false_label_ids.size()), "1"});
  metrics.push_back({"person_frames_found", coverage, "%"});
  metrics.push_back({"mpjpe", Mean(errors.mpjpe), "mm"});
  metrics.push_back({"pa_mpjpe", Mean(errors.pa_mpjpe), "mm"});
  metrics.push_back({"pve", Mean(errors.pve), "mm"});
  metrics.push_back({"acceleration_error", Mean(errors.accel), "m/s^2"});
  metrics.push_back({"w_mpjpe", Mean(errors.w_mpjpe), "mm"});
  metrics.push_back({"wa_mpjpe", Mean(errors.wa_mpjpe), "mm"});
  metrics.push_back({"rte", Mean(errors.rte), "%"});
  metrics.push_back({"jitter", Mean(errors.jitter), "10 m/s^3"});
  metrics.push_back({"jitter_truth", Mean(errors.true_jitter), "10 m/s^3"});
  metrics.push_back({"foot_sliding", Mean(errors.sliding), "mm"});
  metrics.push_back({"foot_sliding_truth", Mean(errors.true_sliding), "mm"});
}

void AddCameraMetrics(const labels::Label& label,
                      const labels::Label& truth,
                      const SharedCameras& cameras,
                      const WorldScales& scales,
                      EvaluationReport* report) {
  std::vector<MetricValue>& metrics = report->metrics;
  const ErrorStatistics ate = Summarize(TrajectoryErrors_m(cameras.predicted, cameras.truth, false));
  metrics.push_back({"ate", ate.mean, "m"});
  metrics.push_back({"ate_rmse", ate.rmse, "m"});
  metrics.push_back(
      {"ate_scaled", Summarize(TrajectoryErrors_m(cameras.predicted, cameras.truth, true)).mean, "m"});
  metrics.push_back(
      {"ate_released", Summarize(ReleasedTrajectoryErrors_m(cameras.predicted, cameras.truth)).mean, "m"});
  metrics.push_back({"world_scale", scales.world, "1"});
  metrics.push_back({"world_scale_error", ScaleError_percent(scales.world), "%"});
  metrics.push_back({"camera_scale", scales.cameras, "1"});
  metrics.push_back({"camera_scale_error", ScaleError_percent(scales.cameras), "%"});
  // Focal lengths of different working images compare in source pixels.
  const double focal = label.reconstruction.pinhole.focal_px / label.clip.working_from_source.scale_x;
  const double true_focal = truth.reconstruction.pinhole.focal_px / truth.clip.working_from_source.scale_x;
  metrics.push_back({"focal_error", 100 * std::abs(focal / true_focal - 1), "%"});
}

void AddSceneMetrics(const labels::Label& label,
                     const labels::Label& truth,
                     const SharedCameras& cameras,
                     EvaluationReport* report) {
  std::vector<MetricValue>& metrics = report->metrics;
  const std::optional<CloudErrors> clouds = CompareScenes(label, truth, cameras);
  const auto cloud_value = [&clouds](double CloudErrors::*member) -> std::optional<double> {
    if (!clouds.has_value()) return std::nullopt;
    return (*clouds).*member;
  };
  metrics.push_back({"scene_accuracy", cloud_value(&CloudErrors::accuracy_m), "m"});
  metrics.push_back({"scene_completeness", cloud_value(&CloudErrors::completeness_m), "m"});
  metrics.push_back({"scene_chamfer", cloud_value(&CloudErrors::chamfer_m), "m"});
  int num_keyframes = 0;
  const DepthErrors depth = CompareKeyframes(label, truth, &num_keyframes);
  const auto depth_value = [num_keyframes](double value) -> std::optional<double> {
    if (num_keyframes == 0) return std::nullopt;
    return value;
  };
  metrics.push_back({"depth_abs_rel", depth_value(depth.abs_rel), "1"});
  metrics.push_back({"depth_rmse", depth_value(depth.rmse_m), "m"});
  metrics.push_back({"depth_delta_1", depth_value(depth.delta_1), "1"});
}

// Shape and pose mean something only together with their model.
void CheckBody(const labels::Label& label, const BodyModel& body) {
  const std::string& hash = label.provenance.body_model_hash;
  if (hash.empty() || body.content_hash.empty() || hash == body.content_hash) return;
  throw Error(ErrorKind::kBadInput,
              label.clip.name + " (" + label.kind + ") was made with another body model (" + hash +
                  ", this one is " + body.content_hash + "); choose that model with FOOTHOLD_BODY_MODEL");
}

}  // namespace

std::optional<double> ValueOf(const EvaluationReport& report, const std::string& name) {
  for (const MetricValue& metric : report.metrics) {
    if (metric.name == name) return metric.value;
  }
  FOOTHOLD_CHECK(false, "no metric is called '" + name + "'");
  return std::nullopt;
}

EvaluationReport EvaluateLabel(const labels::Label& label,
                               const labels::Label& truth,
                               const BodyModel& body) {
  CheckBody(label, body);
  CheckBody(truth, body);
  const SharedCameras cameras = ShareCameras(label, truth);
  if (cameras.truth.empty()) {
    throw Error(ErrorKind::kBadInput,
                label.clip.name + ": label and truth share no frame; is it the truth of this video?");
  }
  const PersonMatches matches = MatchPeople(label, truth, body);
  HumanErrors errors;
  for (const MatchedFragment& fragment : matches.fragments) {
    AddFragment(label, truth, body, fragment, &errors);
  }
  EvaluationReport report;
  report.people = SummarizePeople(label, truth, matches);
  for (const int person : matches.unmatched_label_people) {
    report.false_label_ids.push_back(label.reconstruction.people[person].id);
  }
  AddPeopleMetrics(errors, &report);
  AddCameraMetrics(label, truth, cameras, MeasureScales(label, truth, body, cameras, matches), &report);
  AddSceneMetrics(label, truth, cameras, &report);
  return report;
}

}  // namespace foothold
