// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception_networks/network_images.h"

#include <gtest/gtest.h>

#include "foothold/networks/exported/exported_module.h"
#include "foothold/networks/tensor.h"
#include "foothold/perception_networks/role_contracts.h"
#include "perception_networks/stub_networks.h"
#include "support/expect_error.h"
#include "support/made_modules.h"

namespace foothold {
namespace {

// A network that returns the brightness of each picture's left half in place of a mask.
constexpr char kScript[] =
    "def forward(self, images):\n"
    "  left = images[:, :, :, :images.size(3) // 2].mean([1, 2, 3])\n"
    "  return left.view([-1, 1, 1]).expand(images.size(0), images.size(2), images.size(3)).contiguous()\n";

ExportedModule Module(const TemporaryFolder& folder,
                      const std::string& shape,
                      const std::string& settings = "") {
  const std::string path = folder.File("mask.pt");
  const std::string out = "[" + shape.substr(1, shape.find(',')) + shape.substr(shape.find('3') + 2);
  MakeScriptModule(path,
                   kScript,
                   R"("role": "mask", "inputs": [{"name": "images", "type": "F32", "shape": )" + shape +
                       R"(}], "outputs": [{"name": "people", "type": "F32", "shape": )" + out + "}]" +
                       settings);
  return ExportedModule(path, ContractOf(role::kMask), "cpu");
}

// Pi3X's rule (../shared/design/josh.md, section 1): 255,000 pixels in multiples of 14.
TEST(NetworkPicture, StretchesToMultiples) {
  const TemporaryFolder folder;
  const ExportedModule module =
      Module(folder, R"(["N", 3, "H", "W"])", R"(, "settings": {"max_area_px": 255000, "multiple_px": 14})");
  for (const auto& [width, height] : {std::pair(1920, 1080), std::pair(512, 288), std::pair(640, 480)}) {
    const ImageTransform t = NetworkPicture(module, width, height);
    EXPECT_EQ(t.width % 14, 0);
    EXPECT_EQ(t.height % 14, 0);
    EXPECT_LE(t.width * t.height, 255000);
    EXPECT_GT(t.width * t.height, 230000);
    EXPECT_NEAR(static_cast<double>(t.width) / t.height, static_cast<double>(width) / height, 0.06);
    // Edges onto edges.
    EXPECT_NEAR(t.scale_x * -0.5 + t.offset_x_px, -0.5, 1e-9);
    EXPECT_NEAR(t.scale_y * (height - 0.5) + t.offset_y_px, t.height - 0.5, 1e-9);
  }
}

TEST(NetworkPicture, FixedSidesKeepTheShapeOfThePicture) {
  const TemporaryFolder folder;
  const ImageTransform t = NetworkPicture(Module(folder, R"(["N", 3, 64, 96])"), 192, 64);
  EXPECT_EQ(t.width, 96);
  EXPECT_EQ(t.height, 64);
  EXPECT_EQ(t.scale_x, 0.5);
  EXPECT_EQ(t.scale_y, 0.5);
  EXPECT_NEAR(t.offset_x_px, -0.25, 1e-12);
  const ExportedModule half = Module(folder, R"(["N", 3, 64, "W"])");
  ExpectError(ErrorKind::kBadInput, {"mask.pt.json", "both sides"}, [&] { NetworkPicture(half, 192, 64); });
  const ExportedModule odd = Module(folder, R"(["N", 3, "H", "W"])", R"(, "settings": {"multiple_px": 0.5})");
  ExpectError(ErrorKind::kBadInput, {"multiple_px"}, [&] { NetworkPicture(odd, 192, 64); });
}

TEST(CropOf, IsASquareAroundTheBox) {
  const TemporaryFolder folder;
  const NetworkOptions options = WriteStubNetworks(folder, {});
  const ExportedModule module(options.modules + "/body.pt", ContractOf(role::kBody), "cpu");
  const SquareCrop crop = CropOf(module, {100, 50, 40, 100}, 320, 240);
  EXPECT_DOUBLE_EQ(crop.side_px, 120);
  const ImageTransform& t = crop.crop_from_picture;
  EXPECT_EQ(t.width, 64);
  EXPECT_NEAR(t.scale_x * 120 + t.offset_x_px, 31.5, 1e-9);  // The middle of the box.
  EXPECT_NEAR(t.scale_y * 100 + t.offset_y_px, 31.5, 1e-9);
}

// Whatever the batch and the threads, and where the card fixes the batch.
TEST(RunOverPictures, GivesEachPictureItsOwnOutput) {
  const TemporaryFolder folder;
  for (const char* shape : {R"(["N", 3, 8, 8])", "[4, 3, 8, 8]"}) {
    const ExportedModule module = Module(folder, shape);
    for (const int batch : {1, 3, 16}) {
      for (const int threads : {1, 3}) {
        std::vector<float> left(10, -1);
        RunOverPictures(
            module,
            10,
            batch,
            threads,
            [](int k) { return ImageU8(8, 8, 3, static_cast<uint8_t>(25 * k)); },
            [&](int k, const PictureOutputs& outputs) {
              EXPECT_EQ(outputs.at("people").sizes(), at::IntArrayRef({8, 8}));
              left[k] = outputs.at("people")[3][5].item<float>();
            });
        for (int k = 0; k < 10; ++k) EXPECT_NEAR(left[k], 25 * k / 255.0, 1e-6) << shape << batch << threads;
      }
    }
  }
}

}  // namespace
}  // namespace foothold
