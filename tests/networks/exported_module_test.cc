// SPDX-License-Identifier: Apache-2.0
#include "foothold/networks/exported/exported_module.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <regex>
#include <sstream>

#include "foothold/base/parallel.h"
#include "foothold/networks/tensor.h"
#include "support/expect_error.h"
#include "support/made_modules.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

using Tensors = std::map<std::string, at::Tensor>;

constexpr char kTensors[] =
    "\"inputs\": [{\"name\": \"x\", \"type\": \"F32\", \"shape\": [\"N\", 3]}], "
    "\"outputs\": [{\"name\": \"sum\", \"type\": \"F32\", \"shape\": [\"N\"]}, "
    "{\"name\": \"twice\", \"type\": \"F32\", \"shape\": [\"N\", 3]}]";
constexpr char kScript[] = "def forward(self, x):\n  return x.sum(1), 2 * x\n";

std::string Card(const std::string& more = "") {
  return std::string("\"role\": \"test\", ") + kTensors + more;
}

ModuleContract Contract() {
  const Axis n{0, "N"};
  return {"test",
          {{"x", TensorType::kF32, {n, {3, ""}}}},
          {{"sum", TensorType::kF32, {n}}, {"twice", TensorType::kF32, {n, {3, ""}}}},
          {{"extra", TensorType::kF32, {n}}},
          {{"side_px", 7.0}}};
}

ExportedModule Open(const std::string& path) { return ExportedModule(path, Contract(), "cpu"); }

Tensors Input(int64_t n) { return {{"x", at::arange(3 * n, at::kFloat).view({n, 3})}}; }

TEST(ExportedModule, RunsByName) {
  const TemporaryFolder folder;
  const std::string path = folder.File("module.pt");
  MakeScriptModule(path, kScript, Card(", \"note\": \"for the test\""));
  const ExportedModule module = Open(path);
  EXPECT_EQ(module.card().settings.at("side_px"), 7);
  for (const int64_t n : {2, 5}) {
    const Tensors outputs = module.Run(Input(n));
    EXPECT_EQ(outputs.at("sum").sizes(), at::IntArrayRef({n}));
    EXPECT_EQ(outputs.at("sum")[1].item<float>(), 12);
    EXPECT_EQ(outputs.at("twice")[1][2].item<float>(), 10);
  }
}

// The types of the card are those of the module; its caller has float32.
TEST(ExportedModule, ConvertsToTheTypesOfTheCard) {
  const TemporaryFolder folder;
  const std::string path = folder.File("module.pt");
  const std::string card = std::regex_replace(Card(), std::regex("F32"), "BF16");
  MakeScriptModule(path, "def forward(self, x):\n  return x.sum(1), x + x\n", card);
  const Tensors outputs = Open(path).Run(Input(2));
  EXPECT_EQ(outputs.at("sum").scalar_type(), at::kFloat);
  EXPECT_EQ(outputs.at("twice")[1][2].item<float>(), 10);
}

// The optimising executor of TorchScript would answer the third call with other code than the first.
TEST(ExportedModule, TheSameBitsInEveryCallAndThread) {
  const TemporaryFolder folder;
  const std::string path = folder.File("module.pt");
  MakeScriptModule(path,
                   "def forward(self, x):\n  y = (x * 0.37 + 1.1).sin() * x.exp()\n  return y.sum(1), "
                   "y.tanh() / 3.3 + x\n",
                   Card());
  const ExportedModule module = Open(path);
  const Tensors input = {{"x", at::linspace(-3, 3, 30000).view({10000, 3})}};
  UseOneTorchThread();
  const Tensors first = module.Run(input);
  std::vector<Tensors> later(8);
  ParallelFor(8, 4, [&](int i) {
    UseOneTorchThread();
    later[i] = module.Run(input);
  });
  for (const Tensors& outputs : later) {
    for (const char* name : {"sum", "twice"}) {
      EXPECT_TRUE(at::equal(outputs.at(name), first.at(name))) << name;
    }
  }
}

