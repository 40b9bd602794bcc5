// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "foothold/base/error.h"
#include "foothold/networks/exported/exported_module.h"
#include "foothold/networks/tensor.h"
#if __has_include(<torch/csrc/inductor/aoti_package/model_package_loader.h>)
#define FOOTHOLD_HAVE_AOTI
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>
#endif

namespace foothold {

#ifdef FOOTHOLD_HAVE_AOTI

namespace {

class AotInductorExecutor : public ModuleExecutor {
 public:
  AotInductorExecutor(const std::string& path, const std::string& device)
      : path_(path), is_cuda_(device == "cuda") {
    // Sizes beyond those that the package was compiled for otherwise read and write where they should not.
    setenv("AOTI_RUNTIME_CHECK_INPUTS", "1", 1);
    const c10::DeviceIndex index = is_cuda_ ? 0 : -1;
    try {
      loader_ = std::make_unique<torch::inductor::AOTIModelPackageLoader>(path, "model", false, 1, index);
    } catch (const std::exception& error) {
      const auto* of_torch = dynamic_cast<const c10::Error*>(&error);
      const std::string why = of_torch != nullptr ? of_torch->what_without_backtrace() : error.what();
      throw Error(ErrorKind::kBadInput,
                  path + ": is no package of AOTInductor that can be loaded (" + why +
                      "); write it with torch._inductor.aoti_compile_and_package on this kind of machine; "
                      "where a library "
                      "is missing, install torch as a whole: scripts/install_torch.sh --full");
    }
  }

  std::vector<at::Tensor> Execute(const std::vector<at::Tensor>& inputs) override {
    try {
      return loader_->run(inputs);
    } catch (const c10::Error&) {
      throw;
    } catch (const std::exception& error) {  // Of its checks of inputs or of the device: it does not say.
      throw Error(is_cuda_ ? ErrorKind::kDevice : ErrorKind::kUsage,
                  path_ + ": the package refuses its inputs or fails (" + error.what() +
                      "); its card must name only sizes that the export left dynamic, and give N as a number "
                      "(docs/networks.md)");
    }
  }

 private:
  std::string path_;
  bool is_cuda_;
  std::unique_ptr<torch::inductor::AOTIModelPackageLoader> loader_;
};

}  // namespace

std::unique_ptr<ModuleExecutor> OpenAotInductor(const std::string& path,
                                                const ModuleCard& card,
                                                const std::string& device) {
  if (card.device == "any") {
    throw Error(
        ErrorKind::kBadInput,
        CardPathOf(path) + ": device: a package is compiled for one device; write \"cpu\" or \"cuda\"");
  }
  return std::make_unique<AotInductorExecutor>(path, device);
}

#else

std::unique_ptr<ModuleExecutor> OpenAotInductor(const std::string& path,
                                                const ModuleCard&,
                                                const std::string&) {
  throw Error(
      ErrorKind::kBadInput,
      path + ": this LibTorch cannot run packages of AOTInductor; export the module as TorchScript (.pt)");
}

#endif

}  // namespace foothold
