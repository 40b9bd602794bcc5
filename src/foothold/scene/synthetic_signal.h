// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/base/random.h"

namespace foothold::synthetic {

// Signals on a regular grid. Internal to the synthetic generator.

// Gaussian smoothing cut at three deviations; ends are held.
std::vector<double> Smooth(const std::vector<double>& signal, double sigma_samples);
// Largest smooth signal of this construction that nowhere exceeds `bound`: sliding minimum over
// +- reach, then Gaussian smoothing cut at the same reach.
std::vector<double> SmoothBelow(const std::vector<double>& bound, int reach_samples);
// Stationary Gaussian noise, mean 0, standard deviation 1: white noise smoothed with a Gaussian of
// sigma; correlation falls to exp(-1) after 2 sigma.
std::vector<double> SmoothNoise(int count, double sigma_samples, RandomStream* random);

}  // namespace foothold::synthetic
