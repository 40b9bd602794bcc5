// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <set>

#include "foothold/student/losses.h"
#include "labels/body_file.h"
#include "support/parity_file.h"
#include "support/parity_tensor.h"

namespace foothold {
namespace {

constexpr char kValues[] = "net_josh3r_tiny.h5";
constexpr char kWeights[] = "net_josh3r_tiny.safetensors";

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// The reference's network in one precision, and its cases.
class Reference {
 public:
  explicit Reference(at::ScalarType type) : type_(type), file_(kValues) {
    const SafetensorsFile weights(ParityPath(kWeights));
    Josh3rConfig config = Josh3rConfigOf(weights);
    config.head_dropout = 0;  // As the reference's.
    network_ = std::make_unique<Josh3r>(Scope(&parameters_), config);
    parameters_.Load(weights, "", {"smpl."});
    parameters_.To(at::kCPU, type);
  }

  const ParityFile& file() const { return file_; }
  const ParameterSet& parameters() const { return parameters_; }
  const Josh3r& network() const { return *network_; }
  at::Tensor Read(const std::string& path) const { return ReadTensor(file_, path, type_); }
  PairBatch ReadBatch(const std::string& group) const {
    return {Read(group + "/imgs"), Read(group + "/bbox")};
  }

  static NamedTensors Outputs(const PairPrediction& prediction) {
    return {{"rel_trans", prediction.rel_translation},
            {"rel_rot", prediction.rel_rotation},
            {"trans1", prediction.translation1},
            {"trans2", prediction.translation2},
            {"X11", prediction.points1},
            {"X21", prediction.points2},
            {"scale1", prediction.scale1},
            {"scale2", prediction.scale2}};
  }

  PairTargets ReadTargets() const {
    const std::string in = "train_batch/";
    PairTargets targets;
    targets.rel_translation = Read(in + "trans");
    targets.rel_rotation = Read(in + "rot");
    targets.rotation1 = Read(in + "rot1");
    targets.rotation2 = Read(in + "rot2");
    targets.translation1 = Read(in + "trans1");
    targets.translation2 = Read(in + "trans2");
    targets.shape = Read(in + "beta");
    targets.pose = Read(in + "pose");
    targets.points = Read(in + "depth");
    const at::Tensor mask = ReadTensor(file_, in + "depth_mask", at::kDouble) > 0;
    targets.points_mask = mask.reshape(targets.points.sizes().slice(0, 4));
    return targets;
  }

  // Forward, losses and gradients of the training batch.
  void Train(bool batch_statistics) {
    parameters_.RequireGradients(true);
    ForwardMode mode;
    mode.training = batch_statistics;
    prediction_ = network_->Forward(ReadBatch("train_batch"), mode);
    for (const auto& [name, tensor] : Outputs(prediction_)) tensor.retain_grad();
    losses_ = LossesFor(ReadTargets());
    losses_.Total().backward();
  }
  PairLosses LossesFor(const PairTargets& targets) const {
    const BodyJoints body(labels::ReadBodyModel(labels::DefaultBodyModelPath()), at::kCPU, type_);
    return ComputePairLosses(prediction_, targets, body);
  }

  // Terms by the reference's names.
  std::vector<std::pair<std::string, double>> Losses() const {
    const auto mean = [&](const std::string& term) { return losses_.Term(term).Mean().item<double>(); };
    return {{"loss_rel_tran", mean("rel_translation")},
            {"loss_rel_rot", mean("rel_rotation")},
            {"loss_trans1", mean("translation1")},
            {"loss_trans2", mean("translation2")},
            {"loss_contact_scale", mean("contact_scale1") + mean("contact_scale2")},
            {"loss_contact_static", mean("contact_static")},
            {"loss_depth", mean("depth")},
            {"loss", losses_.Total().item<double>()}};
  }

