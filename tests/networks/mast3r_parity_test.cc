// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "foothold/networks/mast3r.h"
#include "support/parity_file.h"
#include "support/parity_tensor.h"

namespace foothold {
namespace {

constexpr char kValues[] = "net_mast3r_tiny.h5";
constexpr char kWeights[] = "net_mast3r_tiny.safetensors";

// The reference's network and its stored cases.
class MASt3RParity : public testing::Test {
 protected:
  void Load(at::ScalarType type) {
    type_ = type;
    file_ = std::make_unique<ParityFile>(kValues);
    const SafetensorsFile weights(ParityPath(kWeights));
    network_ = std::make_unique<Mast3r>(Scope(&parameters_), Mast3rConfigOf(weights));
    parameters_.Load(weights);
    parameters_.To(at::kCPU, type);
  }

  // Compares every stage that is stored under `group`, and remembers it.
  TensorObserver Comparing(const std::string& group) {
    return [this, group](const std::string& stage, const at::Tensor& tensor) {
      const std::string path = group + "/" + stage;
      if (!file_->Has(path)) return;
      compared_.insert(path);
      EXPECT_TRUE(MatchesParity(*file_, path, tensor));
    };
  }

  void CompareView(const std::string& group, const DenseView& view) {
    if (!file_->Has(group)) return;
    const TensorObserver compare = Comparing(group);
    compare("pts3d", view.points);
    compare("conf", view.confidence);
    compare("desc", view.descriptors);
    compare("desc_conf", view.descriptor_confidence);
  }

  // Decodes with `first` first; the groups of files are dec<order>, head<order> and out<order>.
  void CompareDecode(const std::string& name,
                     const std::string& order,
                     const ImageTokens& first,
                     const ImageTokens& second) {
    const TensorObserver decoder = Comparing(name + "/dec" + order);
    const DecodedPairs pairs = network_->Decode(first, second, &decoder);
    const TensorObserver head_a = Comparing(name + "/head" + order + "/a");
    const TensorObserver head_b = Comparing(name + "/head" + order + "/b");
    CompareView(name + "/out" + order + "/a", network_->FirstView(pairs.first, true, &head_a));
    CompareView(name + "/out" + order + "/b", network_->SecondView(pairs.second, true, &head_b));
  }

  void CollectDatasets(const std::string& group, std::set<std::string>* paths) const {
    for (const std::string& name : file_->Names(group)) {
      const std::string path = group + "/" + name;
      if (file_->IsGroup(path)) {
        CollectDatasets(path, paths);
      } else if (name != "image1" && name != "image2") {
        paths->insert(path);
      }
    }
  }

  void CompareEverything(at::ScalarType type);

  at::ScalarType type_ = at::kFloat;
  std::unique_ptr<ParityFile> file_;
  ParameterSet parameters_;
  std::unique_ptr<Mast3r> network_;
  std::set<std::string> compared_;
};

void MASt3RParity::CompareEverything(at::ScalarType type) {
  Load(type);
  const c10::NoGradGuard no_gradients;
  std::set<std::string> stored;
  for (const std::string& name : file_->Names("/")) {
    if (!file_->Has(name + "/image1")) continue;
    CollectDatasets(name, &stored);
    std::vector<ImageTokens> images;
    for (const std::string index : {"1", "2"}) {
      const TensorObserver encoder = Comparing(name + "/enc/" + index);
      images.push_back(
          network_->Encode(ReadTensor(*file_, name + "/image" + index, type_).unsqueeze(0), &encoder));
    }
    CompareDecode(name, "12", images[0], images[1]);
    CompareDecode(name, "21", images[1], images[0]);
  }
  EXPECT_GT(stored.size(), 100u);
  for (const std::string& path : stored) EXPECT_TRUE(compared_.count(path)) << path << " was not compared";
}

TEST_F(MASt3RParity, EveryStoredTensorInFloat32) {
  FOOTHOLD_REQUIRE_PARITY(kValues);
  FOOTHOLD_REQUIRE_PARITY(kWeights);
  CompareEverything(at::kFloat);
}
TEST_F(MASt3RParity, EveryStoredTensorInFloat64) {
  FOOTHOLD_REQUIRE_PARITY(kValues);
  FOOTHOLD_REQUIRE_PARITY(kWeights);
  CompareEverything(at::kDouble);
}

TEST_F(MASt3RParity, RotaryEmbedding) {
  FOOTHOLD_REQUIRE_PARITY(kValues);
  const ParityFile file(kValues);
  const double base = file.Attribute("config", "rope_base");
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const at::Tensor heads = ReadTensor(file, "rope/tokens", type).unsqueeze(0);
    for (const std::string suffix : {"", "_negative"}) {
      const at::Tensor positions = ReadTensor(file, "rope/positions" + suffix, at::kLong);
      const RotaryTable table = MakeRotaryTable(positions, static_cast<int>(heads.size(3)), base, type);
      EXPECT_TRUE(MatchesParity(file, "rope/rotated" + suffix, Rotate(heads, table)));
    }
  }
}

}  // namespace
}  // namespace foothold