// What no video can help is an error of usage, which ends a job; the rest rejects the video.
TEST(ExportedModule, OutputsThatBreakTheCardAreRefused) {
  struct Case {
    const char* script;
    ErrorKind kind;
    std::vector<std::string> message;
  };
  const std::vector<Case> cases = {
      {"def forward(self, x):\n  return x.sum(1), (x - x) / (x - x)\n",
       ErrorKind::kBadInput,
       {"module.pt", "'twice' holds 6 of 6 numbers that are not finite", "export it in float32"}},
      {"def forward(self, x):\n  assert x.size(0) == 77, 'only 77'\n  return x, x\n",
       ErrorKind::kBadInput,
       {"module.pt", "only 77"}},
      {"def forward(self, x):\n  return x.matmul(x), x\n", ErrorKind::kBadInput, {"module.pt"}},
      {"def forward(self, x):\n  return x.sum(1), x[:, :2]\n",
       ErrorKind::kUsage,
       {"'twice' is F32 [2, 2], declared is F32 [N, 3]", "correct the card"}},
      {"def forward(self, x):\n  return x.sum(1)[1:], x\n",
       ErrorKind::kUsage,
       {"'sum' is F32 [1]", "N is 2 elsewhere"}},
      {"def forward(self, x):\n  return x.sum(1).double(), x\n", ErrorKind::kUsage, {"'sum' is F64"}},
      {"def forward(self, x):\n  return x.sum(1).short(), x\n",
       ErrorKind::kUsage,
       {"module.pt", "'sum' is of the type Short"}},
      {"def forward(self, x):\n  return x\n", ErrorKind::kUsage, {"has 1 tensors, its card declares 2"}},
      {"def forward(self, x):\n  return 'text'\n", ErrorKind::kUsage, {"forward returns a String"}},
  };
  const TemporaryFolder folder;
  const std::string path = folder.File("module.pt");
  for (const Case& broken : cases) {
    SCOPED_TRACE(broken.script);
    MakeScriptModule(path, broken.script, Card());
    const ExportedModule module = Open(path);
    ExpectError(broken.kind, broken.message, [&] { module.Run(Input(2)); });
    try {
      module.Run(Input(2));
    } catch (const Error& error) {
      EXPECT_EQ(error.reason(), broken.kind == ErrorKind::kBadInput ? "network_output" : "");
    }
  }
}

TEST(ExportedModule, InputsThatBreakTheCardAreBugs) {
  const TemporaryFolder folder;
  const std::string path = folder.File("module.pt");
  MakeScriptModule(path, kScript, Card());
  const ExportedModule module = Open(path);
  ExpectError(ErrorKind::kContract, {"no input 'x'"}, [&] { module.Run({{"y", at::ones({1})}}); });
  ExpectError(ErrorKind::kContract, {"input 'x' is F32 [2, 4]"}, [&] {
    module.Run({{"x", at::ones({2, 4})}});
  });
  ExpectError(ErrorKind::kContract, {"input 'x' is I64"}, [&] {
    module.Run({{"x", at::ones({2, 3}, at::kLong)}});
  });
}

// Each field of the card, broken.
TEST(ModuleCard, NamesWhatIsWrong) {
  struct Case {
    const char *from, *to;
    std::vector<std::string> message;
  };
  const std::vector<Case> cases = {
      {"foothold-module", "other", {"module.pt.json", "format"}},
      {"\"version\": 1", "\"version\": 2", {"version", "newer program"}},
      {"\"role\": \"test\"", "\"role\": \"body\"", {"role: is 'body'", "'test'", "rename"}},
      {"\"role\"", "\"rolle\"", {"'rolle' is no field", "did you mean 'role'?"}},
      {"\"torch\": \"2", "\"torch\": \"9", {"exported by 9", "export it again"}},
      {"\"torch\": \"2.", "\"torch\": \"two.", {"torch: must be the version"}},
      {"\"sha256\": \"", "\"sha256\": \"Z", {"sha256: must be 64"}},
      {"\"name\": \"x\"", "\"name\": \"y\"", {"inputs: 'x' is missing", "F32 [N, 3]"}},
      {"\"name\": \"sum\"", "\"name\": \"sun\"", {"outputs: 'sum' is missing"}},
      {"\"type\": \"F32\"", "\"type\": \"F31\"", {"type 'F31' is none of"}},
      {"\"type\": \"F32\"", "\"type\": \"I64\"", {"inputs: 'x': type is I64; it must be F32 [N, 3]"}},
      {"[\"N\", 3]}], ", "[\"N\", 4]}], ", {"'x': shape [N, 4]; it must be F32 [N, 3]"}},
      {"[\"N\", 3]}], ", "[\"N\", \"C\"]}], ", {"'x': shape [N, C]; it must be F32 [N, 3]"}},
      {"[\"N\", 3]}], ", "[\"N\"]}], ", {"'x': shape [N] has 1 axes"}},
      {"[\"N\", 3]}], ", "[\"N\", 99999999999999999999]}], ", {"byte"}},
      {"[\"N\", 3]}], ", "[\"7\", 3]}], ", {"no name of an axis"}},
      {"\"inputs\"", "\"settings\": {\"side\": 3}, \"inputs\"", {"settings", "no 'side'"}},
      {"\"inputs\"", "\"device\": \"tpu\", \"inputs\"", {"device: 'tpu'"}},
      {"\"inputs\"", "\"device\": \"cuda\", \"inputs\"", {"device: the module is for cuda"}},
      {"\"inputs\"", "\"role\": \"test\", \"inputs\"", {"'role' stands twice"}},
      {"}", "", {"module.pt.json", "byte"}},
  };
  const TemporaryFolder folder;
  const std::string path = folder.File("module.pt");
  MakeScriptModule(path, kScript, Card());
  std::ostringstream whole;
  whole << std::ifstream(CardPathOf(path)).rdbuf();
  for (const Case& broken : cases) {
    SCOPED_TRACE(std::string(broken.from) + " -> " + broken.to);
    std::string text = whole.str();
    const size_t at = text.find(broken.from);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, std::string(broken.from).size(), broken.to);
    folder.Write("module.pt.json", text);
    ExpectError(ErrorKind::kBadInput, broken.message, [&] { Open(path); });
  }
  // Cut anywhere, it is an error and never a crash.
  for (size_t size = 0; size + 1 < whole.str().size(); size += 7) {
    ExpectError(
        ErrorKind::kBadInput, {"card"}, [&] { ParseModuleCard(whole.str().substr(0, size), "card"); });
  }
}

