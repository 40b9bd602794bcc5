// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "foothold/base/error.h"
#include "foothold/networks/mast3r.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

at::Tensor RandomImages(int64_t count, int64_t rows, int64_t columns) {
  at::Generator generator = at::detail::createCPUGenerator(7);
  return at::rand({count, 3, rows, columns}, generator, at::dtype(at::kFloat)) * 2 - 1;
}

double LargestDifference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

struct Network {
  explicit Network(const Mast3rConfig& config = Mast3rConfig::Tiny(), uint64_t seed = 1)
      : network(Scope(&parameters), config) {
    parameters.Initialise(seed);
  }
  ParameterSet parameters;
  Mast3r network;
};

TEST(Mast3r, FullSizeHasTheReleasedNumberOfParameters) {
  ParameterSet parameters(at::kMeta);
  const Mast3r network{Scope(&parameters), Mast3rConfig()};
  EXPECT_EQ(parameters.NumParameters(), 688638856);
}

TEST(Mast3r, TinyIsTiny) {
  const Network tiny;
  EXPECT_LT(tiny.parameters.NumParameters(), 688638856 / 500);
}

// An image is encoded once, and pairs that go through the network together come out as if alone.
TEST(Mast3r, BatchedPairsEqualSinglePairs) {
  const Network tiny;
  const c10::NoGradGuard no_gradients;
  const at::Tensor images = RandomImages(3, 48, 64);
  const ImageTokens encoded = tiny.network.Encode(images);
  const std::vector<int64_t> first = {0, 0, 2}, second = {1, 2, 1};
  const DecodedPairs batch = tiny.network.Decode(encoded.Select(first), encoded.Select(second));
  const DenseView view1 = tiny.network.FirstView(batch.first, true),
                  view2 = tiny.network.SecondView(batch.second, true);
  for (size_t p = 0; p < first.size(); ++p) {
    const auto b = static_cast<int64_t>(p);
    const DecodedPairs pair = tiny.network.Decode(tiny.network.Encode(images.narrow(0, first[p], 1)),
                                                  tiny.network.Encode(images.narrow(0, second[p], 1)));
    const DenseView single1 = tiny.network.FirstView(pair.first, true),
                    single2 = tiny.network.SecondView(pair.second, true);
    EXPECT_LT(LargestDifference(view1.points.narrow(0, b, 1), single1.points), 1e-5);
    EXPECT_LT(LargestDifference(view2.points.narrow(0, b, 1), single2.points), 1e-5);
    EXPECT_LT(LargestDifference(view1.descriptors.narrow(0, b, 1), single1.descriptors), 1e-5);
    EXPECT_LT(LargestDifference(view2.descriptor_confidence.narrow(0, b, 1), single2.descriptor_confidence),
              1e-4);
  }
  EXPECT_EQ(view1.points.sizes().vec(), (std::vector<int64_t>{3, 48, 64, 3}));
  EXPECT_GE(view1.confidence.min().item<double>(), 1);
  EXPECT_LT(LargestDifference(at::linalg_vector_norm(view2.descriptors, 2, at::IntArrayRef{-1}),
                              at::ones({3, 48, 64})),
            1e-5);
}

TEST(Mast3r, LowerPrecisionStaysClose) {
  Network tiny;
  const c10::NoGradGuard no_gradients;
  const at::Tensor images = RandomImages(2, 48, 64);
  const auto points = [&] {
    const ImageTokens encoded = tiny.network.Encode(images);
    const DecodedPairs pairs = tiny.network.Decode(encoded.Select({0}), encoded.Select({1}));
    return tiny.network.FirstView(pairs.first, false).points;
  };
  const at::Tensor exact = points();
  const double scale = exact.abs().max().item<double>();
  // Eight and eleven significant bits; errors of some ten layers add up.
  for (const auto& [name, tolerance] : {std::pair("bf16", 5e-2), std::pair("fp16", 1e-2)}) {
    tiny.parameters.Initialise(1);
    tiny.parameters.To(at::kCPU, PrecisionNamed(name));
    const at::Tensor lower = points();
    EXPECT_EQ(lower.scalar_type(), at::kFloat);
    EXPECT_LT(LargestDifference(lower, exact), tolerance * scale) << name;
    EXPECT_GT(LargestDifference(lower, exact), 0) << name;
    tiny.parameters.To(at::kCPU, at::kFloat);
  }
}

TEST(Mast3r, RefusesImagesThatDoNotFit) {
  const Network tiny;
  for (const auto& shape : {std::vector<int64_t>{1, 3, 50, 64}, {1, 3, 48, 0}, {1, 1, 48, 64}, {3, 48, 64}}) {
    ExpectError(ErrorKind::kBadInput, {"cannot be encoded", "multiples of 16"}, [&] {
      tiny.network.Encode(at::zeros(shape));
    });
  }
}

TEST(Mast3rConfig, JsonRoundTrip) {
  const Mast3rConfig tiny = Mast3rConfig::Tiny();
  const Mast3rConfig read = Mast3rConfigFromJson(ToJson(tiny), "c");
  EXPECT_EQ(ToJson(read), ToJson(tiny));
  EXPECT_NE(ToJson(read), ToJson(Mast3rConfig()));
}

