// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/released/human_terms.h"

#include <cmath>

#include "foothold/geometry/robust_kernel.h"
#include "foothold/objective/released/raw_body.h"

namespace foothold {
namespace {

// Evaluates the terms of one track; with derivatives, weighted by `share`, the track's part of the total.
class TrackTerms {
 public:
  TrackTerms(const JointProblem& problem,
             const BodyModel& model,
             const JointTrack& track,
             const TrackParameters& parameters,
             const ReleasedCameras& cameras,
             double share,
             CameraGradient* by_camera,
             TrackParameters* by_track,
             std::vector<double>* by_kappa)
      : problem_(problem),
        model_(model),
        track_(track),
        parameters_(parameters),
        cameras_(cameras),
        share_(share),
        by_camera_(by_camera),
        by_track_(by_track),
        by_kappa_(by_kappa),
        kernel_(RobustKernel<double>::FromGamma(kHumanGamma)),
        by_body_(track.keyframes.size()) {
    for (size_t t = 0; t < track.keyframes.size(); ++t) {
      skeletons_.push_back(PoseRawSkeleton(model, parameters, static_cast<int>(t)));
    }
  }

  double Scale(double weight);
  double Planted(double weight);
  double Prior(double weight);
  double Smooth(double weight);
  // Carries what the terms collected to the track's parameters.
  void Finish() {
    if (by_track_ == nullptr) return;
    for (size_t t = 0; t < by_body_.size(); ++t) {
      by_body_[t].AddTo(model_, parameters_, skeletons_[t], static_cast<int>(t), by_track_);
    }
  }

 private:
  bool WantsGradient() const { return by_track_ != nullptr; }
  Vec3d InWorld(int body, const Vec3d& in_cam) const {
    const int k = track_.keyframes[body];
    return cameras_.rotation[k] * in_cam + cameras_.center_m[k];
  }
  // Derivative by a point fixed to a body's camera, taken to the camera; returns that by the point.
  Vec3d AddToCamera(int body, const Vec3d& in_cam, const Vec3d& by_world) {
    const int k = track_.keyframes[body];
    Mat3d& by_rotation = by_camera_->rotation[k];
    for (int r = 0; r < 3; ++r) {
      for (int c = 0; c < 3; ++c) by_rotation(r, c) += by_world[r] * in_cam[c];
    }
    by_camera_->center_m[k] = by_camera_->center_m[k] + by_world;
    return Transposed(cameras_.rotation[k]) * by_world;
  }
  Vec3d Vertex(int body, int vertex) const {
    return RawVertex(model_, parameters_.shape, skeletons_[body], vertex);
  }
  void AddVertex(int body, int vertex, const Vec3d& by_in_cam) {
    by_body_[body].AddVertex(model_, parameters_.shape, skeletons_[body], vertex, by_in_cam);
  }
  // rho of the distance of `count` numbers, with the derivative times `weight` added to `by`.
  double Distance(const double* a, const double* b, int count, double weight, double* by) const;

