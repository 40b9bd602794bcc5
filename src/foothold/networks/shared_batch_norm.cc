// SPDX-License-Identifier: Apache-2.0
#include "foothold/networks/shared_batch_norm.h"

#include <torch/csrc/autograd/custom_function.h>

#include "foothold/base/error.h"

namespace foothold {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

std::vector<int64_t> AllButChannels(const at::Tensor& x) {
  std::vector<int64_t> axes = {0};
  for (int64_t axis = 2; axis < x.dim(); ++axis) axes.push_back(axis);
  return axes;
}

// [C] so that it meets the channels of x.
at::Tensor Along(const at::Tensor& channels, const at::Tensor& x) {
  std::vector<int64_t> sizes(static_cast<size_t>(x.dim()), 1);
  sizes[1] = channels.numel();
  return channels.to(x.options()).view(sizes);
}

// Count, mean and variance of the whole batch, float64 on the CPU.
struct BatchMoments {
  double count = 0;
  at::Tensor mean, variance;
};

// From each part's count, mean and sum of squares about its own mean, which loses no digits.
BatchMoments MomentsOf(const at::Tensor& x, BatchExchange* exchange) {
  const std::vector<int64_t> axes = AllButChannels(x);
  const int64_t channels = x.size(1);
  const at::Tensor exact = x.detach().to(at::kDouble);
  const at::Tensor own_mean = exact.mean(axes, /*keepdim=*/true);
  const at::Tensor own_squares = (exact - own_mean).square().sum(axes);
  const double own_count = static_cast<double>(x.numel()) / static_cast<double>(channels);
  const at::Tensor all = exchange->Gather(at::cat({at::full({1}, own_count, at::kDouble),
                                                   own_mean.reshape({-1}).cpu(),
                                                   own_squares.reshape({-1}).cpu()}));
  const auto counts = [&](int64_t part) { return all[part][0].item<double>(); };
  const auto means = [&](int64_t part) { return all[part].narrow(0, 1, channels); };
  BatchMoments moments;
  moments.mean = at::zeros({channels}, at::kDouble);
  for (int64_t part = 0; part < all.size(0); ++part) {
    moments.count += counts(part);
    moments.mean += means(part) * counts(part);
  }
  FOOTHOLD_CHECK(moments.count > 1, "batch norm cannot train on a single sample");
  moments.mean /= moments.count;
  moments.variance = at::zeros({channels}, at::kDouble);
  for (int64_t part = 0; part < all.size(0); ++part) {
    moments.variance +=
        all[part].narrow(0, 1 + channels, channels) + (means(part) - moments.mean).square() * counts(part);
  }
  moments.variance /= moments.count;
  return moments;
}

void Move(const at::Tensor& running, const at::Tensor& value, double momentum) {
  running.mul_(1 - momentum).add_(value.to(running.options()), momentum);
}

class SharedBatchNormFunction : public torch::autograd::Function<SharedBatchNormFunction> {
 public:
  static at::Tensor forward(AutogradContext* context,
                            const at::Tensor& x,
                            const at::Tensor& weight,
                            const at::Tensor& bias,
                            const at::Tensor& mean,
                            const at::Tensor& inverse_deviation,
                            double count,
                            int64_t exchange) {
    const at::Tensor normal = (x - Along(mean, x)) * Along(inverse_deviation, x);
    context->save_for_backward({normal, weight, inverse_deviation});
    context->saved_data["count"] = count;
    context->saved_data["exchange"] = exchange;
    return normal * Along(weight, x) + Along(bias, x);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &normal = saved[0], &weight = saved[1], &gradient = gradients[0];
    const double count = context->saved_data["count"].toDouble();
    auto* exchange = reinterpret_cast<BatchExchange*>(context->saved_data["exchange"].toInt());
    const std::vector<int64_t> axes = AllButChannels(normal);
    const at::Tensor exact = gradient.to(at::kDouble);
    const at::Tensor sum = exact.sum(axes), weighted_sum = (exact * normal.to(at::kDouble)).sum(axes);
    const at::Tensor all = exchange->Gather(at::cat({sum.cpu(), weighted_sum.cpu()}));
    at::Tensor total = at::zeros({all.size(1)}, at::kDouble);
    for (int64_t part = 0; part < all.size(0); ++part) total += all[part];
    total /= count;
    const int64_t channels = normal.size(1);
    const at::Tensor mean = Along(total.narrow(0, 0, channels), normal),
                     slope = Along(total.narrow(0, channels, channels), normal);
    const at::Tensor scale = Along(weight, normal) * Along(saved[2], normal);
    return {scale * (gradient - mean - normal * slope),
            weighted_sum.to(weight.options()),
            sum.to(weight.options()),
            {},
            {},
            {},
            {}};
  }
};

}  // namespace

at::Tensor SharedBatchNorm(const at::Tensor& x,
                           const at::Tensor& weight,
                           const at::Tensor& bias,
                           const RunningStatistics& running,
                           double momentum,
                           double epsilon,
                           BatchExchange* exchange) {
  BatchMoments moments;
  {
    const c10::NoGradGuard no_gradients;
    moments = MomentsOf(x, exchange);
    if (exchange->KeepsRunningStatistics()) {
      Move(running.mean, moments.mean, momentum);
      Move(running.variance, moments.variance * (moments.count / (moments.count - 1)), momentum);
    }
  }
  const at::Tensor inverse_deviation = (moments.variance + epsilon).rsqrt();
  return SharedBatchNormFunction::apply(
      x, weight, bias, moments.mean, inverse_deviation, moments.count, reinterpret_cast<int64_t>(exchange));
}

}  // namespace foothold
