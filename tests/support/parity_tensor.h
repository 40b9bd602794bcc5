// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/networks/tensor.h"
#include "support/parity_file.h"

namespace foothold {

// A dataset as a tensor of the same shape, and a comparison of any tensor with a dataset of as many values.
inline at::Tensor ReadTensor(const ParityFile& file, const std::string& path, at::ScalarType type) {
  const std::vector<size_t> shape = file.Shape(path);
  const std::vector<double> values = file.Doubles(path);
  return at::tensor(values, at::dtype(at::kDouble))
      .reshape({std::vector<int64_t>(shape.begin(), shape.end())})
      .to(type);
}

inline std::vector<double> ValuesOf(const at::Tensor& tensor) {
  const at::Tensor values = tensor.detach().to(at::kDouble).contiguous();
  const auto* begin = values.const_data_ptr<double>();
  return {begin, begin + values.numel()};
}

inline testing::AssertionResult MatchesParity(const ParityFile& file,
                                              const std::string& path,
                                              const at::Tensor& actual) {
  return MatchesParity(file, path, ValuesOf(actual));
}

}  // namespace foothold
