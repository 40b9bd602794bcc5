// SPDX-License-Identifier: Apache-2.0
#include "foothold/train/gradient_pass.h"

#include <ATen/autocast_mode.h>

#include <algorithm>
#include <numbers>

#include "foothold/base/error.h"
#include "foothold/base/timer.h"

namespace foothold {
namespace {

// Layers in a smaller type on this thread; what needs digits stays in float32.
class ReducedPrecision {
 public:
  ReducedPrecision(at::Device device, const std::string& precision)
      : device_(device.type()), used_(precision != "fp32") {
    if (!used_) return;
    at::autocast::set_autocast_dtype(device_, PrecisionNamed(precision));
    at::autocast::set_autocast_enabled(device_, true);
    at::autocast::set_autocast_cache_enabled(true);
  }
  ~ReducedPrecision() {
    if (!used_) return;
    at::autocast::set_autocast_enabled(device_, false);
    at::autocast::clear_cache();
  }
  ReducedPrecision(const ReducedPrecision&) = delete;
  ReducedPrecision& operator=(const ReducedPrecision&) = delete;

 private:
  at::DeviceType device_;
  bool used_;
};

using NamedTerms = std::vector<std::pair<std::string, LossTerm>>;

// Sums and weights of terms, one after the other, as float64 on the CPU.
at::Tensor TableOf(const NamedTerms& terms) {
  std::vector<at::Tensor> numbers;
  for (const auto& [name, term] : terms) {
    numbers.push_back(term.sum.detach().to(at::kDouble));
    numbers.push_back(term.weight.detach().to(at::kDouble));
  }
  return at::stack(numbers).cpu();
}

// The total of `rows` [parts, 2 terms], added up in order.
at::Tensor SumOfRows(const at::Tensor& rows) {
  at::Tensor total = rows[0].clone();
  for (int64_t i = 1; i < rows.size(0); ++i) total += rows[i];
  return total;
}

double WeightIn(const at::Tensor& table, size_t term) {
  return std::max(1e-12, table[static_cast<int64_t>(2 * term + 1)].item<double>());
}

std::vector<TermValue> MeansIn(const at::Tensor& table, const NamedTerms& named) {
  std::vector<TermValue> means;
  for (size_t k = 0; k < named.size(); ++k) {
    const double sum = table[static_cast<int64_t>(2 * k)].item<double>();
    means.push_back({named[k].first, sum / WeightIn(table, k)});
  }
  return means;
}

// How much a term counts in the loss.
double WeightOf(const TrainOptions& options, const std::string& term) {
  if (term == "rel_translation") return options.rel_translation_weight;
  if (term == "rel_rotation") return options.rel_rotation_weight;
  if (term == "contact_scale1" || term == "contact_scale2") return options.contact_scale_weight;
  if (term == "contact_static") return options.contact_static_weight;
  if (term == "depth") return options.depth_weight;
  return 1;
}

BatchLosses LossesFrom(const TrainOptions& options, std::vector<TermValue> terms) {
  BatchLosses losses;
  for (const TermValue& term : terms) losses.total += WeightOf(options, term.name) * term.value;
  losses.terms = std::move(terms);
  return losses;
}

SecondPoints SecondPointsOf(const TrainOptions& options) {
  return options.second_points == "first" ? SecondPoints::kFirstCamera : SecondPoints::kOwnCamera;
}

}  // namespace

int PartsOfRank(const TrainOptions& options, int ranks) {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorKind::kUsage,
                what + ": train.global_batch = " + std::to_string(options.global_batch) +
                    ", train.micro_shards = " + std::to_string(options.micro_shards) + ", " +
                    std::to_string(ranks) + " ranks");
  };
  const int parts = options.micro_shards > 0 ? options.micro_shards : ranks;
  if (parts % ranks != 0) fail("train.micro_shards is not a multiple of the number of ranks");
  // There one thread runs all backward passes, so that parts could not wait for one another.
  if (options.device != "cpu" && parts != ranks)
    fail("on GPUs train.micro_shards must be the number of ranks");
  if (options.global_batch % parts != 0) fail("train.global_batch cannot be cut into equal parts");
  return parts / ranks;
}

Replica::Replica(const Josh3rConfig& config, at::Device device)
    : network(std::make_unique<Josh3r>(Scope(&parameters), config)) {
  parameters.To(device, at::kFloat);
}

GradientPass::GradientPass(const TrainOptions& options,
                           const Josh3rConfig& config,
                           const BodyModel& body,
                           at::Device device,
                           Communicator* sums,
                           Communicator* messages)
    : options_(options),
      device_(device),
      sums_(sums),
      body_(body, device, at::kFloat),
      exchange_(PartsOfRank(options, messages->size()), messages) {
  for (int part = 0; part < exchange_.num_parts(); ++part) {
    replicas_.push_back(std::make_unique<Replica>(config, device));
  }
}

