// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "foothold/networks/exported/module_card.h"

namespace at {
class Tensor;
}

namespace foothold {

// Something that runs one exported network: a file format of PyTorch's. Tensors are in the order of the card.
class ModuleExecutor {
 public:
  virtual ~ModuleExecutor() = default;
  // `inputs` lie on the device. May be called from several threads; the result does not depend on that, nor
  // on what ran before.
  virtual std::vector<at::Tensor> Execute(const std::vector<at::Tensor>& inputs) = 0;
};

// An exported network that keeps what its card declares: each call checks names, types and shapes of all
// tensors, and that no output holds a number that is not finite.
class ExportedModule {
 public:
  // Opens `path` (.pt: TorchScript; .pt2: a package of AOTInductor) with its card beside it. Throws
  // Error(kBadInput) naming file, field and remedy when the card, the checksum, the recorded versions or the
  // file itself are not right, Error(kDevice) without the device ("cpu", "cuda").
  ExportedModule(const std::string& path, const ModuleContract& contract, const std::string& device);
  ~ExportedModule();

  const ModuleCard& card() const { return card_; }
  const std::string& path() const { return path_; }

  // All inputs of the card by name, on any device and of any floating type where the card declares one;
  // outputs by name, on the CPU, floating ones as float32. Throws Error(kContract) for inputs that do not
  // fit, Error(kUsage) for outputs that are not as declared, which no video can help, and Error(kBadInput),
  // reason "network_output", for numbers that are not finite and for scripts that fail.
  std::map<std::string, at::Tensor> Run(const std::map<std::string, at::Tensor>& inputs) const;

 private:
  // Of named axes in one call, under the names of the card and of the contract.
  struct Sizes {
    AxisSizes of_card, of_contract;
  };
  std::string MismatchIn(const TensorSpec& spec, const at::Tensor& tensor, Sizes* sizes) const;
  at::Tensor Output(const TensorSpec& spec, const at::Tensor& made, Sizes* sizes) const;
  [[noreturn]] void FailOnOutput(const std::string& what) const;

  std::string path_, device_;
  ModuleContract contract_;
  ModuleCard card_;
  std::unique_ptr<ModuleExecutor> executor_;
};

// The executors. Each throws Error(kBadInput) for a file that is not of its kind.
std::unique_ptr<ModuleExecutor> OpenTorchScript(const std::string& path, const std::string& device);
std::unique_ptr<ModuleExecutor> OpenAotInductor(const std::string& path,
                                                const ModuleCard& card,
                                                const std::string& device);

std::string TorchVersion();  // Of the library that runs: "2.11.0".

// From here on this thread's calls into LibTorch use one thread: sums then have one order, whatever the
// machine. Parallel work goes over images instead.
void UseOneTorchThread();

}  // namespace foothold
