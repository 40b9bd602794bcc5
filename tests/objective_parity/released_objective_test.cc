// SPDX-License-Identifier: Apache-2.0
// Every loss term and gradient of the released objective against what the released code computes.
#include <gtest/gtest.h>

#include <cmath>

#include "foothold/objective/released/objective.h"
#include "labels/body_file.h"
#include "labels/joint_problem_file.h"
#include "support/parity_file.h"

namespace foothold {
namespace {

constexpr double kTermTolerance = 1e-5;      // Relative.
constexpr double kGradientTolerance = 1e-4;  // Of the norm of a block of the gradient.

struct Case {
  std::string file;
  std::string state;  // Group of expected values: "init", "probe", ...
};

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const std::string& name : ParityFilesLike("joint_")) {
    const ParityFile file(name);
    for (const std::string& state : file.Names("expected")) {
      if (file.Has("expected/" + state + "/stage1/total")) cases.push_back({name, state});
    }
  }
  return cases;
}

void ExpectTerm(const ParityFile& file, const std::string& path, double actual) {
  const double expected = file.Double(path);
  // A prior of zero stays exactly zero.
  EXPECT_NEAR(actual, expected, kTermTolerance * std::abs(expected)) << path;
}

void ExpectTerms(const ParityFile& file, const std::string& path, const std::vector<double>& actual) {
  const std::vector<double> expected = file.Doubles(path);
  ASSERT_EQ(actual.size(), expected.size()) << path;
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(actual[i], expected[i], kTermTolerance * std::abs(expected[i])) << path << "[" << i << "]";
  }
}

void ExpectGradient(const ParityFile& file, const std::string& path, const std::vector<double>& actual) {
  const std::vector<double> expected = file.Doubles(path);
  ASSERT_EQ(actual.size(), expected.size()) << path;
  double difference2 = 0, norm2 = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    difference2 += (actual[i] - expected[i]) * (actual[i] - expected[i]);
    norm2 += expected[i] * expected[i];
  }
  EXPECT_LE(std::sqrt(difference2), kGradientTolerance * std::sqrt(norm2))
      << path << ", norm " << std::sqrt(norm2);
}

void Append(std::vector<double>* out, const Quatd& q, bool w_last) {
  if (!w_last) out->push_back(q.w);
  out->insert(out->end(), {q.x, q.y, q.z});
  if (w_last) out->push_back(q.w);
}

void Append(std::vector<double>* out, const double* values, int count) {
  out->insert(out->end(), values, values + count);
}

void ExpectTrackGradient(const ParityFile& file, const std::string& in, const TrackParameters& by) {
  std::vector<double> root, translation, rotation;
  for (size_t t = 0; t < by.root.size(); ++t) {
    Append(&root, by.root[t], false);
    Append(&translation, by.translation_m[t].data, 3);
    for (const Mat3d& m : by.rotation[t]) Append(&rotation, m.data, 9);
  }
  ExpectGradient(file, in + "root_quaternion", root);
  ExpectGradient(file, in + "translation", translation);
  ExpectGradient(file, in + "body_rotation", rotation);
  ExpectGradient(file, in + "betas", std::vector<double>(by.shape.begin(), by.shape.end()));
}

void ExpectCameraGradient(const ParityFile& file, const std::string& in, const ReleasedGradient& gradient) {
  std::vector<double> rotation, tau;
  for (size_t i = 0; i < gradient.by.log_size.size(); ++i) {
    Append(&rotation, gradient.by.camera_rotation[i], true);
    Append(&tau, gradient.by.camera_tau_m[i].data, 3);
  }
  ExpectGradient(file, in + "camera_quaternion", rotation);
  ExpectGradient(file, in + "camera_tau", tau);
  ExpectGradient(file, in + "log_size", gradient.by.log_size);
  ExpectGradient(file, in + "log_focal", {gradient.by.log_focal});
  if (file.Has(in + "kappa")) ExpectGradient(file, in + "kappa", gradient.by_kappa);
}

class ReleasedObjective : public testing::Test {
 protected:
  static const BodyModel& Model() {
    static const BodyModel model = labels::ReadBodyModel(labels::DefaultBodyModelPath());
    return model;
  }
};

