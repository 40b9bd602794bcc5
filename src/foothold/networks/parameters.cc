// SPDX-License-Identifier: Apache-2.0
#include "foothold/networks/parameters.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "foothold/base/error.h"
#include "foothold/base/options.h"
#include "foothold/base/random.h"

namespace foothold {
namespace {

bool StartsWith(const std::string& text, const std::string& prefix) { return text.rfind(prefix, 0) == 0; }

// The released code registers the lateral convolutions of the point head twice, and a file holds one or
// both: "scratch.layer2_rn" is "scratch.layer_rn.1". Empty: the name has no alias.
std::string AliasOf(const std::string& name) {
  const std::string stem = "scratch.layer", tail = "_rn.";
  const size_t at = name.find(stem);
  if (at == std::string::npos) return "";
  const size_t number = at + stem.size();
  if (number >= name.size() || name[number] < '1' || name[number] > '4') return "";
  if (name.compare(number + 1, tail.size(), tail) != 0) return "";
  const char index = static_cast<char>(name[number] - 1);
  return name.substr(0, number) + "_rn." + index + name.substr(number + tail.size());
}

double BoundOf(const NamedTensor& entry) {
  const at::IntArrayRef sizes = entry.tensor.sizes();
  const double inputs = static_cast<double>(entry.tensor.numel()) / static_cast<double>(sizes[0]);
  if (entry.initial == Initial::kLinear) return std::sqrt(6.0 / (inputs + static_cast<double>(sizes[0])));
  return 1.0 / std::sqrt(inputs);
}

void FillUniform(at::Tensor* tensor, RandomStream* random, double bound) {
  auto* values = tensor->data_ptr<float>();
  for (int64_t i = 0; i < tensor->numel(); ++i) {
    values[i] = static_cast<float>(random->Uniform(-bound, bound));
  }
}

at::Tensor InitialValues(const NamedTensor& entry, uint64_t seed) {
  const at::TensorOptions options = at::dtype(at::kFloat);
  if (entry.initial == Initial::kZero) return at::zeros(entry.tensor.sizes(), options);
  if (entry.initial == Initial::kOne) return at::ones(entry.tensor.sizes(), options);
  if (entry.initial == Initial::kNoRotation) return at::tensor({1, 0, 0, 0, 1, 0}, options);
  at::Tensor values = at::empty(entry.tensor.sizes(), options);
  RandomStream random(seed, entry.name);
  if (entry.initial != Initial::kToken) {
    FillUniform(&values, &random, BoundOf(entry));
    return values;
  }
  auto* numbers = values.data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) numbers[i] = static_cast<float>(0.02 * random.Normal());
  return values;
}

}  // namespace

at::Tensor ParameterSet::Add(NamedTensor entry, at::IntArrayRef sizes, at::ScalarType type) {
  entry.tensor = at::empty(sizes, at::dtype(type).device(device_));
  FOOTHOLD_CHECK(index_.emplace(entry.name, entries_.size()).second, "two tensors named " + entry.name);
  entries_.push_back(std::move(entry));
  return entries_.back().tensor;
}

at::Tensor Scope::Parameter(const std::string& name, at::IntArrayRef sizes, Initial initial) const {
  return set_->Add({prefix_ + name, {}, initial, true}, sizes, at::kFloat);
}

at::Tensor Scope::Buffer(const std::string& name,
                         at::IntArrayRef sizes,
                         Initial initial,
                         at::ScalarType type) const {
  return set_->Add({prefix_ + name, {}, initial, false}, sizes, type);
}

const NamedTensor& ParameterSet::Entry(const std::string& name) const {
  const auto found = index_.find(name);
  FOOTHOLD_CHECK(found != index_.end(), "the network has no tensor named " + name);
  return entries_[found->second];
}

