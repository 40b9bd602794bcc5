// SPDX-License-Identifier: Apache-2.0
#include "perception_networks/stub_networks.h"

#include <filesystem>

#include "foothold/networks/mast3r.h"
#include "foothold/pipeline/synthetic_dataset.h"
#include "labels/body_file.h"
#include "support/made_modules.h"

namespace foothold {
namespace {

std::string Number(double value) { return std::to_string(value); }

constexpr char kImages[] =
    "\"inputs\": [{\"name\": \"images\", \"type\": \"F32\", \"shape\": [\"N\", 3, \"H\", \"W\"]}], ";
constexpr char kCrops[] =
    "\"inputs\": [{\"name\": \"crops\", \"type\": \"F32\", \"shape\": [\"N\", 3, 64, 64]}], ";

std::string Output(const std::string& name, const std::string& shape) {
  return R"({"name": ")" + name + R"(", "type": "F32", "shape": )" + shape + "}";
}

}  // namespace

std::string WriteSmallVideo(const std::string& folder, const SmallVideo& video) {
  SyntheticDataset dataset;
  dataset.dir = folder;
  dataset.options.num_frames = video.num_frames;
  dataset.options.width = video.width;
  dataset.options.height = video.height;
  dataset.options.num_people = 1;
  return WriteSyntheticDataset(dataset, labels::ReadBodyModel(labels::DefaultBodyModelPath()), 1)[0];
}

void WriteTinyMast3r(const std::string& path, uint64_t seed) {
  ParameterSet parameters;
  const Mast3rConfig config = Mast3rConfig::Tiny();
  const Mast3r network(Scope(&parameters), config);
  parameters.Initialise(seed);
  parameters.Save(path, {{"config", ToJson(config)}}, true);
}

void WriteStub(const NetworkOptions& options,
               const std::string& role,
               const std::string& script,
               const std::string& tensors) {
  MakeScriptModule(options.modules + "/" + role + ".pt", script, "\"role\": \"" + role + "\", " + tensors);
}

NetworkOptions WriteStubNetworks(const TemporaryFolder& folder, const StubPerson& person) {
  NetworkOptions options;
  options.modules = folder.File("modules");
  options.mast3r = folder.File("mast3r.safetensors");
  options.window = 3;
  std::filesystem::create_directories(options.modules);
  WriteTinyMast3r(options.mast3r, 7);
  WriteStub(options,
            "detect",
            "def forward(self, images):\n"
            "  n, h, w = images.size(0), images.size(2), images.size(3)\n"
            "  box = torch.tensor([" +
                Number(person.x0) + " * w, " + Number(person.y0) + " * h, " + Number(person.x1) + " * w, " +
                Number(person.y1) +
                " * h])\n"
                "  boxes = torch.stack([box, box * 0])\n"
                "  scores = torch.tensor([" +
                Number(person.score) +
                ", 0.0])\n"
                "  return boxes.expand(n, 2, 4), scores.expand(n, 2)\n",
            kImages + ("\"outputs\": [" + Output("boxes", "[\"N\", \"D\", 4]") + ", " +
                       Output("scores", "[\"N\", \"D\"]") + "]"));
  // Turned by half a turn about x: the body's y axis points up, the camera's down.
  WriteStub(options,
            "body",
            "def forward(self, crops):\n"
            "  n = crops.size(0)\n"
            "  eye = torch.eye(3).expand(n, 23, 3, 3)\n"
            "  root = torch.diag(torch.tensor([1.0, -1.0, -1.0])).expand(n, 1, 3, 3)\n"
            "  camera = torch.tensor([" +
                Number(person.body_size) +
                ", 0.0, 0.0]).expand(n, 3)\n"
                "  return torch.cat([root, eye], 1), torch.zeros([n, 10]), camera\n",
            kCrops + ("\"outputs\": [" + Output("rotations", "[\"N\", 24, 3, 3]") + ", " +
                      Output("shape", "[\"N\", 10]") + ", " + Output("camera", "[\"N\", 3]") + "]"));
  return options;
}

void WriteMaskStub(const NetworkOptions& options, const StubPerson& person) {
  WriteStub(options,
            "mask",
            "def forward(self, images):\n"
            "  n, h, w = images.size(0), images.size(2), images.size(3)\n"
            "  people = torch.zeros([n, h, w])\n"
            "  people[:, int(" +
                Number(person.y0) + " * h):int(" + Number(person.y1) + " * h), int(" + Number(person.x0) +
                " * w):int(" + Number(person.x1) +
                " * w)] = 0.8\n"
                "  return people\n",
            kImages + ("\"outputs\": [" + Output("people", "[\"N\", \"H\", \"W\"]") + "]"));
}

void WriteDepthStub(const NetworkOptions& options, double depth_m) {
  WriteStub(options,
            "depth",
            "def forward(self, images):\n"
            "  n, h, w = images.size(0), images.size(2), images.size(3)\n"
            "  x = (torch.arange(w) - w / 2.0) / (1.2 * w)\n"
            "  y = (torch.arange(h) - h / 2.0) / (1.2 * w)\n"
            "  ray = torch.stack([x.view([1, w]).expand(h, w), y.view([h, 1]).expand(h, w), "
            "torch.ones([h, w])], 2)\n"
            "  return (" +
                Number(depth_m) + " * ray).expand(n, h, w, 3)\n",
            kImages + ("\"outputs\": [" + Output("points", "[\"N\", \"H\", \"W\", 3]") + "]"));
}

void WriteContactStub(const NetworkOptions& options, int num_vertices) {
  const std::string vertices = std::to_string(num_vertices);
  WriteStub(options,
            "contact",
            "def forward(self, crops):\n"
            "  return torch.full([crops.size(0), " +
                vertices + "], 0.75)\n",
            kCrops + ("\"outputs\": [" + Output("contact", "[\"N\", " + vertices + "]") + "]"));
}

}  // namespace foothold
