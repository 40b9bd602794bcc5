// SPDX-License-Identifier: Apache-2.0
#include "foothold/scene/synthetic_signal.h"

#include <algorithm>
#include <cmath>

namespace foothold::synthetic {
namespace {

std::vector<double> Kernel(double sigma_samples, int reach) {
  std::vector<double> kernel(2 * reach + 1);
  double sum = 0;
  for (int i = -reach; i <= reach; ++i) {
    kernel[i + reach] = std::exp(-0.5 * i * i / (sigma_samples * sigma_samples));
    sum += kernel[i + reach];
  }
  for (double& k : kernel) k /= sum;
  return kernel;
}

std::vector<double> Convolve(const std::vector<double>& signal, const std::vector<double>& kernel) {
  const int count = static_cast<int>(signal.size());
  const int reach = static_cast<int>(kernel.size()) / 2;
  std::vector<double> out(count, 0.0);
  for (int i = 0; i < count; ++i) {
    for (int k = -reach; k <= reach; ++k)
      out[i] += kernel[k + reach] * signal[std::clamp(i + k, 0, count - 1)];
  }
  return out;
}

}  // namespace

std::vector<double> Smooth(const std::vector<double>& signal, double sigma_samples) {
  if (sigma_samples < 1e-3 || signal.empty()) return signal;
  return Convolve(signal, Kernel(sigma_samples, static_cast<int>(std::ceil(3 * sigma_samples))));
}

std::vector<double> SmoothBelow(const std::vector<double>& bound, int reach_samples) {
  const int count = static_cast<int>(bound.size());
  std::vector<double> low(count);
  for (int i = 0; i < count; ++i) {
    const int begin = std::max(0, i - reach_samples);
    const int end = std::min(count, i + reach_samples + 1);
    low[i] = *std::min_element(bound.begin() + begin, bound.begin() + end);
  }
  // Every low value within reach of i is at most bound[i], so their average is too.
  return Convolve(low, Kernel(std::max(1e-3, reach_samples / 2.0), reach_samples));
}

std::vector<double> SmoothNoise(int count, double sigma_samples, RandomStream* random) {
  const double sigma = std::max(1e-3, sigma_samples);
  const int reach = static_cast<int>(std::ceil(3 * sigma));
  std::vector<double> kernel = Kernel(sigma, reach);
  double energy = 0;
  for (double k : kernel) energy += k * k;
  const double gain = 1 / std::sqrt(energy);
  std::vector<double> white(count + 2 * reach);
  for (double& w : white) w = random->Normal();
  std::vector<double> out(count, 0.0);
  for (int i = 0; i < count; ++i) {
    for (int k = 0; k <= 2 * reach; ++k) out[i] += gain * kernel[k] * white[i + k];
  }
  return out;
}

}  // namespace foothold::synthetic
