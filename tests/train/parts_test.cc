// SPDX-License-Identifier: Apache-2.0
// The trainer's parts, each by itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "foothold/train/adam.h"
#include "foothold/train/gradient_pass.h"
#include "foothold/train/optimizer.h"
#include "foothold/train/step_guard.h"
#include "foothold/train/synthetic_source.h"
#include "student/random_inputs.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

// Output, gradients and running statistics of a batch norm over all of x or over parts of it.
struct NormResult {
  at::Tensor y, x_gradient, weight_gradient, bias_gradient, mean, variance;
};

NormResult NormOf(const at::Tensor& x, const at::Tensor& weights, const std::vector<int64_t>& counts) {
  const auto messages = MakeSoloCommunicator();
  PartExchange exchange(static_cast<int>(counts.size()), messages.get());
  const RunningStatistics running = {at::zeros({x.size(1)}, at::kDouble), at::ones({x.size(1)}, at::kDouble)};
  std::vector<NormResult> parts(counts.size());
  exchange.Run([&](int part) {
    int64_t begin = 0;
    for (int i = 0; i < part; ++i) begin += counts[static_cast<size_t>(i)];
    const int64_t count = counts[static_cast<size_t>(part)];
    at::Tensor own = x.narrow(0, begin, count).clone().set_requires_grad(true);
    at::Tensor weight = at::full({x.size(1)}, 1.5, at::kDouble).set_requires_grad(true);
    at::Tensor bias = at::full({x.size(1)}, 0.5, at::kDouble).set_requires_grad(true);
    const at::Tensor y = SharedBatchNorm(own, weight, bias, running, 0.1, 1e-5, exchange.part(part));
    (y * weights.narrow(0, begin, count)).sum().backward();
    parts[static_cast<size_t>(part)] = {y.detach(), own.grad(), weight.grad(), bias.grad(), {}, {}};
  });
  NormResult result = parts[0];
  for (size_t i = 1; i < parts.size(); ++i) {
    result.y = at::cat({result.y, parts[i].y});
    result.x_gradient = at::cat({result.x_gradient, parts[i].x_gradient});
    result.weight_gradient = result.weight_gradient + parts[i].weight_gradient;
    result.bias_gradient = result.bias_gradient + parts[i].bias_gradient;
  }
  result.mean = running.mean;
  result.variance = running.variance;
  return result;
}

NormResult ReferenceNorm(const at::Tensor& x, const at::Tensor& weights) {
  NormResult result;
  at::Tensor own = x.clone().set_requires_grad(true);
  at::Tensor weight = at::full({x.size(1)}, 1.5, at::kDouble).set_requires_grad(true);
  at::Tensor bias = at::full({x.size(1)}, 0.5, at::kDouble).set_requires_grad(true);
  result.mean = at::zeros({x.size(1)}, at::kDouble);
  result.variance = at::ones({x.size(1)}, at::kDouble);
  const at::Tensor y =
      at::batch_norm(own, weight, bias, result.mean, result.variance, true, 0.1, 1e-5, false);
  (y * weights).sum().backward();
  result.y = y.detach();
  result.x_gradient = own.grad();
  result.weight_gradient = weight.grad();
  result.bias_gradient = bias.grad();
  return result;
}

void ExpectNear(const NormResult& a, const NormResult& b) {
  for (const auto field : {&NormResult::y,
                           &NormResult::x_gradient,
                           &NormResult::weight_gradient,
                           &NormResult::bias_gradient,
                           &NormResult::mean,
                           &NormResult::variance}) {
    EXPECT_LT((a.*field - b.*field).abs().max().item<double>(), 1e-10);
  }
}

TEST(SharedBatchNorm, IsBatchNormOfTheWholeBatch) {
  Numbers numbers;
  for (const std::vector<int64_t>& sizes : {std::vector<int64_t>{7, 3}, {7, 3, 2, 4}}) {
    const at::Tensor x = numbers(sizes, 1, 100), weights = numbers(sizes);
    const NormResult reference = ReferenceNorm(x, weights);
    ExpectNear(NormOf(x, weights, {7}), reference);
    ExpectNear(NormOf(x, weights, {2, 4, 1}), reference);
  }
  EXPECT_THROW(NormOf(numbers({1, 3}), numbers({1, 3}), {1}), Error);
}

TEST(PartExchange, OneFailureEndsAll) {
  const auto messages = MakeSoloCommunicator();
  PartExchange exchange(3, messages.get());
  ExpectError(ErrorKind::kBadInput, {"part 1"}, [&] {
    exchange.Run([&](int part) {
      if (part == 1) throw Error(ErrorKind::kBadInput, "part 1");
      exchange.part(part)->Gather(at::zeros({2}, at::kDouble));
    });
  });
}

