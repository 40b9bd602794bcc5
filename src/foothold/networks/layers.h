// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

#include "foothold/networks/parameters.h"
#include "foothold/networks/shared_batch_norm.h"

namespace foothold {

// Layers: named tensors and what to do with them. Shapes: B batch, N tokens, C channels, H and W rows and
// columns. Calls are const and differentiable by LibTorch's autograd.

// Is shown intermediate tensors by the name of their stage. For tests that compare with other
// implementations, and for finding where a network breaks; null where nobody looks.
using TensorObserver = std::function<void(const std::string& stage, const at::Tensor& tensor)>;
void Observe(const TensorObserver* observer, const std::string& stage, const at::Tensor& tensor);

struct Linear {
  at::Tensor weight, bias;  // Output x input, output. A bias may be absent.
  Linear(const Scope& scope, int inputs, int outputs, bool with_bias = true);
  at::Tensor operator()(const at::Tensor& x) const;  // [..., inputs] -> [..., outputs]
};

struct LayerNorm {
  at::Tensor weight, bias;
  double epsilon;
  LayerNorm(const Scope& scope, int channels, double epsilon_value);
  at::Tensor operator()(const at::Tensor& x) const;  // Over the last axis.
};

// Linear, exact GELU, linear.
struct Mlp {
  Linear fc1, fc2;
  Mlp(const Scope& scope, int inputs, int hidden, int outputs);
  at::Tensor operator()(const at::Tensor& x) const;
};

struct Convolution {
  at::Tensor weight, bias;
  int stride, padding;
  Convolution(const Scope& scope,
              int inputs,
              int outputs,
              int size,
              int stride_px,
              int padding_px,
              bool with_bias = true);
  at::Tensor operator()(const at::Tensor& x) const;  // [B, inputs, H, W]
};

// The transpose of a convolution whose stride is its size: each pixel becomes a block of size x size.
struct BlockUpsampling {
  at::Tensor weight, bias;
  BlockUpsampling(const Scope& scope, int inputs, int outputs, int size);
  at::Tensor operator()(const at::Tensor& x) const;
};

// Over batch and, for maps, pixels; always in at least float32. Training: the batch's own statistics, and
// the running ones move by a tenth (variance unbiased). With an exchange, the batch is that of all parts.
struct BatchNorm {
  at::Tensor weight, bias, running_mean, running_var, num_batches_tracked;
  BatchNorm(const Scope& scope, int channels);
  // [B, C] or [B, C, H, W]
  at::Tensor operator()(const at::Tensor& x, bool training, BatchExchange* exchange = nullptr) const;
};

// Bilinear to rows x columns, corners aligned with corners.
at::Tensor Resize(const at::Tensor& x, int64_t rows, int64_t columns);

}  // namespace foothold
