// SPDX-License-Identifier: Apache-2.0
#include "foothold/evaluate/human_metrics.h"

#include <algorithm>

#include "foothold/base/error.h"
#include "foothold/evaluate/alignment.h"
#include "foothold/scene/body.h"

namespace foothold {
namespace {

constexpr double kMmPerM = 1000;
// Below this a true path has no length to measure against.
constexpr double kMinPath_m = 1e-6;

void CheckSameSize(const PointSequence& a, const PointSequence& b) {
  FOOTHOLD_CHECK(a.num_points == b.num_points && a.points_m.size() == b.points_m.size(),
                 "prediction and truth differ in size");
}

double MeanDistance(const PointSequence& a, const PointSequence& b, int frame) {
  double sum = 0;
  for (int p = 0; p < a.num_points; ++p) sum += Norm(a.At(frame, p) - b.At(frame, p));
  return sum / a.num_points;
}

std::vector<double> DistancesPerFrame_mm(const PointSequence& a, const PointSequence& b) {
  std::vector<double> distances;
  for (int f = 0; f < a.num_frames(); ++f) distances.push_back(kMmPerM * MeanDistance(a, b, f));
  return distances;
}

// `predicted` with frames [begin, end) moved by the alignment of their first frames to the truth.
void AlignChunk(
    const PointSequence& truth, int begin, int end, int alignment_frames, PointSequence* predicted) {
  const int used = alignment_frames == 0 ? end : std::min(end, begin + alignment_frames);
  const Similarity3d truth_from_predicted =
      AlignSimilarity(predicted->Frames(begin, used), truth.Frames(begin, used));
  for (int i = begin * truth.num_points; i < end * truth.num_points; ++i) {
    predicted->points_m[i] = truth_from_predicted * predicted->points_m[i];
  }
}

}  // namespace

PointSequence PelvisCentred(const PointSequence& points, const PointSequence& joints) {
  FOOTHOLD_CHECK(points.num_frames() == joints.num_frames() && joints.num_points > kRightHip,
                 "points and joints differ in frames");
  PointSequence centred = points;
  for (int f = 0; f < points.num_frames(); ++f) {
    const Vec3d pelvis = 0.5 * (joints.At(f, kLeftHip) + joints.At(f, kRightHip));
    for (int p = 0; p < points.num_points; ++p) {
      Vec3d& point = centred.points_m[static_cast<size_t>(f) * points.num_points + p];
      point = point - pelvis;
    }
  }
  return centred;
}

std::vector<double> CentredErrors_mm(const PointSequence& predicted,
                                     const PointSequence& truth,
                                     const PointSequence& predicted_joints,
                                     const PointSequence& truth_joints) {
  CheckSameSize(predicted, truth);
  return DistancesPerFrame_mm(PelvisCentred(predicted, predicted_joints), PelvisCentred(truth, truth_joints));
}

std::vector<double> PaMpjpe_mm(const PointSequence& predicted, const PointSequence& truth) {
  return WorldMpjpe_mm(predicted, truth, 1, 1);
}

std::vector<double> WorldMpjpe_mm(const PointSequence& predicted,
                                  const PointSequence& truth,
                                  int alignment_frames,
                                  int chunk_frames) {
  CheckSameSize(predicted, truth);
  FOOTHOLD_CHECK(chunk_frames > 0 && alignment_frames >= 0, "chunk of frames");
  PointSequence aligned = predicted;
  const int num_frames = truth.num_frames();
  for (int begin = 0; begin < num_frames; begin += chunk_frames) {
    AlignChunk(truth, begin, std::min(num_frames, begin + chunk_frames), alignment_frames, &aligned);
  }
  return DistancesPerFrame_mm(aligned, truth);
}

std::vector<double> AccelerationErrors(const PointSequence& predicted,
                                       const PointSequence& truth,
                                       double frame_rate_hz) {
  CheckSameSize(predicted, truth);
  const auto acceleration = [](const PointSequence& s, int f, int p) {
    return s.At(f - 1, p) - 2.0 * s.At(f, p) + s.At(f + 1, p);
  };
  std::vector<double> errors;
  for (int f = 2; f + 2 < truth.num_frames(); ++f) {
    double sum = 0;
    for (int p = 0; p < truth.num_points; ++p) {
      sum += Norm(acceleration(predicted, f, p) - acceleration(truth, f, p));
    }
    errors.push_back(sum / truth.num_points * frame_rate_hz * frame_rate_hz);
  }
  return errors;
}

std::vector<double> Jitter(const PointSequence& points, double frame_rate_hz) {
  const double factor = frame_rate_hz * frame_rate_hz * frame_rate_hz / 10;
  std::vector<double> jitter;
  for (int f = 0; f + 3 < points.num_frames(); ++f) {
    double sum = 0;
    for (int p = 0; p < points.num_points; ++p) {
      sum +=
          Norm(points.At(f + 3, p) - 3.0 * points.At(f + 2, p) + 3.0 * points.At(f + 1, p) - points.At(f, p));
    }
    jitter.push_back(sum / points.num_points * factor);
  }
  return jitter;
}

std::optional<std::vector<double>> RootTranslationErrors_percent(const std::vector<Vec3d>& predicted_m,
                                                                 const std::vector<Vec3d>& truth_m) {
  FOOTHOLD_CHECK(predicted_m.size() == truth_m.size(), "prediction and truth differ in frames");
  double path_m = 0;
  for (size_t f = 1; f < truth_m.size(); ++f) path_m += Norm(truth_m[f] - truth_m[f - 1]);
  if (!(path_m > kMinPath_m)) return std::nullopt;
  const Similarity3d truth_from_predicted = AlignRigid(predicted_m, truth_m);
  std::vector<double> errors;
  for (size_t f = 0; f < truth_m.size(); ++f) {
    errors.push_back(100 * Norm(truth_from_predicted * predicted_m[f] - truth_m[f]) / path_m);
  }
  return errors;
}

FootSliding MeasureFootSliding(const PointSequence& predicted_feet,
                               const PointSequence& true_feet,
                               double contact_m) {
  CheckSameSize(predicted_feet, true_feet);
  FootSliding result;
  for (int f = 0; f + 1 < true_feet.num_frames(); ++f) {
    for (int p = 0; p < true_feet.num_points; ++p) {
      const bool contact = Norm(true_feet.At(f + 1, p) - true_feet.At(f, p)) < contact_m;
      result.contact.push_back(contact ? 1 : 0);
      if (!contact) continue;
      result.sliding_mm.push_back(kMmPerM * Norm(predicted_feet.At(f + 1, p) - predicted_feet.At(f, p)));
    }
  }
  return result;
}

}  // namespace foothold