TEST(Schedule, WarmUpThenCosine) {
  TrainOptions options;
  options.steps = 110;
  options.warmup_steps = 10;
  options.learning_rate = 1;
  options.min_learning_rate = 0.1;
  EXPECT_DOUBLE_EQ(LearningRateAt(options, 0), 0.1);
  EXPECT_DOUBLE_EQ(LearningRateAt(options, 9), 1);
  EXPECT_DOUBLE_EQ(LearningRateAt(options, 10), 1);
  EXPECT_NEAR(LearningRateAt(options, 60), 0.55, 1e-12);
  EXPECT_NEAR(LearningRateAt(options, 110), 0.1, 1e-12);
}

// Against the definition in float64, and cut into two pieces at any place.
TEST(Adam, StepByDefinition) {
  Numbers numbers;
  const auto random = [&](double offset) { return numbers({45}, 0.1, offset).to(at::kFloat); };
  const at::Tensor gradients = random(0), weights = random(0), mean = random(0), square = random(1);
  AdamConstants c{};
  c.beta1 = 0.9;
  c.beta2 = 0.95;
  c.epsilon = 1e-8;
  c.gradient_scale = 0.5;
  c.rate = 0.01;
  c.decay = 0.1;
  c.correction1 = 0.19;
  c.correction2 = 0.0975;
  const at::Tensor g = gradients.to(at::kDouble) * 0.5;
  const at::Tensor m = mean.to(at::kDouble) * 0.9 + g * 0.1, v = square.to(at::kDouble) * 0.95 + g * g * 0.05;
  const at::Tensor expected =
      weights.to(at::kDouble) * (1 - 0.01 * 0.1) - (m / 0.19) / ((v / 0.0975).sqrt() + 1e-8) * 0.01;
  for (const int64_t cut : {0, 1, 16, 19, 45}) {
    const at::Tensor w = weights.clone(), mean_now = mean.clone(), square_now = square.clone();
    for (const auto& [begin, count] : {std::pair<int64_t, int64_t>(0, cut), {cut, 45 - cut}}) {
      const auto piece = [&, b = begin, n = count](const at::Tensor& tensor) {
        return tensor.narrow(0, b, n);
      };
      AdamStep(c, piece(gradients), piece(w), piece(mean_now), piece(square_now));
    }
    EXPECT_LT((w.to(at::kDouble) - expected).abs().max().item<double>(), 1e-6);
    const at::Tensor whole = weights.clone(), m2 = mean.clone(), v2 = square.clone();
    AdamStep(c, gradients, whole, m2, v2);
    EXPECT_TRUE(at::equal(w, whole)) << "cut at " << cut;
  }
}

TEST(StepGuard, SkipsSpikesAndWhatIsNotFinite) {
  TrainOptions options;
  options.spike_sigma = 6;
  options.max_skipped_steps = 3;
  StepGuard guard(options);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(guard.Judge(1 + 0.01 * (i % 3), 1), "");
  EXPECT_NE(guard.Judge(5, 1), "");
  EXPECT_NE(guard.Judge(std::nan(""), 1), "");
  EXPECT_EQ(guard.Judge(1.01, 1), "");  // They left no trace.
  guard.Judge(1, INFINITY);
  guard.Judge(1, INFINITY);
  ExpectError(ErrorKind::kBadInput, {"3 steps in a row", "gradient"}, [&] { guard.Judge(1, INFINITY); });
}

TEST(StepGuard, LossScaleFollowsOverflows) {
  TrainOptions options;
  options.precision = "fp16";
  StepGuard guard(options);
  const double first = guard.loss_scale();
  EXPECT_NE(guard.Judge(1, INFINITY), "");
  EXPECT_EQ(guard.loss_scale(), first / 2);
  for (int i = 0; i < 1000; ++i) guard.Judge(1, 1);
  EXPECT_EQ(guard.loss_scale(), first);
}

// Adds nothing up, but remembers what was asked for and when.
class RecordingCommunicator : public Communicator {
 public:
  RecordingCommunicator() : Communicator(0, 1) {}
  std::unique_ptr<PendingCollective> StartSum(float* values, size_t count) override {
    sums.emplace_back(values, count);
    return MakeSoloCommunicator()->StartSum(values, count);
  }
  void Gather(const float*, size_t, float*) override {}
  void GatherBytes(const void*, size_t, void*) override {}
  void Broadcast(void*, size_t, int) override {}
  void Barrier() override {}
  std::vector<std::pair<float*, size_t>> sums;
};

