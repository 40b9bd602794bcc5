// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception_networks/pair_network.h"

#include <cstring>

#include "foothold/base/error.h"
#include "foothold/networks/mast3r.h"
#include "foothold/perception_networks/network_images.h"

namespace foothold {

namespace {

// Entry `index` of a batch [B, H, W] or [B, H, W, C], which must be finite.
ImageF ImageOf(const at::Tensor& batch, int64_t index, const std::string& path, const char* what) {
  const at::Tensor values = batch[index].to(at::kCPU, at::kFloat).contiguous();
  if (!at::isfinite(values).all().item<bool>()) {
    throw Error(ErrorKind::kBadInput,
                path + ": MASt3R's " + what +
                    " hold a number that is not finite; the weights are damaged or were not trained, or "
                    "networks.precision is too short: use fp32 or bf16")
        .WithReason("network_output");
  }
  const int channels = values.dim() == 3 ? static_cast<int>(values.size(2)) : 1;
  ImageF image(static_cast<int>(values.size(1)), static_cast<int>(values.size(0)), channels);
  std::memcpy(image.data.data(), values.const_data_ptr<float>(), image.data.size() * sizeof(float));
  return image;
}

struct Tokens : PairNetwork::Encoding {
  ImageTokens tokens;  // Batch of one.
};

ImageTokens Together(const std::vector<const ImageTokens*>& images) {
  std::vector<at::Tensor> tokens;
  for (const ImageTokens* image : images) tokens.push_back(image->tokens);
  return {images[0]->rows, images[0]->columns, at::cat(tokens)};
}

class Mast3rOnPairs : public PairNetwork {
 public:
  Mast3rOnPairs(const std::string& path, const std::string& device, const std::string& precision)
      : path_(path), device_(DeviceNamed(device)), precision_(PrecisionNamed(precision)) {
    const SafetensorsFile file(path);
    network_ = std::make_unique<Mast3r>(Scope(&parameters_), Mast3rConfigOf(file));
    parameters_.Load(file);
    parameters_.To(device_, precision_);
  }

  int patch_size_px() const override { return network_->config().patch_size_px; }

  Encodings Encode(const std::vector<const ImageU8*>& images) const override {
    Encodings encodings;
    TranslateTorchErrors(path_, [&] {
      const c10::NoGradGuard no_gradients;
      std::vector<at::Tensor> pictures;
      for (const ImageU8* image : images) pictures.push_back(2 * PictureTensor(*image) - 1);
      const ImageTokens all = network_->Encode(at::stack(pictures).to(device_, precision_));
      for (int64_t k = 0; k < all.tokens.size(0); ++k) {
        const auto encoding = std::make_shared<Tokens>();
        encoding->tokens = all.Select({k});
        encodings.push_back(encoding);
      }
    });
    return encodings;
  }

  std::vector<PairSight> Look(const EncodedPairs& pairs) const override {
    std::vector<PairSight> sights(pairs.size());
    TranslateTorchErrors(path_, [&] {
      const c10::NoGradGuard no_gradients;
      std::vector<const ImageTokens*> firsts, seconds;
      for (const auto& [first, second] : pairs) {
        firsts.push_back(&static_cast<const Tokens*>(first)->tokens);
        seconds.push_back(&static_cast<const Tokens*>(second)->tokens);
      }
      const ImageTokens first = Together(firsts), second = Together(seconds);
      for (const bool swapped : {false, true}) {
        const DecodedPairs decoded =
            swapped ? network_->Decode(second, first) : network_->Decode(first, second);
        const DenseView a = network_->FirstView(decoded.first, true);
        const DenseView b = network_->SecondView(decoded.second, true);
        for (size_t k = 0; k < pairs.size(); ++k) Keep(a, b, static_cast<int64_t>(k), swapped, &sights[k]);
      }
    });
    return sights;
  }

 private:
  // `a` is of the image that was decoded first: the second of the pair when swapped.
  void Keep(const DenseView& a, const DenseView& b, int64_t k, bool swapped, PairSight* sight) const {
    PairView& view = swapped ? sight->second : sight->first;
    view.points_m = ImageOf(a.points, k, path_, "points");
    view.confidence = ImageOf(a.confidence, k, path_, "confidences");
    PairDescriptors& descriptors = swapped ? sight->decoded_21 : sight->decoded_12;
    const DenseView &of_first = swapped ? b : a, &of_second = swapped ? a : b;
    descriptors.descriptors_a = ImageOf(of_first.descriptors, k, path_, "descriptors");
    descriptors.descriptors_b = ImageOf(of_second.descriptors, k, path_, "descriptors");
    descriptors.confidence_a = ImageOf(of_first.descriptor_confidence, k, path_, "descriptor confidences");
    descriptors.confidence_b = ImageOf(of_second.descriptor_confidence, k, path_, "descriptor confidences");
  }

  std::string path_;
  at::Device device_;
  at::ScalarType precision_;
  ParameterSet parameters_;
  std::unique_ptr<Mast3r> network_;
};

}  // namespace

std::unique_ptr<PairNetwork> LoadMast3r(const std::string& path,
                                        const std::string& device,
                                        const std::string& precision) {
  std::unique_ptr<PairNetwork> network;
  TranslateTorchErrors(path, [&] { network = std::make_unique<Mast3rOnPairs>(path, device, precision); });
  return network;
}

}  // namespace foothold