void CheckStage(const ParityFile& file,
                const std::string& in,
                const JointProblem& problem,
                const BodyModel& model,
                const JointParameters& parameters,
                ReleasedStage stage) {
  const std::string match = stage == ReleasedStage::kAlign ? "l3d" : "l2d";
  ReleasedGradient gradient;
  gradient.with_kappa = true;
  const ReleasedLosses losses = EvaluateReleased(problem, model, parameters, stage, {}, 1, &gradient);
  ExpectTerm(file, in + match, losses.match);
  ExpectTerm(file, in + "scale", losses.scale);
  ExpectTerm(file, in + "static", losses.planted);
  ExpectTerm(file, in + "prior", losses.prior);
  ExpectTerm(file, in + "smooth", losses.smooth);
  ExpectTerm(file, in + "total", losses.total);
  ExpectTerms(file, in + "per_track/scale", losses.track_scale);
  ExpectTerms(file, in + "per_track/static", losses.track_planted);
  ExpectTerms(file, in + "per_track/prior", losses.track_prior);
  ExpectTerms(file, in + "per_track/smooth", losses.track_smooth);
  if (file.Has(in + match + "_pair_sum")) {
    std::vector<double> sums;
    for (const auto& sum : losses.pair_sum) {
      sums.push_back(sum[0]);
      if (stage == ReleasedStage::kReproject) sums.push_back(sum[1]);
    }
    ExpectTerms(file, in + match + "_pair_sum", sums);
  }
  if (!file.Has(in + "gradient")) return;
  ExpectCameraGradient(file, in + "gradient/", gradient);
  for (size_t k = 0; k < problem.tracks.size(); ++k) {
    ExpectTrackGradient(file, in + "gradient/tracks/" + std::to_string(k) + "/", gradient.by.tracks[k]);
  }
  if (!file.Has(in + "gradient_without_prior")) return;
  ReleasedGradient without_prior;
  without_prior.with_prior = false;
  EvaluateReleased(problem, model, parameters, stage, {}, 1, &without_prior);
  for (size_t k = 0; k < problem.tracks.size(); ++k) {
    ExpectTrackGradient(
        file, in + "gradient_without_prior/tracks/" + std::to_string(k) + "/", without_prior.by.tracks[k]);
  }
}

TEST_F(ReleasedObjective, EveryTermAndGradient) {
  const std::vector<Case> cases = Cases();
  if (cases.empty()) {
    GTEST_SKIP() << "PARITY NOT CHECKED: no " << ParityPath("joint_*.h5")
                 << "; set FOOTHOLD_PARITY_DIR to the folder of reference values";
  }
  for (const Case& c : cases) {
    SCOPED_TRACE(c.file + " " + c.state);
    const ParityFile file(c.file);
    const JointProblem problem = labels::ReadJointProblem(ParityPath(c.file), Model().num_vertices);
    const std::string in = "expected/" + c.state + "/";
    const labels::Hdf5Reader reader(ParityPath(c.file));
    const JointParameters parameters = file.Has(in + "parameters")
                                           ? labels::ReadJointParameters(reader, in + "parameters", problem)
                                           : InitialParameters(problem);
    CheckStage(file, in + "stage1/", problem, Model(), parameters, ReleasedStage::kAlign);
    CheckStage(file, in + "stage2/", problem, Model(), parameters, ReleasedStage::kReproject);
  }
}

TEST_F(ReleasedObjective, ValuesDoNotDependOnThreads) {
  const std::vector<std::string> names = ParityFilesLike("joint_");
  if (names.empty()) GTEST_SKIP() << "PARITY NOT CHECKED: no " << ParityPath("joint_*.h5");
  const JointProblem problem = labels::ReadJointProblem(ParityPath(names.back()), Model().num_vertices);
  const JointParameters parameters = InitialParameters(problem);
  for (const ReleasedStage stage : {ReleasedStage::kAlign, ReleasedStage::kReproject}) {
    ReleasedGradient one, three;
    const double total = EvaluateReleased(problem, Model(), parameters, stage, {}, 1, &one).total;
    EXPECT_EQ(EvaluateReleased(problem, Model(), parameters, stage, {}, 3, &three).total, total);
    EXPECT_EQ(one.by.log_size, three.by.log_size);
    EXPECT_EQ(one.by.log_focal, three.by.log_focal);
  }
}

}  // namespace
}  // namespace foothold