  // Everything else that is stored of a training step, by path within the group.
  NamedTensors StepTensors(const std::string& group) const {
    NamedTensors tensors;
    for (const auto& [name, tensor] : Outputs(prediction_)) {
      tensors.emplace_back("out/" + name, tensor.detach());
      tensors.emplace_back("out_gradient/" + name, tensor.grad());
    }
    for (const std::string& name : file_.Names(group + "/gradient")) {
      tensors.emplace_back("gradient/" + name, parameters_.Entry(name).tensor.grad());
    }
    if (!file_.Has(group + "/batch_norm_after")) return tensors;
    for (const std::string& name : file_.Names(group + "/batch_norm_after")) {
      tensors.emplace_back("batch_norm_after/" + name, parameters_.Entry(name).tensor);
    }
    return tensors;
  }

 private:
  at::ScalarType type_;
  ParityFile file_;
  ParameterSet parameters_;
  std::unique_ptr<Josh3r> network_;
  PairPrediction prediction_;
  PairLosses losses_;
};

void CompareEvaluation(at::ScalarType type) {
  const Reference reference(type);
  const c10::NoGradGuard no_gradients;
  int num_cases = 0, num_compared = 0;
  for (const std::string& name : reference.file().Names("/")) {
    if (name.rfind("eval_", 0) != 0 || !reference.file().Has(name + "/batch")) continue;
    const TensorObserver compare = [&](const std::string& stage, const at::Tensor& tensor) {
      const std::string path = name + "/" + stage;
      if (!reference.file().Has(path)) return;
      EXPECT_TRUE(MatchesParity(reference.file(), path, tensor));
      ++num_compared;
    };
    const PairPrediction prediction =
        reference.network().Forward(reference.ReadBatch(name + "/batch"), {}, &compare);
    for (const auto& [output, tensor] : Reference::Outputs(prediction)) compare("out/" + output, tensor);
    ++num_cases;
  }
  EXPECT_GT(num_cases, 0);
  EXPECT_EQ(num_compared, num_cases * (9 + 8));  // Stages and outputs: all that is stored.
}

TEST(JOSH3RParity, EvaluationInFloat32) {
  FOOTHOLD_REQUIRE_PARITY(kValues);
  FOOTHOLD_REQUIRE_PARITY(kWeights);
  CompareEvaluation(at::kFloat);
}
TEST(JOSH3RParity, EvaluationInFloat64) {
  FOOTHOLD_REQUIRE_PARITY(kValues);
  FOOTHOLD_REQUIRE_PARITY(kWeights);
  CompareEvaluation(at::kDouble);
}

// A training step against the reference's in both precisions. In float64 losses and gradient norms agree
// with the reference's float64 (1e-6; it makes some constants in float32). Of the other tensors only the
// float32 values are stored, without their error: that is their distance to our float64 ones, as the
// reference defines it, and must itself be small.
class JOSH3RTrainingParity : public testing::Test {
 protected:
  void Compare(const std::string& group, bool batch_statistics) {
    exact_ = std::make_unique<Reference>(at::kDouble);
    single_ = std::make_unique<Reference>(at::kFloat);
    exact_->Train(batch_statistics);
    single_->Train(batch_statistics);
    CompareLosses(group);
    CompareTensors(group);
    CompareGradientNorms(group);
  }

  void CompareLosses(const std::string& group) const {
    const auto exact = exact_->Losses(), single = single_->Losses();
    for (size_t i = 0; i < exact.size(); ++i) {
      const std::string path = group + "/loss/" + exact[i].first;
      const double expected = file().Attribute(path, "float64");
      const double float32_error = std::abs(file().Double(path) - expected);
      EXPECT_NEAR(exact[i].second, expected, 1e-6) << path;
      EXPECT_NEAR(single[i].second, expected, std::max(10 * float32_error, 1e-5 * expected)) << path;
    }
  }

