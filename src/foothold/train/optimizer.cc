// SPDX-License-Identifier: Apache-2.0
#include "foothold/train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/error.h"
#include "foothold/train/adam.h"

namespace foothold {

Optimizer::Optimizer(const TrainOptions& options,
                     const ParameterLayout* layout,
                     at::Tensor weights,
                     Communicator* sums,
                     Communicator* messages)
    : options_(options), layout_(layout), weights_(std::move(weights)), sums_(sums), messages_(messages) {
  FOOTHOLD_CHECK(weights_.numel() == PaddedSize(*layout, sums->size()), "weights of another layout");
  count_ = options.shard_optimizer ? weights_.numel() / sums->size() : weights_.numel();
  begin_ = options.shard_optimizer ? count_ * sums->rank() : 0;
  mean_ = at::zeros({count_}, weights_.options());
  square_ = at::zeros({count_}, weights_.options());
  if (has_average()) average_ = Own(weights_).clone();
}

int64_t Optimizer::PaddedSize(const ParameterLayout& layout, int ranks) {
  return (layout.num_blocks + ranks - 1) / ranks * ranks * kBlockSize;
}

at::Tensor Optimizer::Own(const at::Tensor& whole) const { return whole.narrow(0, begin_, count_); }

at::Tensor Optimizer::Whole(const at::Tensor& own) const {
  if (count_ == weights_.numel()) return own;
  at::Tensor whole = at::empty({weights_.numel()}, weights_.options());
  sums_->Gather(own.const_data_ptr<float>(), static_cast<size_t>(count_), whole.data_ptr<float>());
  return whole;
}

double Optimizer::GradientNorm(const at::Tensor& gradients) const {
  std::vector<double> squares = BlockSquares(Own(gradients));
  if (count_ < weights_.numel()) {
    std::vector<double> all(static_cast<size_t>(weights_.numel() / kBlockSize));
    messages_->GatherBytes(squares.data(), squares.size() * sizeof(double), all.data());
    squares.swap(all);
  }
  double sum = 0;
  for (int64_t block = 0; block < layout_->num_blocks; ++block) sum += squares[static_cast<size_t>(block)];
  return std::sqrt(sum);
}

void Optimizer::Step(const at::Tensor& gradients, double gradient_scale, double rate) {
  const c10::NoGradGuard no_gradients;
  const double t = static_cast<double>(++num_updates_);
  AdamConstants constants{};
  constants.beta1 = options_.beta1;
  constants.beta2 = options_.beta2;
  constants.epsilon = options_.epsilon;
  constants.gradient_scale = gradient_scale;
  constants.correction1 = 1 - std::pow(options_.beta1, t);
  constants.correction2 = 1 - std::pow(options_.beta2, t);
  for (const Segment& segment : layout_->segments) {
    const int64_t begin = std::max(segment.begin, begin_);
    const int64_t count = std::min(segment.begin + segment.count, begin_ + count_) - begin;
    if (count <= 0) continue;
    constants.rate = rate * segment.rate_scale;
    constants.decay = segment.decays ? options_.weight_decay : 0;
    AdamStep(constants,
             gradients.narrow(0, begin, count),
             weights_.narrow(0, begin, count),
             mean_.narrow(0, begin - begin_, count),
             square_.narrow(0, begin - begin_, count));
  }
  // Early weights are forgotten sooner.
  if (has_average()) MoveAverage(std::min(options_.ema_decay, (1 + t) / (10 + t)), Own(weights_), average_);
  if (count_ < weights_.numel()) {
    auto* all = weights_.data_ptr<float>();
    sums_->Gather(all + begin_, static_cast<size_t>(count_), all);
  }
}

std::vector<Optimizer::NamedState> Optimizer::States() const {
  std::vector<NamedState> states = {{"adam_mean/", &mean_}, {"adam_square/", &square_}};
  if (has_average()) states.push_back({"average/", &average_});
  return states;
}

std::map<std::string, at::Tensor> Optimizer::State() const {
  std::map<std::string, at::Tensor> tensors;
  for (const NamedState& state : States()) {
    const at::Tensor whole = Whole(*state.values);
    if (messages_->rank() != 0) continue;
    // A copy of its own: training goes on while this is written.
    const at::Tensor copy = whole.to(at::kCPU, whole.scalar_type(), false, /*copy=*/true);
    for (const Segment& segment : layout_->segments) {
      tensors[state.name + segment.name] = ParameterLayout::View(copy, segment);
    }
  }
  return tensors;
}

void Optimizer::Load(const SafetensorsFile& file, int64_t num_updates) {
  const c10::NoGradGuard no_gradients;
  std::vector<at::Tensor> read;
  for (const NamedState& state : States()) {
    at::Tensor whole = at::zeros({weights_.numel()}, at::dtype(at::kFloat));
    for (const Segment& segment : layout_->segments) {
      const TensorView& view = file.Tensor(state.name + segment.name);
      if (view.shape != segment.sizes || view.type != TensorType::kF32) {
        throw Error(ErrorKind::kBadInput,
                    file.origin() + ": tensor '" + state.name + segment.name + "' is " + NameOf(view.type) +
                        " " + FormatShape(view.shape) + ", not F32 " + FormatShape(segment.sizes));
      }
      ParameterLayout::View(whole, segment).copy_(TensorFromView(view));
    }
    read.push_back(Own(whole).to(weights_.device()).clone());
  }
  mean_ = read[0];
  square_ = read[1];
  if (has_average()) average_ = read[2];
  num_updates_ = num_updates;
}

at::Tensor Optimizer::AveragedWeights() const { return has_average() ? Whole(average_) : weights_; }

}  // namespace foothold
