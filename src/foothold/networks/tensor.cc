// SPDX-License-Identifier: Apache-2.0
#include "foothold/networks/tensor.h"

#include <cstring>

#include "foothold/base/error.h"

namespace foothold {

at::ScalarType ScalarTypeOf(TensorType type) {
  switch (type) {
    case TensorType::kF64:
      return at::kDouble;
    case TensorType::kF32:
      return at::kFloat;
    case TensorType::kF16:
      return at::kHalf;
    case TensorType::kBf16:
      return at::kBFloat16;
    case TensorType::kI64:
      return at::kLong;
    case TensorType::kI32:
      return at::kInt;
    case TensorType::kU8:
      return at::kByte;
    case TensorType::kBool:
      return at::kBool;
  }
  throw Error(ErrorKind::kContract, "a tensor type that does not exist");
}

TensorType TensorTypeOf(at::ScalarType type) {
  for (const TensorType candidate : kTensorTypes) {
    if (ScalarTypeOf(candidate) == type) return candidate;
  }
  throw Error(ErrorKind::kContract, std::string("safetensors files of ours hold no ") + at::toString(type));
}

at::Tensor TensorFromView(const TensorView& view) {
  at::Tensor tensor = at::empty(view.shape, at::dtype(ScalarTypeOf(view.type)));
  if (view.num_bytes > 0) std::memcpy(tensor.data_ptr(), view.bytes, view.num_bytes);
  return tensor;
}

TensorView ViewOf(const at::Tensor& tensor) {
  FOOTHOLD_CHECK(tensor.is_contiguous() && tensor.is_cpu(), "a view needs a contiguous tensor on the CPU");
  return {TensorTypeOf(tensor.scalar_type()),
          tensor.sizes().vec(),
          static_cast<const uint8_t*>(tensor.const_data_ptr()),
          tensor.nbytes()};
}

std::string FormatSizes(at::IntArrayRef sizes) { return FormatShape(sizes.vec()); }

void TranslateTorchErrors(const std::string& what, const std::function<void()>& function) {
  try {
    function();
  } catch (const c10::OutOfMemoryError& error) {
    throw Error(ErrorKind::kDevice, what + ": out of GPU memory; use smaller batches or images");
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    const bool is_device =
        message.find("CUDA") != std::string::npos || message.find("DefaultCPUAllocator") == 0;
    throw Error(is_device ? ErrorKind::kDevice : ErrorKind::kContract, what + ": " + message);
  }
}

at::Device DeviceNamed(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  if (name != "cuda") throw Error(ErrorKind::kUsage, "device '" + name + "' is unknown; use cpu or cuda");
  if (!at::hasCUDA()) {
    throw Error(ErrorKind::kDevice,
                "LibTorch sees no GPU here; use the device cpu, or run scripts/install_torch.sh --full on a "
                "machine with a GPU and build again");
  }
  at::globalContext().setAllowTF32CuDNN(false);
  return {at::kCUDA, 0};
}

at::ScalarType PrecisionNamed(const std::string& name) {
  if (name == "fp32") return at::kFloat;
  if (name == "bf16") return at::kBFloat16;
  if (name == "fp16") return at::kHalf;
  throw Error(ErrorKind::kUsage, "precision '" + name + "' is unknown; use fp32, bf16 or fp16");
}

}  // namespace foothold
