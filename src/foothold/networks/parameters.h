// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "foothold/networks/tensor.h"

namespace foothold {

// How a tensor starts when a network is trained from scratch.
enum class Initial {
  kZero,
  kOne,
  kLinear,       // Uniform in +-sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010).
  kConvolution,  // Uniform in +-1 / sqrt(inputs of one output).
  kToken,        // Normal, standard deviation 0.02.
  kNoRotation,   // Six numbers: the first two rows of the identity.
};

struct NamedTensor {
  std::string name;
  at::Tensor tensor;
  Initial initial = Initial::kZero;
  bool is_parameter = true;  // False: a buffer, such as a running mean. It is stored but not trained.
};

// The named tensors of a network. Layers keep handles to the same tensors, so loading, moving and
// training change them in place.
class ParameterSet {
 public:
  // Tensors are allocated uninitialised: Initialise or Load fills them. On the device "meta" nothing is
  // allocated, so that a network of any size can be counted.
  explicit ParameterSet(at::Device device = at::kCPU) : device_(device) {}
  ParameterSet(const ParameterSet&) = delete;
  ParameterSet& operator=(const ParameterSet&) = delete;

  const std::vector<NamedTensor>& entries() const { return entries_; }
  // Throws Error(kContract) for an unknown name.
  const NamedTensor& Entry(const std::string& name) const;
  int64_t NumParameters(const std::string& prefix = "") const;  // Numbers, buffers not counted.

  // Values depend on seed and name alone: adding a layer leaves those of others.
  void Initialise(uint64_t seed);
  // Takes every tensor from `file` under `prefix` + its name, converted to its own type. A missing name, an
  // unexpected one (under the prefix, and not under one of `ignored`) or another shape is Error(kBadInput);
  // then nothing has changed. Where released files know a tensor by two names, either will do.
  void Load(const SafetensorsFile& file,
            const std::string& prefix = "",
            const std::vector<std::string>& ignored = {});
  // Contiguous copies of all tensors on the CPU, for WriteSafetensors (views of them: ViewOf).
  std::map<std::string, at::Tensor> Snapshot() const;
  void Save(const std::string& path, const std::map<std::string, std::string>& metadata, bool replace) const;

  // Moves all tensors; converts those of floating type (buffers, which are running statistics, to no less
  // than float32).
  void To(at::Device device, at::ScalarType precision);
  void RequireGradients(bool required);  // Of parameters.

 private:
  friend class Scope;
  at::Tensor Add(NamedTensor entry, at::IntArrayRef sizes, at::ScalarType type);

  at::Device device_;
  std::vector<NamedTensor> entries_;
  std::map<std::string, size_t> index_;
};

// A place in the tree of names: where a layer registers its tensors.
class Scope {
 public:
  explicit Scope(ParameterSet* set, std::string prefix = "") : set_(set), prefix_(std::move(prefix)) {}

  // The scope of a child: "name." is added to the prefix.
  Scope operator/(const std::string& name) const { return Scope(set_, prefix_ + name + "."); }
  Scope operator/(int index) const { return *this / std::to_string(index); }

  at::Tensor Parameter(const std::string& name, at::IntArrayRef sizes, Initial initial) const;
  at::Tensor Buffer(const std::string& name,
                    at::IntArrayRef sizes,
                    Initial initial,
                    at::ScalarType type = at::kFloat) const;

 private:
  ParameterSet* set_;
  std::string prefix_;
};

}  // namespace foothold
