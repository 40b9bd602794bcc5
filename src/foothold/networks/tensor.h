// SPDX-License-Identifier: Apache-2.0
#pragma once

// All of LibTorch that the networks use: tensors and their operations, whose gradients come with them.
// Precompiled for every target that links LibTorch. torch/nn.h and the like are not used: they take
// several times as long to parse, and a network here is its named tensors and a function.
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <functional>
#include <string>

#include "foothold/networks/safetensors.h"

namespace foothold {

at::ScalarType ScalarTypeOf(TensorType type);
// Throws Error(kContract) for a type that a safetensors file cannot hold.
TensorType TensorTypeOf(at::ScalarType type);

// Copies of a stored tensor's values on the CPU, and a view of a contiguous CPU tensor's.
at::Tensor TensorFromView(const TensorView& view);
TensorView ViewOf(const at::Tensor& tensor);

// at::Tensor sizes as text: "[3, 4]".
std::string FormatSizes(at::IntArrayRef sizes);

// Runs `function`; LibTorch's exceptions leave it as foothold::Error: kDevice for CUDA's and for memory
// that ran out, else kContract. Every public entry that runs a network goes through it.
void TranslateTorchErrors(const std::string& what, const std::function<void()>& function);

// "cpu" or "cuda", the latter only where LibTorch sees a GPU: Error(kDevice) else. There, fp32
// then means float32 also in convolutions, which LibTorch would round to 10 bits.
at::Device DeviceNamed(const std::string& name);
// "fp32", "bf16" or "fp16".
at::ScalarType PrecisionNamed(const std::string& name);

}  // namespace foothold