TEST(Mast3rConfig, BadOnesAreErrors) {
  const std::string good = ToJson(Mast3rConfig::Tiny());
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string json = good;
    const size_t at = json.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return json.replace(at, from.size(), to);
  };
  const auto expect = [](const std::string& json, const std::vector<std::string>& parts) {
    ExpectError(ErrorKind::kBadInput, parts, [&] { Mast3rConfigFromJson(json, "c.json"); });
  };
  expect(replaced("\"enc_depth\"", "\"enc_dept\""), {"c.json", "'enc_depth' is missing"});
  expect(replaced("\"enc_num_heads\": 4", "\"enc_num_heads\": 3"), {"enc_embed_dim over enc_num_heads"});
  expect(replaced("\"enc_embed_dim\": 64", "\"enc_embed_dim\": 64.5"), {"enc_embed_dim", "whole number"});
  expect(replaced("\"enc_embed_dim\": 64", "\"enc_embed_dim\": 1e8"), {"enc_embed_dim is 100000000"});
  expect(replaced("\"hooks\": [0, 2, 3, 4]", "\"hooks\": [0, 2, 3, 5]"), {"hooks are not layers"});
  expect(replaced("\"hooks\": [0, 2, 3, 4]", "\"hooks\": [0, 2, 3]"), {"'hooks' does not have 4 numbers"});
  expect(replaced("\"depth_mode\": \"exp\"", "\"depth_mode\": \"linear\""), {"depth_mode", "only 'exp'"});
  expect("{", {"c.json: byte 1"});
  Mast3rConfig config;
  config.encoder_heads = 0;
  EXPECT_NE(config.Check(), "");
}

TEST(Parameters, SaveAndLoad) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/w.safetensors";
  const Network written(Mast3rConfig::Tiny(), 1);
  Network read(Mast3rConfig::Tiny(), 2);
  EXPECT_FALSE(at::equal(read.parameters.Entry("enc_blocks.0.attn.qkv.weight").tensor,
                         written.parameters.Entry("enc_blocks.0.attn.qkv.weight").tensor));
  written.parameters.Save(path, {{"config", ToJson(written.network.config())}}, false);
  const SafetensorsFile file(path);
  EXPECT_EQ(ToJson(Mast3rConfigOf(file)), ToJson(Mast3rConfig::Tiny()));
  read.parameters.Load(file);
  for (const NamedTensor& entry : written.parameters.entries()) {
    EXPECT_TRUE(at::equal(entry.tensor, read.parameters.Entry(entry.name).tensor)) << entry.name;
  }
  read.parameters.Initialise(1);
  EXPECT_TRUE(
      at::equal(read.parameters.Entry("mask_token").tensor, written.parameters.Entry("mask_token").tensor));
}

// Files that differ from the network in one thing: each a clear error, and the network as it was.
class LoadErrors : public testing::Test {
 protected:
  void SetUp() override {
    tensors_ = network_.parameters.Snapshot();
    before_ = network_.parameters.Snapshot();
  }
  SafetensorsFile File() const {
    std::map<std::string, TensorView> views;
    for (const auto& [name, tensor] : tensors_) views[name] = ViewOf(tensor);
    return SafetensorsFile::FromBytes(FormatSafetensors(views, {}), "w.safetensors");
  }
  void Expect(const std::vector<std::string>& parts) {
    ExpectError(ErrorKind::kBadInput, parts, [&] { network_.parameters.Load(File()); });
    for (const auto& [name, tensor] : before_)
      EXPECT_TRUE(at::equal(tensor, network_.parameters.Entry(name).tensor)) << name;
  }
  Network network_;
  std::map<std::string, at::Tensor> tensors_, before_;
};

TEST_F(LoadErrors, MissingName) {
  tensors_.erase("enc_norm.bias");
  Expect({"w.safetensors", "no tensor 'enc_norm.bias'"});
}
TEST_F(LoadErrors, UnexpectedName) {
  tensors_["enc_norm.biass"] = at::zeros({1});
  Expect({"'enc_norm.biass' is not of this network", "nearest is 'enc_norm.bias'"});
  network_.parameters.Load(File(), "", {"enc_norm.biass"});
}
TEST_F(LoadErrors, WrongShape) {
  tensors_["enc_norm.bias"] = at::zeros({65});
  Expect({"'enc_norm.bias' has shape [65]", "[64]", "another configuration"});
}
TEST_F(LoadErrors, NotFinite) {
  tensors_["enc_norm.bias"][3] = std::nan("");
  Expect({"'enc_norm.bias'", "not finite"});
}
TEST_F(LoadErrors, NoneForOtherNamesAndTypes) {
  // Lateral convolutions under their other name, or both; half precision; a prefix.
  const std::string name = "downstream_head1.dpt.scratch.layer2_rn.weight",
                    alias = "downstream_head1.dpt.scratch.layer_rn.1.weight";
  tensors_[alias] = tensors_[name];
  network_.parameters.Load(File());
  tensors_.erase(name);
  tensors_["enc_norm.bias"] = at::full({64}, 1.5).to(at::kBFloat16);
  network_.parameters.Load(File());
  EXPECT_EQ(network_.parameters.Entry("enc_norm.bias").tensor[5].item<double>(), 1.5);
  EXPECT_TRUE(at::equal(network_.parameters.Entry(name).tensor, before_.at(name)));
}

TEST(Devices, NamesAreChecked) {
  EXPECT_EQ(DeviceNamed("cpu"), at::Device(at::kCPU));
  ExpectError(ErrorKind::kUsage, {"'gpu' is unknown"}, [] { DeviceNamed("gpu"); });
  ExpectError(ErrorKind::kUsage, {"'fp8' is unknown"}, [] { PrecisionNamed("fp8"); });
  if (!at::hasCUDA()) ExpectError(ErrorKind::kDevice, {"sees no GPU"}, [] { DeviceNamed("cuda"); });
}

TEST(Devices, TorchErrorsAreTranslated) {
  ExpectError(ErrorKind::kContract, {"adding", "size"}, [] {
    TranslateTorchErrors("adding", [] { at::ones({2}) + at::ones({3}); });
  });
}

}  // namespace
}  // namespace foothold
