// SPDX-License-Identifier: Apache-2.0
#include "foothold/networks/point_head.h"

namespace foothold {
namespace {

Scope ScratchOf(const Scope& scope) { return scope / "scratch"; }

// Raw vectors to points: the direction stays, the length r becomes e^r - 1.
at::Tensor PointsFromRaw(const at::Tensor& raw) {
  const at::Tensor length = at::linalg_vector_norm(raw, 2, at::IntArrayRef{-1}, /*keepdim=*/true);
  return raw / length.clamp_min(1e-8) * at::expm1(length);
}

// The type of results: that of the network, but no less than float32.
at::Tensor Widen(const at::Tensor& x) { return x.scalar_type() == at::kDouble ? x : x.to(at::kFloat); }

}  // namespace

ResidualConvolutions::ResidualConvolutions(const Scope& scope, int channels)
    : conv1(scope / "conv1", channels, channels, 3, 1, 1),
      conv2(scope / "conv2", channels, channels, 3, 1, 1) {}
at::Tensor ResidualConvolutions::operator()(const at::Tensor& x) const {
  return conv2(at::relu(conv1(at::relu(x)))) + x;
}

FusionStage::FusionStage(const Scope& scope, int channels)
    : res_conv_unit1(scope / "resConfUnit1", channels),
      res_conv_unit2(scope / "resConfUnit2", channels),
      out_conv(scope / "out_conv", channels, channels, 1, 1, 0) {}
at::Tensor FusionStage::operator()(const at::Tensor& x, const at::Tensor& lateral) const {
  const at::Tensor fused = res_conv_unit2(lateral.defined() ? x + res_conv_unit1(lateral) : x);
  return out_conv(Resize(fused, 2 * fused.size(2), 2 * fused.size(3)));
}

DensePredictor::DensePredictor(const Scope& scope, const Mast3rConfig& config)
    : downsampling_(scope / "act_postprocess" / 3 / 1,
                    config.head_layer_widths[3],
                    config.head_layer_widths[3],
                    3,
                    2,
                    1),
      head0_(scope / "head" / 0, config.head_feature_width, config.head_feature_width / 2, 3, 1, 1),
      head2_(scope / "head" / 2, config.head_feature_width / 2, config.head_last_width, 3, 1, 1),
      head4_(scope / "head" / 4, config.head_last_width, 4, 1, 1, 0),
      patch_size_(config.patch_size_px) {
  const Scope reassemble = scope / "act_postprocess";
  for (int k = 0; k < 4; ++k) {
    const int width = config.head_layer_widths[k];
    const int token_width = config.hooks[k] == 0 ? config.encoder_width : config.decoder_width;
    projections_.emplace_back(reassemble / k / 0, token_width, width, 1, 1, 0);
    if (k < 2) upsamplings_.emplace_back(reassemble / k / 1, width, width, k == 0 ? 4 : 2);
    laterals_.emplace_back(ScratchOf(scope) / ("layer" + std::to_string(k + 1) + "_rn"),
                           width,
                           config.head_feature_width,
                           3,
                           1,
                           1,
                           /*with_bias=*/false);
    fusions_.emplace_back(ScratchOf(scope) / ("refinenet" + std::to_string(k + 1)),
                          config.head_feature_width);
  }
}

at::Tensor DensePredictor::Reassemble(int index, const HeadTokens& tokens) const {
  const at::Tensor& x = tokens.hooks[index];
  // [B, C, h, w] with channels innermost, as tokens lie: no copy, and what convolutions on a GPU want.
  const at::Tensor map = x.unflatten(1, {tokens.rows, tokens.columns}).permute({0, 3, 1, 2});
  const at::Tensor projected = projections_[index](map);
  if (index < 2) return upsamplings_[index](projected);
  return index == 3 ? downsampling_(projected) : projected;
}

at::Tensor DensePredictor::operator()(const HeadTokens& tokens, const TensorObserver* observer) const {
  std::array<at::Tensor, 4> maps;
  for (int k = 0; k < 4; ++k) {
    maps[k] = Reassemble(k, tokens);
    Observe(observer, "dpt_act_postprocess_" + std::to_string(k), maps[k]);
  }
  for (int k = 0; k < 4; ++k) {
    maps[k] = laterals_[k](maps[k]);
    Observe(observer, "dpt_scratch_layer" + std::to_string(k + 1) + "_rn", maps[k]);
  }
  at::Tensor path = fusions_[3](maps[3], {});
  Observe(observer, "dpt_scratch_refinenet4", path);
  // An odd grid was rounded up when it was halved.
  path = path.narrow(2, 0, maps[2].size(2)).narrow(3, 0, maps[2].size(3));
  for (int k = 2; k >= 0; --k) {
    path = fusions_[k](path, maps[k]);
    Observe(observer, "dpt_scratch_refinenet" + std::to_string(k + 1), path);
  }
  const at::Tensor full =
      Resize(head0_(path), int64_t{patch_size_} * tokens.rows, int64_t{patch_size_} * tokens.columns);
  const at::Tensor raw = head4_(at::relu(head2_(full)));
  Observe(observer, "dpt", raw);
  return raw;
}

PointHead::PointHead(const Scope& scope, const Mast3rConfig& config)
    : dpt_(scope / "dpt", config),
      local_features_(
          scope / "head_local_features",
          config.encoder_width + config.decoder_width,
          static_cast<int>(config.local_feature_ratio * (config.encoder_width + config.decoder_width)),
          (config.descriptor_width + 1) * config.patch_size_px * config.patch_size_px),
      patch_size_(config.patch_size_px),
      descriptor_width_(config.descriptor_width) {}

DenseView PointHead::operator()(const HeadTokens& tokens,
                                bool with_descriptors,
                                const TensorObserver* observer) const {
  const at::Tensor raw = Widen(dpt_(tokens, observer)).permute({0, 2, 3, 1});  // [B, H, W, 4]
  DenseView view;
  view.points = PointsFromRaw(raw.narrow(-1, 0, 3));
  view.confidence = 1 + at::exp(raw.select(-1, 3));
  if (!with_descriptors) return view;

  const at::Tensor local = local_features_(at::cat({tokens.encoder, tokens.last}, -1));  // [B, N, 25 x 256]
  Observe(observer, "head_local_features", local);
  const at::Tensor patches =
      local.transpose(1, 2).reshape({local.size(0), local.size(2), tokens.rows, tokens.columns});
  const at::Tensor map = Widen(at::pixel_shuffle(patches, patch_size_)).permute({0, 2, 3, 1});
  const at::Tensor descriptors = map.narrow(-1, 0, descriptor_width_);
  const at::Tensor length = at::linalg_vector_norm(descriptors, 2, at::IntArrayRef{-1}, /*keepdim=*/true);
  view.descriptors = descriptors / length.clamp_min(1e-12);
  view.descriptor_confidence = at::exp(map.select(-1, descriptor_width_));
  return view;
}

}  // namespace foothold
