// SPDX-License-Identifier: Apache-2.0
#include "foothold/networks/layers.h"

#include "foothold/base/error.h"

namespace foothold {

void Observe(const TensorObserver* observer, const std::string& stage, const at::Tensor& tensor) {
  if (observer != nullptr) (*observer)(stage, tensor);
}

Linear::Linear(const Scope& scope, int inputs, int outputs, bool with_bias)
    : weight(scope.Parameter("weight", {outputs, inputs}, Initial::kLinear)) {
  if (with_bias) bias = scope.Parameter("bias", {outputs}, Initial::kZero);
}
at::Tensor Linear::operator()(const at::Tensor& x) const { return at::linear(x, weight, bias); }

LayerNorm::LayerNorm(const Scope& scope, int channels, double epsilon_value)
    : weight(scope.Parameter("weight", {channels}, Initial::kOne)),
      bias(scope.Parameter("bias", {channels}, Initial::kZero)),
      epsilon(epsilon_value) {}
at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, epsilon);
}

Mlp::Mlp(const Scope& scope, int inputs, int hidden, int outputs)
    : fc1(scope / "fc1", inputs, hidden), fc2(scope / "fc2", hidden, outputs) {}
at::Tensor Mlp::operator()(const at::Tensor& x) const { return fc2(at::gelu(fc1(x))); }

Convolution::Convolution(
    const Scope& scope, int inputs, int outputs, int size, int stride_px, int padding_px, bool with_bias)
    : weight(scope.Parameter("weight", {outputs, inputs, size, size}, Initial::kConvolution)),
      stride(stride_px),
      padding(padding_px) {
  if (with_bias) bias = scope.Parameter("bias", {outputs}, Initial::kZero);
}
at::Tensor Convolution::operator()(const at::Tensor& x) const {
  return at::conv2d(x, weight, bias, {stride, stride}, {padding, padding});
}

BlockUpsampling::BlockUpsampling(const Scope& scope, int inputs, int outputs, int size)
    : weight(scope.Parameter("weight", {inputs, outputs, size, size}, Initial::kConvolution)),
      bias(scope.Parameter("bias", {outputs}, Initial::kZero)) {}
at::Tensor BlockUpsampling::operator()(const at::Tensor& x) const {
  const int64_t size = weight.size(2);
  return at::conv_transpose2d(x, weight, bias, {size, size});
}

BatchNorm::BatchNorm(const Scope& scope, int channels)
    : weight(scope.Parameter("weight", {channels}, Initial::kOne)),
      bias(scope.Parameter("bias", {channels}, Initial::kZero)),
      running_mean(scope.Buffer("running_mean", {channels}, Initial::kZero)),
      running_var(scope.Buffer("running_var", {channels}, Initial::kOne)),
      num_batches_tracked(scope.Buffer("num_batches_tracked", {}, Initial::kZero, at::kLong)) {}
at::Tensor BatchNorm::operator()(const at::Tensor& x, bool training, BatchExchange* exchange) const {
  constexpr double kMomentum = 0.1, kEpsilon = 1e-5;
  const at::ScalarType type = running_mean.scalar_type();
  if (training && exchange != nullptr) {
    if (exchange->KeepsRunningStatistics()) num_batches_tracked.add_(1);
    return SharedBatchNorm(x.to(type),
                           weight.to(type),
                           bias.to(type),
                           {running_mean, running_var},
                           kMomentum,
                           kEpsilon,
                           exchange)
        .to(x.scalar_type());
  }
  if (training) {
    FOOTHOLD_CHECK(x.size(0) > 1 || x.dim() > 2, "batch norm cannot train on a single sample");
    num_batches_tracked.add_(1);
  }
  return at::batch_norm(x.to(type),
                        weight.to(type),
                        bias.to(type),
                        running_mean,
                        running_var,
                        training,
                        kMomentum,
                        kEpsilon,
                        /*cudnn_enabled=*/true)
      .to(x.scalar_type());
}

at::Tensor Resize(const at::Tensor& x, int64_t rows, int64_t columns) {
  return at::upsample_bilinear2d(x, {rows, columns}, /*align_corners=*/true);
}

}  // namespace foothold
