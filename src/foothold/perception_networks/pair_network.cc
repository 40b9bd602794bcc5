// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception_networks/pair_network.h"

#include <cstring>

#include "foothold/base/error.h"
#include "foothold/networks/mast3r.h"
#include "foothold/perception_networks/network_images.h"

namespace foothold {

struct PairNetwork::Encoding {
  ImageTokens tokens;  // Batch of one.
};

struct PairNetwork::Impl {
  std::string path;
  at::Device device;
  at::ScalarType precision;
  ParameterSet parameters;
  std::unique_ptr<Mast3r> network;

  Impl(const std::string& weights, const std::string& device_name, const std::string& precision_name)
      : path(weights), device(DeviceNamed(device_name)), precision(PrecisionNamed(precision_name)) {
    const SafetensorsFile file(path);
    network = std::make_unique<Mast3r>(Scope(&parameters), Mast3rConfigOf(file));
    parameters.Load(file);
    parameters.To(device, precision);
  }
};

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

ImageTokens Together(const std::vector<const ImageTokens*>& images) {
  std::vector<at::Tensor> tokens;
  for (const ImageTokens* image : images) tokens.push_back(image->tokens);
  return {images[0]->rows, images[0]->columns, at::cat(tokens)};
}

}  // namespace

PairNetwork::PairNetwork(const std::string& path, const std::string& device, const std::string& precision) {
  TranslateTorchErrors(path, [&] { impl_ = std::make_unique<Impl>(path, device, precision); });
}
PairNetwork::~PairNetwork() = default;

int PairNetwork::patch_size_px() const { return impl_->network->config().patch_size_px; }

PairNetwork::Encodings PairNetwork::Encode(const std::vector<const ImageU8*>& images) const {
  Encodings encodings;
  TranslateTorchErrors(impl_->path, [&] {
    const c10::NoGradGuard no_gradients;
    std::vector<at::Tensor> pictures;
    for (const ImageU8* image : images) pictures.push_back(2 * PictureTensor(*image) - 1);
    const ImageTokens all = impl_->network->Encode(at::stack(pictures).to(impl_->device, impl_->precision));
    for (int64_t k = 0; k < all.tokens.size(0); ++k) {
      encodings.push_back(std::make_shared<Encoding>(Encoding{all.Select({k})}));
    }
  });
  return encodings;
}

std::vector<PairSight> PairNetwork::Look(
    const std::vector<std::pair<const Encoding*, const Encoding*>>& pairs) const {
  std::vector<PairSight> sights(pairs.size());
  TranslateTorchErrors(impl_->path, [&] {
    const c10::NoGradGuard no_gradients;
    std::vector<const ImageTokens*> firsts, seconds;
    for (const auto& [first, second] : pairs) {
      firsts.push_back(&first->tokens);
      seconds.push_back(&second->tokens);
    }
    const ImageTokens first = Together(firsts), second = Together(seconds);
    for (const bool swapped : {false, true}) {
      const DecodedPairs decoded =
          swapped ? impl_->network->Decode(second, first) : impl_->network->Decode(first, second);
      const DenseView a = impl_->network->FirstView(decoded.first, true);
      const DenseView b = impl_->network->SecondView(decoded.second, true);
      for (size_t k = 0; k < pairs.size(); ++k) {
        const auto at = static_cast<int64_t>(k);
        PairView& view = swapped ? sights[k].second : sights[k].first;
        view.points_m = ImageOf(a.points, at, impl_->path, "points");
        view.confidence = ImageOf(a.confidence, at, impl_->path, "confidences");
        PairDescriptors& descriptors = swapped ? sights[k].decoded_21 : sights[k].decoded_12;
        const auto keep = [&](const DenseView& side, ImageF* values, ImageF* confidence) {
          *values = ImageOf(side.descriptors, at, impl_->path, "descriptors");
          *confidence = ImageOf(side.descriptor_confidence, at, impl_->path, "descriptor confidences");
        };
        // `a` lies on image 1, whichever was decoded first.
        keep(swapped ? b : a, &descriptors.descriptors_a, &descriptors.confidence_a);
        keep(swapped ? a : b, &descriptors.descriptors_b, &descriptors.confidence_b);
      }
    }
  });
  return sights;
}

}  // namespace foothold
