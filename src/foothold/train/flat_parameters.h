// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foothold/corpus/train_options.h"
#include "foothold/networks/parameters.h"

namespace foothold {

// Sums over the weights are made of blocks of this many, whoever makes them, so that they are the same bits.
constexpr int64_t kBlockSize = 4096;

// A trained tensor's place among all of them. Tensors lie in the reverse order of their registration, which
// is about the order in which a backward pass reaches them.
struct Segment {
  std::string name;
  int64_t begin = 0, count = 0;
  std::vector<int64_t> sizes;
  double rate_scale = 1;  // Of the learning rate.
  bool decays = false;    // Weight decay applies.
};

struct ParameterLayout {
  std::vector<Segment> segments;
  int64_t num_blocks = 0;  // That hold all segments.

  // A view of `flat`, one number per weight, in the shape of a segment.
  static at::Tensor View(const at::Tensor& flat, const Segment& segment) {
    return flat.narrow(0, segment.begin, segment.count).view(segment.sizes);
  }
};

// What is trained, and how fast: not the descriptor heads, which no loss reaches; MASt3R slower, its encoder
// by layers; no decay of biases and norms.
ParameterLayout MakeLayout(const ParameterSet& parameters, const TrainOptions& options, int encoder_depth);

// Learning rate of a step: linear warm-up, then a cosine down to the smallest.
double LearningRateAt(const TrainOptions& options, int64_t step);

// Makes the trained tensors of `parameters` views of `weights` (which takes their values), and their
// gradients views of `gradients`; the others get none.
void BindToFlat(const ParameterLayout& layout,
                const at::Tensor& weights,
                const at::Tensor& gradients,
                const ParameterSet& parameters);
// Makes every tensor of `parameters` share the memory of the one of the same place in `original`.
void ShareMemory(const ParameterSet& original, const ParameterSet& parameters);

}  // namespace foothold
