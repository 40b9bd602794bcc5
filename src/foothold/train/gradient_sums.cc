// SPDX-License-Identifier: Apache-2.0
#include "foothold/train/gradient_sums.h"

#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/utils/lambda_post_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>

#include "foothold/base/error.h"
#include "foothold/base/timer.h"

namespace foothold {
namespace {

int64_t NumbersIn(double megabytes) {
  return std::max<int64_t>(1, static_cast<int64_t>(megabytes * 1e6 / sizeof(float)));
}

}  // namespace

GradientBuckets::GradientBuckets(const ParameterLayout& layout,
                                 const at::Tensor& gradients,
                                 const ParameterSet& parameters,
                                 Communicator* sums,
                                 double bucket_mb)
    : gradients_(gradients), sums_(sums) {
  for (const Segment& segment : layout.segments) {
    if (buckets_.empty() || segment.begin - buckets_.back().begin >= NumbersIn(bucket_mb)) {
      buckets_.push_back({segment.begin, 0, 0, 0, nullptr});
    }
    Bucket& bucket = buckets_.back();
    bucket.end = segment.begin + segment.count;
    ++bucket.num_tensors;
    // The node that adds to this tensor's gradient is the same in all graphs while somebody holds it.
    const size_t index = buckets_.size() - 1;
    auto accumulator = torch::autograd::impl::grad_accumulator(parameters.Entry(segment.name).tensor);
    const uintptr_t key = accumulator->add_post_hook(std::make_unique<torch::autograd::utils::LambdaPostHook>(
        [this, index](const torch::autograd::variable_list& outputs, const torch::autograd::variable_list&) {
          OnGradient(index);
          return outputs;
        }));
    hooks_.push_back({std::move(accumulator), key});
  }
}

GradientBuckets::~GradientBuckets() {
  for (const Hook& hook : hooks_) hook.accumulator->del_post_hook(hook.key);
}

void GradientBuckets::Begin() {
  for (Bucket& bucket : buckets_) {
    bucket.num_missing = bucket.num_tensors;
    bucket.sum.reset();
  }
  active_ = true;
}

void GradientBuckets::Start(Bucket* bucket) {
  bucket->sum = sums_->StartSum(gradients_.data_ptr<float>() + bucket->begin,
                                static_cast<size_t>(bucket->end - bucket->begin));
}

void GradientBuckets::OnGradient(size_t index) {
  if (!active_) return;
  // Others need a push now and then.
  for (Bucket& bucket : buckets_) {
    if (bucket.sum) bucket.sum->Progress();
  }
  if (--buckets_[index].num_missing == 0) Start(&buckets_[index]);
}

double GradientBuckets::Finish() {
  FOOTHOLD_CHECK(active_, "Finish without Begin");
  active_ = false;
  const Timer timer;
  // Tensors that the loss does not depend on left their bucket waiting.
  for (Bucket& bucket : buckets_) {
    if (!bucket.sum) Start(&bucket);
  }
  for (Bucket& bucket : buckets_) bucket.sum->Wait();
  return timer.Seconds();
}

void SumInOrder(const std::vector<at::Tensor>& parts, Communicator* sums, double piece_mb) {
  const c10::NoGradGuard no_gradients;
  const int64_t size = parts[0].numel(), step = NumbersIn(piece_mb);
  const auto num_parts = static_cast<int64_t>(parts.size());
  for (int64_t begin = 0; begin < size; begin += step) {
    const int64_t count = std::min(step, size - begin);
    std::vector<at::Tensor> pieces;
    for (const at::Tensor& part : parts) pieces.push_back(part.narrow(0, begin, count));
    const at::Tensor own = at::stack(pieces);
    at::Tensor all = own;
    if (sums->size() > 1) {
      all = at::empty({num_parts * sums->size(), count}, own.options());
      sums->Gather(own.const_data_ptr<float>(), static_cast<size_t>(own.numel()), all.data_ptr<float>());
    }
    at::Tensor total = pieces[0];
    total.copy_(all[0]);
    for (int64_t i = 1; i < all.size(0); ++i) total.add_(all[i]);
  }
}

}  // namespace foothold
