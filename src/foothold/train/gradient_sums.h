// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "foothold/comm/communicator.h"
#include "foothold/train/flat_parameters.h"

namespace torch::autograd {
struct Node;
}

namespace foothold {

// Sums gradients over ranks while the backward pass is still running: the flat gradient is cut into buckets,
// and a bucket is sent off when the last of its tensors is there.
class GradientBuckets {
 public:
  // `parameters` are bound to `gradients` (BindToFlat). Both outlive the buckets.
  GradientBuckets(const ParameterLayout& layout,
                  const at::Tensor& gradients,
                  const ParameterSet& parameters,
                  Communicator* sums,
                  double bucket_mb);
  ~GradientBuckets();
  GradientBuckets(const GradientBuckets&) = delete;
  GradientBuckets& operator=(const GradientBuckets&) = delete;

  // Before each backward pass; after it, Finish waits for all sums. Returns the seconds that it waited:
  // communication that no computation hid.
  void Begin();
  double Finish();
  size_t num_buckets() const { return buckets_.size(); }

 private:
  struct Bucket {
    int64_t begin, end;
    int num_tensors, num_missing;
    std::unique_ptr<PendingCollective> sum;
  };
  void OnGradient(size_t bucket);
  void Start(Bucket* bucket);

  at::Tensor gradients_;
  Communicator* sums_;
  std::vector<Bucket> buckets_;
  bool active_ = false;
  struct Hook {
    std::shared_ptr<torch::autograd::Node> accumulator;  // Forgets its hooks when nobody holds it.
    uintptr_t key;
  };
  std::vector<Hook> hooks_;
};

// Sum of every rank's `parts`, in the order of ranks and parts and so the same bits however they are shared
// out; it ends in parts[0]. Works through pieces of `piece_mb`.
void SumInOrder(const std::vector<at::Tensor>& parts, Communicator* sums, double piece_mb);

}  // namespace foothold
