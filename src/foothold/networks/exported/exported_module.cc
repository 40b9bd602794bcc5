// SPDX-License-Identifier: Apache-2.0
#include "foothold/networks/exported/exported_module.h"

#include <ATen/Parallel.h>
#include <torch/version.h>

#include <filesystem>
#include <sstream>

#include "foothold/base/error.h"
#include "foothold/networks/tensor.h"

namespace foothold {
namespace {

// (major, minor) of "2.11.0+cu130".
std::pair<int, int> MajorMinor(const std::string& version) {
  std::istringstream text(version);
  int major = 0, minor = 0;
  char dot = 0;
  text >> major >> dot >> minor;
  return {major, minor};
}

// The contract says float32 where the card may say a shorter type.
TensorSpec WithTypeOf(const TensorSpec& card, const TensorSpec& contract) {
  TensorSpec spec = contract;
  spec.type = card.type;
  return spec;
}

bool IsStorable(at::ScalarType scalar_type, TensorType* type) {
  try {
    *type = TensorTypeOf(scalar_type);
    return true;
  } catch (const Error&) {
    return false;
  }
}

const TensorSpec& ByName(const ModuleContract& contract, const std::string& name) {
  for (const auto* list : {&contract.inputs, &contract.outputs, &contract.optional_outputs}) {
    for (const TensorSpec& spec : *list) {
      if (spec.name == name) return spec;
    }
  }
  throw Error(ErrorKind::kContract, "the card was not held against its contract");
}

void RequireVersion(const ModuleCard& card, bool is_package, const std::string& origin) {
  const auto exported = MajorMinor(card.torch), here = MajorMinor(TorchVersion());
  // A package is compiled code for one release; TorchScript can be read by later ones.
  if (is_package ? exported == here : exported <= here) return;
  throw Error(ErrorKind::kBadInput,
              origin + ": torch: the module was exported by " + card.torch + ", this program runs " +
                  TorchVersion() + "; export it again with torch " + std::to_string(here.first) + "." +
                  std::to_string(here.second));
}

void RequireDevice(const ModuleCard& card, const std::string& device, const std::string& origin) {
  if (card.device == "any" || card.device == device) return;
  throw Error(ErrorKind::kBadInput,
              origin + ": device: the module is for " + card.device + ", asked for is " + device +
                  "; set networks.device, or export it for " + device);
}

}  // namespace

std::string TorchVersion() {
  return std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR) + "." +
         std::to_string(TORCH_VERSION_PATCH);
}

void UseOneTorchThread() { at::set_num_threads(1); }

ExportedModule::ExportedModule(const std::string& path,
                               const ModuleContract& contract,
                               const std::string& device)
    : path_(path), device_(device), contract_(contract), card_(ReadModuleCard(path, contract)) {
  DeviceNamed(device);  // Or an error that says what is missing.
  const std::string extension = std::filesystem::path(path).extension().string();
  const bool is_package = extension == ".pt2";
  if (!is_package && extension != ".pt") {
    throw Error(ErrorKind::kBadInput,
                path + ": must end in .pt (TorchScript) or .pt2 (a package of AOTInductor)");
  }
  RequireVersion(card_, is_package, CardPathOf(path));
  RequireDevice(card_, device, CardPathOf(path));
  executor_ = is_package ? OpenAotInductor(path, card_, device) : OpenTorchScript(path, device);
}

ExportedModule::~ExportedModule() = default;

void ExportedModule::FailOnOutput(const std::string& what) const {
  throw Error(ErrorKind::kUsage, path_ + ": output " + what);
}

std::string ExportedModule::MismatchIn(const TensorSpec& spec, const at::Tensor& tensor, Sizes* sizes) const {
  const std::vector<int64_t> shape = tensor.sizes().vec();
  TensorType type = TensorType::kF32;
  if (!IsStorable(tensor.scalar_type(), &type)) {
    return "'" + spec.name + "' is of the type " + at::toString(tensor.scalar_type()) +
           ", which no card can declare";
  }
  const std::string wrong = MismatchOf(spec, type, shape, &sizes->of_card);
  if (!wrong.empty()) return wrong;
  return MismatchOf(WithTypeOf(spec, ByName(contract_, spec.name)), type, shape, &sizes->of_contract);
}

at::Tensor ExportedModule::Output(const TensorSpec& spec, const at::Tensor& made, Sizes* sizes) const {
  if (!made.defined()) FailOnOutput("'" + spec.name + "' is empty");
  const std::string wrong = MismatchIn(spec, made, sizes);
  if (!wrong.empty()) FailOnOutput(wrong + "; correct the card, or export the module again");
  at::Tensor output = made.to(at::kCPU);
  if (output.is_floating_point()) {
    output = output.to(at::kFloat);
    const int64_t bad = output.numel() - at::isfinite(output).sum().item<int64_t>();
    if (bad > 0) {
      throw Error(ErrorKind::kBadInput,
                  path_ + ": output '" + spec.name + "' holds " + std::to_string(bad) + " of " +
                      std::to_string(output.numel()) +
                      " numbers that are not finite; the weights are damaged, or its type is too short: "
                      "export it in float32")
          .WithReason("network_output");
    }
  }
  return output.contiguous();
}

std::map<std::string, at::Tensor> ExportedModule::Run(const std::map<std::string, at::Tensor>& inputs) const {
  const c10::NoGradGuard no_gradients;
  const at::Device device = DeviceNamed(device_);
  std::map<std::string, at::Tensor> outputs;
  TranslateTorchErrors(path_, [&] {
    Sizes sizes;
    std::vector<at::Tensor> ordered;
    for (const TensorSpec& spec : card_.inputs) {
      const auto given = inputs.find(spec.name);
      FOOTHOLD_CHECK(given != inputs.end(), path_ + ": no input '" + spec.name + "'");
      at::Tensor tensor = given->second;
      if (tensor.is_floating_point()) tensor = tensor.to(ScalarTypeOf(spec.type));
      const std::string wrong = MismatchIn(spec, tensor, &sizes);
      FOOTHOLD_CHECK(wrong.empty(), path_ + ": input " + wrong);
      ordered.push_back(tensor.to(device).contiguous());
    }
    FOOTHOLD_CHECK(inputs.size() == card_.inputs.size(), path_ + ": more inputs than its card declares");
    const std::vector<at::Tensor> made = executor_->Execute(ordered);
    if (made.size() != card_.outputs.size()) {
      FailOnOutput("has " + std::to_string(made.size()) + " tensors, its card declares " +
                   std::to_string(card_.outputs.size()) + "; correct the card");
    }
    for (size_t i = 0; i < made.size(); ++i) {
      outputs[card_.outputs[i].name] = Output(card_.outputs[i], made[i], &sizes);
    }
  });
  return outputs;
}

}  // namespace foothold