struct SmallPass {
  explicit SmallPass(TrainOptions options_value = Options())
      : options(std::move(options_value)),
        messages(MakeSoloCommunicator()),
        pass(options, Config(), RandomSkeleton(), at::kCPU, &sums, messages.get()),
        source(SyntheticPairs{.rows_px = 32, .columns_px = 48}, options.global_batch, 0, 1) {
    pass.main().parameters.Initialise(1);
    layout = MakeLayout(pass.main().parameters, options, 1);
    weights = at::zeros({Optimizer::PaddedSize(layout, 1)});
    pass.Bind(layout, weights);
  }
  static TrainOptions Options() {
    TrainOptions options;
    options.global_batch = 4;
    options.bucket_mb = 0.02;
    return options;
  }
  static Josh3rConfig Config() {
    Josh3rConfig config = Josh3rConfig::Tiny();
    config.backbone.encoder_depth = 1;
    return config;
  }

  TrainOptions options;
  RecordingCommunicator sums;
  std::unique_ptr<Communicator> messages;
  GradientPass pass;
  ParameterLayout layout;
  at::Tensor weights;
  SyntheticSource source;
};

TEST(GradientPass, EveryTrainedTensorGetsAGradient) {
  SmallPass small;
  {
    // Layers that start at zero would hide those before them.
    const c10::NoGradGuard no_gradients;
    Numbers numbers;
    for (const NamedTensor& entry : small.pass.main().parameters.entries()) {
      if (entry.is_parameter) entry.tensor.add_(numbers(entry.tensor.sizes(), 0.01));
    }
  }
  small.pass.Run(small.source.Next(), 1, false);
  for (const Segment& segment : small.layout.segments) {
    const at::Tensor gradient = ParameterLayout::View(small.pass.main().gradients, segment);
    EXPECT_GT(gradient.abs().max().item<double>(), 0) << segment.name;
  }
}

// Buckets cover the gradient without overlap, and most are sent off before the backward pass ends.
TEST(GradientPass, BucketsCoverTheGradient) {
  SmallPass small;
  small.pass.Run(small.source.Next(), 1, false);
  auto sums = small.sums.sums;
  ASSERT_GT(sums.size(), 5u);
  std::sort(sums.begin(), sums.end());
  const float* end = small.pass.main().gradients.data_ptr<float>();
  for (const auto& [begin, count] : sums) {
    EXPECT_GE(begin, end);
    EXPECT_LT(begin - end, 16);  // Padding.
    end = begin + count;
  }
  const Segment& last = small.layout.segments.back();
  EXPECT_EQ(end - small.pass.main().gradients.data_ptr<float>(), last.begin + last.count);
}

// Parts of a batch add up to it, and the loss scale is only a factor.
TEST(GradientPass, PartsAddUp) {
  SmallPass whole;
  TrainOptions options = SmallPass::Options();
  options.micro_shards = 2;
  SmallPass parts(options);
  const TrainingBatch batch = whole.source.Next();
  const BatchLosses a = whole.pass.Run(batch, 1, false), b = parts.pass.Run(batch, 8, true);
  EXPECT_NEAR(a.total, b.total, 1e-5 * a.total);
  EXPECT_FALSE(a.flag);
  EXPECT_TRUE(b.flag);
  const at::Tensor expected = whole.pass.main().gradients;
  const double scale = expected.abs().max().item<double>();
  EXPECT_LT((expected - parts.pass.main().gradients / 8).abs().max().item<double>(), 1e-4 * scale);
}

TEST(GradientPass, WeightsOfTerms) {
  SmallPass released;
  const TrainingBatch batch = released.source.Next();
  const BatchLosses before = released.pass.Run(batch, 1, false);
  TrainOptions options = SmallPass::Options();
  options.rel_translation_weight = options.rel_rotation_weight = options.contact_static_weight = 0;
  options.depth_weight = 3;
  SmallPass weighted(options);
  const BatchLosses after = weighted.pass.Run(batch, 1, false);
  double expected = before.total;
  for (const TermValue& term : before.terms) {
    if (term.name == "depth") expected += 2 * term.value;
    if (term.name.starts_with("rel_") || term.name == "contact_static") expected -= term.value;
  }
  EXPECT_NEAR(after.total, expected, 1e-5 * expected);
  // Nothing is left that would teach the heads of motion.
  for (const Segment& segment : weighted.layout.segments) {
    if (!segment.name.starts_with("rel_")) continue;
    const at::Tensor gradient = ParameterLayout::View(weighted.pass.main().gradients, segment);
    EXPECT_EQ(gradient.abs().max().item<double>(), 0) << segment.name;
  }
}