int64_t ParameterSet::NumParameters(const std::string& prefix) const {
  int64_t count = 0;
  for (const NamedTensor& entry : entries_) {
    if (entry.is_parameter && StartsWith(entry.name, prefix)) count += entry.tensor.numel();
  }
  return count;
}

void ParameterSet::Initialise(uint64_t seed) {
  const c10::NoGradGuard no_gradients;
  for (const NamedTensor& entry : entries_) entry.tensor.copy_(InitialValues(entry, seed));
}

void ParameterSet::Load(const SafetensorsFile& file,
                        const std::string& prefix,
                        const std::vector<std::string>& ignored) {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorKind::kBadInput, file.origin() + ": " + what);
  };
  std::map<std::string, bool> unused;
  for (const auto& [name, view] : file.tensors()) {
    const auto is_ignored = [&name = name](const std::string& start) { return StartsWith(name, start); };
    if (StartsWith(name, prefix) && std::none_of(ignored.begin(), ignored.end(), is_ignored))
      unused[name] = true;
  }
  std::vector<const TensorView*> sources;
  for (const NamedTensor& entry : entries_) {
    std::string name = prefix + entry.name;
    const std::string alias = AliasOf(name);
    if (!alias.empty() && file.tensors().count(name) == 0 && file.tensors().count(alias) > 0) name = alias;
    const TensorView& view = file.Tensor(name);
    if (view.shape != entry.tensor.sizes().vec()) {
      fail("tensor '" + name + "' has shape " + FormatShape(view.shape) + ", the network's is " +
           FormatSizes(entry.tensor.sizes()) + "; the file is of another configuration");
    }
    unused.erase(name);
    unused.erase(alias);
    sources.push_back(&view);
  }
  if (!unused.empty()) {
    std::vector<std::string> known;
    for (const NamedTensor& entry : entries_) known.push_back(prefix + entry.name);
    const std::string nearest = NearestWord(unused.begin()->first, known);
    fail("tensor '" + unused.begin()->first + "' is not of this network" +
         (nearest.empty() ? "" : "; the nearest is '" + nearest + "'") + " (" +
         std::to_string(unused.size()) + " such)");
  }
  const c10::NoGradGuard no_gradients;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!at::isfinite(TensorFromView(*sources[i])).all().item<bool>()) {
      fail("tensor '" + prefix + entries_[i].name +
           "' holds values that are not finite; the file is damaged");
    }
  }
  for (size_t i = 0; i < entries_.size(); ++i) entries_[i].tensor.copy_(TensorFromView(*sources[i]));
}

std::map<std::string, at::Tensor> ParameterSet::Snapshot() const {
  std::map<std::string, at::Tensor> tensors;
  for (const NamedTensor& entry : entries_) {
    tensors[entry.name] =
        entry.tensor.detach().to(at::kCPU, entry.tensor.scalar_type(), false, true).contiguous();
  }
  return tensors;
}

void ParameterSet::Save(const std::string& path,
                        const std::map<std::string, std::string>& metadata,
                        bool replace) const {
  const std::map<std::string, at::Tensor> tensors = Snapshot();
  std::map<std::string, TensorView> views;
  for (const auto& [name, tensor] : tensors) views[name] = ViewOf(tensor);
  WriteSafetensors(path, views, metadata, replace);
}

void ParameterSet::To(at::Device device, at::ScalarType precision) {
  const c10::NoGradGuard no_gradients;
  device_ = device;
  for (const NamedTensor& entry : entries_) {
    at::ScalarType type = entry.tensor.scalar_type();
    if (entry.tensor.is_floating_point()) {
      type = entry.is_parameter || precision == at::kDouble ? precision : at::kFloat;
    }
    entry.tensor.set_data(entry.tensor.to(device, type));
  }
}

void ParameterSet::RequireGradients(bool required) {
  for (const NamedTensor& entry : entries_) {
    if (entry.is_parameter) entry.tensor.set_requires_grad(required);
  }
}

}  // namespace foothold
