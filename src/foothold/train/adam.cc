// SPDX-License-Identifier: Apache-2.0
#include "foothold/train/adam.h"

#include <cmath>

#include "foothold/base/error.h"
#include "foothold/train/flat_parameters.h"

namespace foothold {
namespace {

// The constants of a step in the arithmetic of the weights.
struct StepFactors {
  float beta1, rest1, beta2, rest2, epsilon, gradient_scale, keep, rate, root2;

  explicit StepFactors(const AdamConstants& c)
      : beta1(static_cast<float>(c.beta1)),
        rest1(static_cast<float>(1 - c.beta1)),
        beta2(static_cast<float>(c.beta2)),
        rest2(static_cast<float>(1 - c.beta2)),
        epsilon(static_cast<float>(c.epsilon)),
        gradient_scale(static_cast<float>(c.gradient_scale)),
        keep(static_cast<float>(1 - c.rate * c.decay)),
        rate(static_cast<float>(c.rate / c.correction1)),
        root2(static_cast<float>(1 / std::sqrt(c.correction2))) {}
};

// The project is compiled without contraction of products and sums, so that vector code and its scalar ends
// round alike.
void AdamOnHost(
    const StepFactors& c, const float* gradients, float* weights, float* mean, float* square, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const float gradient = gradients[i] * c.gradient_scale;
    mean[i] = c.beta1 * mean[i] + c.rest1 * gradient;
    square[i] = c.beta2 * square[i] + c.rest2 * (gradient * gradient);
    const float divisor = std::sqrt(square[i]) * c.root2 + c.epsilon;
    weights[i] = c.keep * weights[i] - c.rate * mean[i] / divisor;
  }
}

}  // namespace

void AdamStep(const AdamConstants& constants,
              const at::Tensor& gradients,
              const at::Tensor& weights,
              const at::Tensor& mean,
              const at::Tensor& square) {
  const StepFactors c(constants);
  if (weights.is_cpu()) {
    AdamOnHost(c,
               gradients.const_data_ptr<float>(),
               weights.data_ptr<float>(),
               mean.data_ptr<float>(),
               square.data_ptr<float>(),
               weights.numel());
    return;
  }
  const at::Tensor gradient = gradients * c.gradient_scale;
  mean.mul_(c.beta1).add_(gradient, c.rest1);
  square.mul_(c.beta2).addcmul_(gradient, gradient, c.rest2);
  weights.mul_(c.keep).addcdiv_(mean, square.sqrt().mul_(c.root2).add_(c.epsilon), -c.rate);
}

void MoveAverage(double decay, const at::Tensor& weights, const at::Tensor& average) {
  const auto keep = static_cast<float>(decay), rest = static_cast<float>(1 - decay);
  if (!weights.is_cpu()) {
    average.mul_(keep).add_(weights, rest);
    return;
  }
  const auto* from = weights.const_data_ptr<float>();
  auto* to = average.data_ptr<float>();
  for (int64_t i = 0; i < weights.numel(); ++i) to[i] = keep * to[i] + rest * from[i];
}

std::vector<double> BlockSquares(const at::Tensor& values) {
  FOOTHOLD_CHECK(values.numel() % kBlockSize == 0, "not a whole number of blocks");
  const int64_t blocks = values.numel() / kBlockSize;
  std::vector<double> squares(static_cast<size_t>(blocks));
  if (values.is_cpu()) {
    const auto* numbers = values.const_data_ptr<float>();
    for (int64_t block = 0; block < blocks; ++block) {
      double sum = 0;
      for (int64_t i = 0; i < kBlockSize; ++i, ++numbers) sum += static_cast<double>(*numbers) * *numbers;
      squares[static_cast<size_t>(block)] = sum;
    }
    return squares;
  }
  const at::Tensor norms =
      at::linalg_vector_norm(values.view({blocks, kBlockSize}), 2, at::IntArrayRef{1}, false, at::kDouble)
          .cpu();
  for (int64_t block = 0; block < blocks; ++block) {
    const double norm = norms.const_data_ptr<double>()[block];
    squares[static_cast<size_t>(block)] = norm * norm;
  }
  return squares;
}

}  // namespace foothold
