// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "foothold/networks/tensor.h"

namespace foothold {

// One step of AdamW (Loshchilov and Hutter 2019) on numbers that share learning rate and decay.
struct AdamConstants {
  double beta1, beta2, epsilon;
  double gradient_scale;            // Applied to gradients first: clipping, and the inverse of loss scaling.
  double rate;                      // Learning rate.
  double decay;                     // Weight decay.
  double correction1, correction2;  // 1 - beta^t.
};

// Each tensor [n] float32, contiguous, of one device. On the CPU every number is rounded by itself, wherever
// it lies: n may be cut anywhere without changing a bit.
void AdamStep(const AdamConstants& constants,
              const at::Tensor& gradients,
              const at::Tensor& weights,
              const at::Tensor& mean,
              const at::Tensor& square);
// average <- decay x average + (1 - decay) x weights, likewise.
void MoveAverage(double decay, const at::Tensor& weights, const at::Tensor& average);
// Sums of squares of the blocks of kBlockSize numbers, on the CPU; each is added up in order.
std::vector<double> BlockSquares(const at::Tensor& values);

}  // namespace foothold
