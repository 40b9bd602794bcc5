// SPDX-License-Identifier: Apache-2.0
// Not torch/script.h, which takes seconds to parse.
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include "foothold/base/error.h"
#include "foothold/networks/exported/exported_module.h"
#include "foothold/networks/tensor.h"

namespace foothold {
namespace {

class TorchScriptExecutor : public ModuleExecutor {
 public:
  TorchScriptExecutor(const std::string& path, const std::string& device)
      : path_(path), module_(Load(path, DeviceNamed(device))) {
    module_.eval();
  }

  std::vector<at::Tensor> Execute(const std::vector<at::Tensor>& inputs) override {
    // The optimising executor watches the first calls and then fuses: the same input would give other bits.
    const torch::jit::GraphOptimizerEnabledGuard as_written(false);
    const std::vector<c10::IValue> arguments(inputs.begin(), inputs.end());
    c10::IValue result;
    try {
      result = torch::jit::Module(module_).forward(arguments);
    } catch (const c10::Error&) {
      throw;
    } catch (const std::exception& error) {  // The interpreter's, around those of operations and of scripts.
      const std::string why = error.what();
      const bool is_device =
          why.find("CUDA") != std::string::npos || why.find("DefaultCPUAllocator") != std::string::npos;
      if (is_device) throw Error(ErrorKind::kDevice, path_ + ": " + why);
      throw Error(ErrorKind::kBadInput, path_ + ": " + why).WithReason("network_output");
    }
    std::vector<at::Tensor> outputs;
    if (result.isTensor()) return {result.toTensor()};
    if (result.isTensorList()) return result.toTensorVector();
    if (result.isTuple()) {
      for (const c10::IValue& element : result.toTupleRef().elements()) {
        if (!element.isTensor()) break;
        outputs.push_back(element.toTensor());
      }
      if (outputs.size() == result.toTupleRef().elements().size()) return outputs;
    }
    throw Error(ErrorKind::kUsage,
                path_ + ": forward returns a " + result.tagKind() +
                    "; it must return a tensor, or a tuple or list of tensors in the card's order");
  }

 private:
  static torch::jit::Module Load(const std::string& path, at::Device device) {
    try {
      return torch::jit::load(path, device);
    } catch (const std::exception& error) {
      const auto* of_torch = dynamic_cast<const c10::Error*>(&error);
      const std::string why = of_torch != nullptr ? of_torch->what_without_backtrace() : error.what();
      throw Error(ErrorKind::kBadInput,
                  path + ": is no TorchScript module that can be loaded (" + why +
                      "); write it with torch.jit.save of a scripted or traced module");
    }
  }

  std::string path_;
  torch::jit::Module module_;
};

}  // namespace

std::unique_ptr<ModuleExecutor> OpenTorchScript(const std::string& path, const std::string& device) {
  return std::make_unique<TorchScriptExecutor>(path, device);
}

}  // namespace foothold
