// SPDX-License-Identifier: Apache-2.0
#include "foothold/train/flat_parameters.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

#include "foothold/base/error.h"

namespace foothold {
namespace {

constexpr int64_t kAlignment = 16;  // Numbers: 64 bytes.
constexpr char kBackbone[] = "mast3r.";

bool StartsWith(const std::string& text, const std::string& prefix) { return text.rfind(prefix, 0) == 0; }

bool IsTrained(const NamedTensor& entry, const TrainOptions& options) {
  if (!entry.is_parameter) return false;
  if (!StartsWith(entry.name, kBackbone)) return true;
  // Descriptors, and what the released network has but does not use.
  const auto within = [&](const char* part) { return entry.name.find(part) != std::string::npos; };
  return options.train_backbone && !within(".head_local_features.") && !within(".refinenet4.resConfUnit1.") &&
         !within(".mask_token");
}

double RateScaleOf(const std::string& name, const TrainOptions& options, int encoder_depth) {
  if (!StartsWith(name, kBackbone)) return 1;
  const std::string encoder = std::string(kBackbone) + "enc_blocks.";
  int layers_above = 0;
  if (StartsWith(name, encoder)) layers_above = encoder_depth - std::atoi(name.c_str() + encoder.size());
  if (StartsWith(name, std::string(kBackbone) + "patch_embed")) layers_above = encoder_depth + 1;
  return options.backbone_rate * std::pow(options.layer_decay, layers_above);
}

}  // namespace

ParameterLayout MakeLayout(const ParameterSet& parameters, const TrainOptions& options, int encoder_depth) {
  ParameterLayout layout;
  int64_t end = 0;
  for (auto entry = parameters.entries().rbegin(); entry != parameters.entries().rend(); ++entry) {
    if (!IsTrained(*entry, options)) continue;
    Segment segment;
    segment.name = entry->name;
    segment.begin = end;
    segment.count = entry->tensor.numel();
    segment.sizes = entry->tensor.sizes().vec();
    segment.rate_scale = RateScaleOf(entry->name, options, encoder_depth);
    segment.decays = entry->tensor.dim() > 1;
    end += (segment.count + kAlignment - 1) / kAlignment * kAlignment;
    layout.segments.push_back(std::move(segment));
  }
  FOOTHOLD_CHECK(!layout.segments.empty(), "nothing to train");
  layout.num_blocks = (end + kBlockSize - 1) / kBlockSize;
  return layout;
}

double LearningRateAt(const TrainOptions& options, int64_t step) {
  if (step < options.warmup_steps) {
    return options.learning_rate * static_cast<double>(step + 1) / options.warmup_steps;
  }
  const double length = std::max(1, options.steps - options.warmup_steps);
  const double progress = std::min(1.0, static_cast<double>(step - options.warmup_steps) / length);
  const double low = std::min(options.min_learning_rate, options.learning_rate);
  return low + 0.5 * (options.learning_rate - low) * (1 + std::cos(std::numbers::pi * progress));
}

void BindToFlat(const ParameterLayout& layout,
                const at::Tensor& weights,
                const at::Tensor& gradients,
                const ParameterSet& parameters) {
  const c10::NoGradGuard no_gradients;
  for (const Segment& segment : layout.segments) {
    const at::Tensor& tensor = parameters.Entry(segment.name).tensor;
    at::Tensor view = ParameterLayout::View(weights, segment);
    if (view.data_ptr() != tensor.data_ptr()) {
      view.copy_(tensor);
      tensor.set_data(view);
    }
    tensor.set_requires_grad(true);
    tensor.mutable_grad() = ParameterLayout::View(gradients, segment);
  }
}

void ShareMemory(const ParameterSet& original, const ParameterSet& parameters) {
  const c10::NoGradGuard no_gradients;
  FOOTHOLD_CHECK(original.entries().size() == parameters.entries().size(), "networks of two kinds");
  for (size_t i = 0; i < parameters.entries().size(); ++i) {
    parameters.entries()[i].tensor.set_data(original.entries()[i].tensor.detach());
  }
}

}  // namespace foothold