  void CompareTensors(const std::string& group) const {
    const NamedTensors exact = exact_->StepTensors(group), single = single_->StepTensors(group);
    for (size_t i = 0; i < exact.size(); ++i) {
      const std::string path = group + "/" + exact[i].first;
      ASSERT_TRUE(exact[i].second.defined() && single[i].second.defined()) << path;
      const at::Tensor stored = exact_->Read(path).reshape({-1});
      const double scale = stored.abs().max().item<double>();
      const auto distance = [&](const at::Tensor& tensor) {
        return (tensor.reshape({-1}).to(at::kDouble) - stored).abs().max().item<double>();
      };
      const double float32_error = distance(exact[i].second);
      // Of biases in front of a batch norm nothing but rounding is left.
      EXPECT_LT(float32_error, 1e-3 * scale + 1e-5) << path;
      EXPECT_LE(distance(single[i].second), std::max(10 * float32_error, 1e-5 * scale) + 1e-5) << path;
    }
  }

  void CompareGradientNorms(const std::string& group) const {
    const std::string in = group + "/gradient_norm/";
    const std::vector<std::string> names = labels::Hdf5Reader(ParityPath(kValues)).ReadStrings(in + "names");
    const std::vector<double> norms = file().Doubles(in + "values"),
                              exact_norms = file().Doubles(in + "values_float64");
    std::set<std::string> expected(names.begin(), names.end());
    for (const NamedTensor& entry : exact_->parameters().entries()) {
      EXPECT_EQ(expected.erase(entry.name), entry.is_parameter ? 1u : 0u) << entry.name;
    }
    EXPECT_TRUE(expected.empty()) << *expected.begin();
    double sum_of_squares = 0;
    for (size_t i = 0; i < names.size(); ++i) {
      const at::Tensor gradient = exact_->parameters().Entry(names[i]).tensor.grad();
      // -1: the loss does not use it. 0: it does in the release, which also computes descriptors.
      ASSERT_EQ(gradient.defined(), norms[i] > 0) << names[i];
      if (!gradient.defined()) continue;
      const double norm = at::linalg_vector_norm(gradient).item<double>();
      EXPECT_NEAR(norm, exact_norms[i], 1e-6 * std::max(exact_norms[i], 1e-3)) << names[i];
      const double single_norm =
          at::linalg_vector_norm(single_->parameters().Entry(names[i]).tensor.grad()).item<double>();
      const double float32_error = std::abs(norms[i] - exact_norms[i]);
      // A norm's error may happen to vanish while the gradient's does not; 1e-4 is 1/30 of the largest.
      const double tolerance = std::max(10 * float32_error, 1e-4 * exact_norms[i]) + 1e-5;
      EXPECT_NEAR(single_norm, exact_norms[i], tolerance) << names[i];
      sum_of_squares += norm * norm;
    }
    const double total = file().Double(in + "total");
    EXPECT_NEAR(std::sqrt(sum_of_squares), total, 1e-3 * total);
  }

  const ParityFile& file() const { return exact_->file(); }

  std::unique_ptr<Reference> exact_, single_;
};

TEST_F(JOSH3RTrainingParity, RunningStatistics) {
  FOOTHOLD_REQUIRE_PARITY(kValues);
  FOOTHOLD_REQUIRE_PARITY(kWeights);
  Compare("eval_loss", /*batch_statistics=*/false);
}

TEST_F(JOSH3RTrainingParity, BatchStatistics) {
  FOOTHOLD_REQUIRE_PARITY(kValues);
  FOOTHOLD_REQUIRE_PARITY(kWeights);
  Compare("train", /*batch_statistics=*/true);
  PairTargets targets = exact_->ReadTargets();
  targets.points_mask = at::zeros_like(targets.points_mask);
  const double expected = file().Double("train/loss_without_depth");
  EXPECT_NEAR(exact_->LossesFor(targets).Total().item<double>(), expected, 1e-5 * expected);
}

}  // namespace
}  // namespace foothold