void GradientPass::Bind(const ParameterLayout& layout, const at::Tensor& weights) {
  for (const auto& replica : replicas_) {
    replica->gradients = at::zeros_like(weights);
    if (replica != replicas_[0]) ShareMemory(main().parameters, replica->parameters);
    BindToFlat(layout, weights, replica->gradients, replica->parameters);
  }
  if (options_.micro_shards > 0) return;
  buckets_ = std::make_unique<GradientBuckets>(
      layout, main().gradients, main().parameters, sums_, options_.bucket_mb);
}

PairPrediction GradientPass::Predict(const Replica& replica,
                                     const TrainingBatch& batch,
                                     const ForwardMode& mode) const {
  PairPrediction prediction;
  {
    const ReducedPrecision reduced(device_, options_.precision);
    prediction = replica.network->Forward(batch.batch, mode);
  }
  for (at::Tensor* points : {&prediction.points1, &prediction.points2}) *points = points->to(at::kFloat);
  return prediction;
}

PairLosses GradientPass::LossesOf(const PairPrediction& prediction, const PairTargets& targets) const {
  return ComputePairLosses(prediction, targets, body_, SecondPointsOf(options_));
}

BatchLosses GradientPass::RunPart(int part, const TrainingBatch& batch, double loss_scale, bool flag) {
  ForwardMode mode;
  mode.training = true;
  mode.sample_seeds = batch.sample_seeds;
  mode.exchange = exchange_.part(part);
  const Replica& replica = *replicas_[static_cast<size_t>(part)];
  const PairLosses losses = LossesOf(Predict(replica, batch, mode), batch.targets);
  const at::Tensor own = at::cat({TableOf(losses.terms), at::full({1}, flag ? 1.0 : 0.0, at::kDouble)});
  const at::Tensor table = SumOfRows(mode.exchange->Gather(own));
  at::Tensor root;
  for (size_t k = 0; k < losses.terms.size(); ++k) {
    const auto& [name, term] = losses.terms[k];
    const at::Tensor share = term.sum * (loss_scale * WeightOf(options_, name) / WeightIn(table, k));
    root = root.defined() ? root + share : share;
  }
  const Timer timer;
  root.backward();
  BatchLosses result = LossesFrom(options_, MeansIn(table, losses.terms));
  result.backward_s = timer.Seconds();
  result.flag = table[table.size(0) - 1].item<double>() > 0;
  return result;
}

BatchLosses GradientPass::Run(const TrainingBatch& own_samples, double loss_scale, bool flag) {
  const TrainingBatch batch = ToDevice(own_samples, device_);
  const int64_t samples = batch.batch.images.size(0) / num_parts();
  FOOTHOLD_CHECK(samples * num_parts() * sums_->size() == options_.global_batch, "a batch of another size");
  for (const auto& replica : replicas_) replica->gradients.zero_();
  if (buckets_) buckets_->Begin();
  std::vector<BatchLosses> results(replicas_.size());
  exchange_.Run([&](int part) {
    const TrainingBatch slice = Slice(batch, part * samples, (part + 1) * samples);
    results[static_cast<size_t>(part)] = RunPart(part, slice, loss_scale, flag);
  });
  BatchLosses losses = results[0];
  if (buckets_) {
    losses.exposed_s = buckets_->Finish();
  } else {
    const Timer timer;
    std::vector<at::Tensor> parts;
    for (const auto& replica : replicas_) parts.push_back(replica->gradients);
    SumInOrder(parts, sums_, options_.bucket_mb);
    losses.exposed_s = timer.Seconds();
  }
  return losses;
}

ValidationScores GradientPass::Validate(BatchSource* source, int num_batches, const MeanMotion& mean_motion) {
  const c10::NoGradGuard no_gradients;
  at::Tensor table;
  NamedTerms losses, errors;
  for (int i = 0; i < num_batches; ++i) {
    const TrainingBatch batch = ToDevice(source->Next(), device_);
    const int64_t samples = batch.batch.images.size(0) / num_parts();
    std::vector<at::Tensor> tables;
    for (int part = 0; part < num_parts(); ++part) {
      const TrainingBatch slice = Slice(batch, part * samples, (part + 1) * samples);
      const PairPrediction prediction = Predict(main(), slice, {});
      losses = LossesOf(prediction, slice.targets).terms;
      errors = PairErrors(prediction, slice.targets, body_, mean_motion);
      tables.push_back(at::cat({TableOf(losses), TableOf(errors)}));
    }
    std::vector<at::Tensor> totals(tables.size());
    exchange_.Run([&](int part) {
      totals[static_cast<size_t>(part)] =
          SumOfRows(exchange_.part(part)->Gather(tables[static_cast<size_t>(part)]));
    });
    table = table.defined() ? table + totals[0] : totals[0];
  }
  const auto num_losses = static_cast<int64_t>(2 * losses.size());
  return {LossesFrom(options_, MeansIn(table.slice(0, 0, num_losses), losses)),
          MeansIn(table.slice(0, num_losses), errors)};
}

}  // namespace foothold