  const JointProblem& problem_;
  const BodyModel& model_;
  const JointTrack& track_;
  const TrackParameters& parameters_;
  const ReleasedCameras& cameras_;
  double share_;
  CameraGradient* by_camera_;
  TrackParameters* by_track_;
  std::vector<double>* by_kappa_;  // Null: not wanted.
  RobustKernel<double> kernel_;
  std::vector<RawSkeleton> skeletons_;
  std::vector<RawBodyGradient> by_body_;
};

double TrackTerms::Scale(double weight) {
  double sum = 0, confidence = 0;
  for (const AnchorContact& c : track_.scale_contacts) confidence += c.confidence;
  if (!(confidence > 0)) return 0;
  const double zoom = cameras_.focal_px / problem_.initial_focal_px;
  for (const AnchorContact& c : track_.scale_contacts) {
    const AnchorDepth anchor = ComputeAnchorDepth(problem_, cameras_, c.keyframe, c.anchor);
    const double vertex_depth = Vertex(c.body, c.vertex)[2];
    const double residual = anchor.depth_m * c.omega - vertex_depth * zoom;
    const double norm = std::abs(residual);
    sum += c.confidence * kernel_.Value(norm);
    if (!WantsGradient() || norm == 0) continue;
    const double pull =
        share_ * weight * c.confidence / confidence * kernel_.Slope(norm) * (residual > 0 ? 1 : -1);
    by_camera_->log_size[c.keyframe] += pull * anchor.depth_m * c.omega;
    by_camera_->log_focal += pull * (anchor.by_log_focal * c.omega - vertex_depth * zoom);
    AddVertex(c.body, c.vertex, Vec3d{0, 0, -pull * zoom});
    if (by_kappa_ == nullptr) continue;
    const size_t entry = static_cast<size_t>(c.keyframe) * problem_.num_anchors() + c.anchor;
    (*by_kappa_)[entry] += pull * anchor.by_kappa * c.omega;
  }
  return sum / confidence;
}

double TrackTerms::Planted(double weight) {
  double sum = 0;
  const double count = static_cast<double>(track_.static_contacts.size());
  for (const RepeatedContact& c : track_.static_contacts) {
    const Vec3d now = Vertex(c.body, c.vertex), before = Vertex(c.previous_body, c.vertex);
    const Vec3d difference = InWorld(c.body, now) - InWorld(c.previous_body, before);
    const double norm = Norm(difference);
    sum += kernel_.Value(norm);
    if (!WantsGradient() || norm == 0) continue;
    const Vec3d pull = (share_ * weight / count * kernel_.Slope(norm) / norm) * difference;
    AddVertex(c.body, c.vertex, AddToCamera(c.body, now, pull));
    AddVertex(c.previous_body, c.vertex, AddToCamera(c.previous_body, before, -pull));
  }
  return count > 0 ? sum / count : 0;
}

double TrackTerms::Distance(const double* a, const double* b, int count, double weight, double* by) const {
  double norm2 = 0;
  for (int i = 0; i < count; ++i) norm2 += (a[i] - b[i]) * (a[i] - b[i]);
  const double norm = std::sqrt(norm2);
  if (by != nullptr && norm > 0) {
    const double pull = weight * kernel_.Slope(norm) / norm;
    for (int i = 0; i < count; ++i) by[i] += pull * (a[i] - b[i]);
  }
  return kernel_.Value(norm);
}

double TrackTerms::Prior(double weight) {
  const TrackParameters& initial = track_.initial;
  const size_t bodies = track_.keyframes.size();
  const double each = share_ * weight / static_cast<double>(bodies);
  double sum = 0;
  for (size_t t = 0; t < bodies; ++t) {
    const Quatd &q = parameters_.root[t], &q0 = initial.root[t];
    const double root[4] = {q.w, q.x, q.y, q.z}, root0[4] = {q0.w, q0.x, q0.y, q0.z};
    double by_root[4] = {0, 0, 0, 0};
    sum += Distance(root, root0, 4, each, by_root);
    sum += Distance(parameters_.translation_m[t].data,
                    initial.translation_m[t].data,
                    3,
                    each,
                    WantsGradient() ? by_track_->translation_m[t].data : nullptr);
    // The 23 matrices lie one after the other: 207 numbers.
    sum += Distance(parameters_.rotation[t][0].data,
                    initial.rotation[t][0].data,
                    9 * (kNumJoints - 1),
                    each,
                    WantsGradient() ? by_track_->rotation[t][0].data : nullptr);
    if (!WantsGradient()) continue;
    Quatd& by = by_track_->root[t];
    by = {by.w + by_root[0], by.x + by_root[1], by.y + by_root[2], by.z + by_root[3]};
  }
  double* by_shape = WantsGradient() ? by_track_->shape.data() : nullptr;
  return sum / static_cast<double>(bodies) +
         Distance(parameters_.shape.data(), initial.shape.data(), kNumShape, share_ * weight, by_shape);
}

double TrackTerms::Smooth(double weight) {
  const int bodies = static_cast<int>(track_.keyframes.size());
  if (bodies <= 2) return 0;
  const double count = (bodies - 2) * kNumJoints;
  double sum = 0;
  for (int t = 1; t + 1 < bodies; ++t) {
    // Velocities per keyframe, as released: not per second.
    const double before = track_.keyframes[t] - track_.keyframes[t - 1];
    const double after = track_.keyframes[t + 1] - track_.keyframes[t];
    for (int k = 0; k < kNumJoints; ++k) {
      const Vec3d last = skeletons_[t - 1].joints_m[k], here = skeletons_[t].joints_m[k],
                  next = skeletons_[t + 1].joints_m[k];
      const Vec3d here_in_world = InWorld(t, here);
      const Vec3d change =
          (InWorld(t + 1, next) - here_in_world) / after - (here_in_world - InWorld(t - 1, last)) / before;
      const double norm = Norm(change);
      sum += kernel_.Value(norm);
      if (!WantsGradient() || norm == 0) continue;
      const Vec3d pull = (share_ * weight / count * kernel_.Slope(norm) / norm) * change;
      by_body_[t + 1].AddJoint(k, AddToCamera(t + 1, next, pull / after));
      by_body_[t].AddJoint(k, AddToCamera(t, here, (-1 / after - 1 / before) * pull));
      by_body_[t - 1].AddJoint(k, AddToCamera(t - 1, last, pull / before));
    }
  }
  return sum / count;
}

}  // namespace

void AddHumanTerms(const JointProblem& problem,
                   const BodyModel& model,
                   const JointParameters& parameters,
                   const ReleasedCameras& cameras,
                   const ReleasedWeights& weights,
                   ReleasedGradient* gradient,
                   CameraGradient* by_camera,
                   ReleasedLosses* losses) {
  const double bodies = problem.num_bodies();
  for (size_t k = 0; k < problem.tracks.size(); ++k) {
    const JointTrack& track = problem.tracks[k];
    const double share = static_cast<double>(track.keyframes.size()) / bodies;
    TrackTerms terms(problem,
                     model,
                     track,
                     parameters.tracks[k],
                     cameras,
                     share,
                     by_camera,
                     gradient == nullptr ? nullptr : &gradient->by.tracks[k],
                     gradient == nullptr || !gradient->with_kappa ? nullptr : &gradient->by_kappa);
    const bool with_prior = gradient == nullptr || gradient->with_prior;
    losses->track_scale.push_back(terms.Scale(weights.scale));
    losses->track_planted.push_back(terms.Planted(weights.planted));
    losses->track_prior.push_back(terms.Prior(with_prior ? weights.prior : 0));
    losses->track_smooth.push_back(terms.Smooth(weights.smooth));
    terms.Finish();
    losses->scale += share * losses->track_scale.back();
    losses->planted += share * losses->track_planted.back();
    losses->prior += share * losses->track_prior.back();
    losses->smooth += share * losses->track_smooth.back();
  }
}

}  // namespace foothold