TEST(ExportedModule, FilesThatAreNotWhatTheySay) {
  const TemporaryFolder folder;
  const std::string path = folder.File("module.pt");
  ExpectError(ErrorKind::kBadInput, {"module.pt: missing", "role 'test'"}, [&] { Open(path); });
  folder.Write("module.pt", "no module at all");
  ExpectError(ErrorKind::kBadInput, {"module.pt.json", "missing", "docs/networks.md"}, [&] { Open(path); });
  WriteCard(path, Card());
  ExpectError(
      ErrorKind::kBadInput, {"module.pt: is no TorchScript module", "torch.jit.save"}, [&] { Open(path); });
  MakeScriptModule(path, kScript, Card());
  std::ofstream(path, std::ios::app) << "x";
  ExpectError(ErrorKind::kBadInput, {"module.pt: sha256 is", "damaged"}, [&] { Open(path); });
  const std::string other = folder.Write("module.onnx", "onnx");
  WriteCard(other, Card());
  ExpectError(ErrorKind::kBadInput, {"must end in .pt"}, [&] { Open(other); });
  if (!at::hasCUDA()) {
    MakeScriptModule(path, kScript, Card());
    ExpectError(ErrorKind::kDevice, {"sees no GPU"}, [&] { ExportedModule(path, Contract(), "cuda"); });
  }
}

TEST(AotInductor, FilesThatAreNoPackage) {
  const TemporaryFolder folder;
  const std::string path = folder.Write("module.pt2", "no package at all");
  WriteCard(path, Card());
  ExpectError(ErrorKind::kBadInput, {"module.pt2.json", "device", "one device"}, [&] { Open(path); });
  WriteCard(path, Card(", \"device\": \"cpu\""));
  ExpectError(ErrorKind::kBadInput,
              {"module.pt2: is no package of AOTInductor", "aoti_compile_and_package"},
              [&] { Open(path); });
  // Compiled code is for one release of torch, also an older one.
  std::ostringstream card;
  card << std::ifstream(CardPathOf(path)).rdbuf();
  folder.Write("module.pt2.json",
               std::regex_replace(card.str(), std::regex("\"torch\": \"[0-9.]*\""), "\"torch\": \"2.6.0\""));
  ExpectError(ErrorKind::kBadInput, {"exported by 2.6.0"}, [&] { Open(path); });
  // A module of the other kind under this name.
  MakeScriptModule(path, kScript, Card(", \"device\": \"cpu\""));
  ExpectError(ErrorKind::kBadInput, {"is no package of AOTInductor"}, [&] { Open(path); });
}

// Where FOOTHOLD_TORCH_PYTHON names an interpreter whose torch can be imported and compiles.
TEST(AotInductor, RunsWhatPythonExported) {
  const char* python = std::getenv("FOOTHOLD_TORCH_PYTHON");
  if (python == nullptr) {
    GTEST_SKIP() << "FOOTHOLD_TORCH_PYTHON names no Python with a whole torch: no package is made and run";
  }
  const TemporaryFolder folder;
  const std::string path = folder.File("module.pt2");
  const std::string script = folder.Write("export.py",
                                          "import sys, torch\n"
                                          "class M(torch.nn.Module):\n"
                                          "  def forward(self, x):\n"
                                          "    return x.sum(1), 2 * x\n"
                                          "n = torch.export.Dim('N', min=2, max=64)\n"
                                          "p = torch.export.export(M(), (torch.ones(4, 3),),\n"
                                          "                        dynamic_shapes=({0: n},))\n"
                                          "torch._inductor.aoti_compile_and_package(p, "
                                          "package_path=sys.argv[1])\n");
  const std::string command = std::string(python) + " " + script + " " + path;
  ASSERT_EQ(std::system(command.c_str()), 0);
  WriteCard(path, Card(", \"device\": \"cpu\""));
  const ExportedModule module = Open(path);
  EXPECT_EQ(module.Run(Input(5)).at("twice")[1][2].item<float>(), 10);
  // Beyond what it was compiled for: an error, not another tensor's memory.
  ExpectError(ErrorKind::kUsage, {"module.pt2"}, [&] { module.Run(Input(1000)); });
}

}  // namespace
}  // namespace foothold