// From scratch nobody turns: the angles are those of the truth.
TEST(GradientPass, ValidationOfAnUntrainedStudent) {
  SmallPass small;
  const PairTargets targets = small.source.Next().targets;
  const at::Tensor trace = RotationFromRows(targets.rel_rotation).diagonal(0, -2, -1).sum(-1).to(at::kDouble);
  const double mean_deg = (((trace - 1) / 2).clamp(-1, 1).acos().mean() * 180 / M_PI).item<double>();
  const MeanMotion standing{at::zeros({3}), at::tensor({1.0, 0.0, 0.0, 0.0, 1.0, 0.0}, at::kFloat)};
  small.source.Seek(SyntheticSource(SyntheticPairs{.rows_px = 32, .columns_px = 48}, 4, 0, 1).Position());
  const ValidationScores scores = small.pass.Validate(&small.source, 1, standing);
  double sum = 0;
  for (const TermValue& term : scores.losses.terms) sum += term.value;
  EXPECT_DOUBLE_EQ(scores.losses.total, sum);  // Errors are no losses.
  std::map<std::string, double> errors;
  for (const TermValue& error : scores.errors) errors[error.name] = error.value;
  EXPECT_NEAR(errors.at("mean_motion/rel_rotation_deg"), mean_deg, 1e-3);
  EXPECT_LT(errors.at("rel_rotation_deg"), 20);  // A random start: about 90.
  EXPECT_DOUBLE_EQ(errors.at("rel_translation_error"), 1);
}

TEST(GradientPass, ReducedPrecisionIsClose) {
  SmallPass exact;
  TrainOptions options = SmallPass::Options();
  options.precision = "bf16";
  SmallPass reduced(options);
  const TrainingBatch batch = exact.source.Next();
  const double a = exact.pass.Run(batch, 1, false).total, b = reduced.pass.Run(batch, 1, false).total;
  EXPECT_NEAR(a, b, 0.05 * a);  // bf16 has 8 bits.
  EXPECT_NE(a, b);
  EXPECT_EQ(reduced.pass.main().gradients.scalar_type(), at::kFloat);
}

// A checkpoint of another network, or without a tensor, changes nothing.
TEST(Optimizer, LoadsOnlyItsOwnState) {
  const TemporaryFolder folder;
  SmallPass small;
  Optimizer optimizer(small.options, &small.layout, small.weights, &small.sums, small.messages.get());
  small.pass.Run(small.source.Next(), 1, false);
  optimizer.Step(small.pass.main().gradients, 1, 0.01);
  const std::map<std::string, at::Tensor> state = optimizer.State();
  const auto load = [&](const std::map<std::string, at::Tensor>& tensors) {
    std::map<std::string, TensorView> views;
    for (const auto& [name, tensor] : tensors) views[name] = ViewOf(tensor);
    WriteSafetensors(folder.File("state"), views, {}, /*replace=*/true);
    optimizer.Load(SafetensorsFile(folder.File("state")), 7);
  };
  std::map<std::string, at::Tensor> bad = state;
  const auto any = bad.begin();
  const std::string name = any->first;
  any->second = at::zeros({2, 3});
  ExpectError(ErrorKind::kBadInput, {"'" + name + "'", "[2, 3]"}, [&] { load(bad); });
  bad.erase(name);
  ExpectError(ErrorKind::kBadInput, {name}, [&] { load(bad); });
  EXPECT_EQ(optimizer.num_updates(), 1);
  load(state);
  EXPECT_EQ(optimizer.num_updates(), 7);
  for (const auto& [key, tensor] : optimizer.State()) EXPECT_TRUE(at::equal(tensor, state.at(key))) << key;
}

TEST(Layout, RatesAndDecay) {
  SmallPass small;
  const auto find = [&](const std::string& name) {
    for (const Segment& segment : small.layout.segments) {
      if (segment.name == name) return segment;
    }
    ADD_FAILURE() << "no " << name;
    return Segment{};
  };
  EXPECT_EQ(find("rel_trans_head.head_layers.0.0.weight").rate_scale, 1);
  EXPECT_TRUE(find("rel_trans_head.head_layers.0.0.weight").decays);
  EXPECT_FALSE(find("rel_trans_head.head_layers.0.0.bias").decays);
  EXPECT_DOUBLE_EQ(find("mast3r.enc_blocks.0.attn.qkv.weight").rate_scale, 0.1 * 0.9);
  EXPECT_DOUBLE_EQ(find("mast3r.dec_blocks.0.attn.qkv.weight").rate_scale, 0.1);
  TrainOptions frozen = SmallPass::Options();
  frozen.train_backbone = false;
  for (const Segment& segment : MakeLayout(small.pass.main().parameters, frozen, 1).segments) {
    EXPECT_NE(segment.name.rfind("mast3r.", 0), 0u) << segment.name;
  }
}

}  // namespace
}  // namespace foothold
