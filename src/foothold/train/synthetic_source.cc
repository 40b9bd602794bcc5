// SPDX-License-Identifier: Apache-2.0
#include "foothold/train/synthetic_source.h"

#include <cmath>
#include <limits>

#include "foothold/base/error.h"
#include "foothold/base/random.h"

namespace foothold {
namespace {

// One number after the other, row-major.
at::Tensor Numbers(RandomStream* random, std::vector<int64_t> sizes, double scale) {
  at::Tensor values = at::empty(sizes, at::dtype(at::kFloat));
  auto* numbers = values.data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) numbers[i] = static_cast<float>(scale * random->Normal());
  return values;
}

struct Place {
  double x_m, y_m, depth_m;
  at::Tensor Translation() const { return at::tensor({x_m, y_m, depth_m}, at::kDouble).to(at::kFloat); }
};

Place RandomPlace(RandomStream* random) {
  return {random->Uniform(-0.8, 0.8), random->Uniform(-0.3, 0.3), random->Uniform(2.5, 5)};
}

// Box of a body 1.7 m high in a camera whose focal length is the image's width.
at::Tensor BoxOf(const Place& place, const SyntheticPairs& pairs) {
  const auto width = static_cast<double>(pairs.columns_px), height = static_cast<double>(pairs.rows_px);
  const double scale = width / place.depth_m;
  const double u = width / 2 + scale * place.x_m, v = height / 2 + scale * place.y_m;
  return at::tensor({u - 0.3 * scale, v - 0.85 * scale, u + 0.3 * scale, v + 0.85 * scale}, at::kDouble)
      .to(at::kFloat);
}

at::Tensor ImageOf(const at::Tensor& box, RandomStream* random, const SyntheticPairs& pairs) {
  at::Tensor image = Numbers(random, {3, pairs.rows_px, pairs.columns_px}, 0.2);
  const auto limit = [&](int64_t k, int64_t max) {
    return std::min(std::max<int64_t>(std::lround(box[k].item<float>()), 0), max);
  };
  image.slice(1, limit(1, pairs.rows_px), limit(3, pairs.rows_px))
      .slice(2, limit(0, pairs.columns_px), limit(2, pairs.columns_px))
      .add_(0.6);
  return image.clamp(-1, 1);
}

// A wall behind the person: depth in camera, all pixels known.
at::Tensor WallPoints(double depth_m, const SyntheticPairs& pairs) {
  const at::Tensor y = at::arange(pairs.rows_px, at::kFloat) - static_cast<double>(pairs.rows_px) / 2;
  const at::Tensor x = at::arange(pairs.columns_px, at::kFloat) - static_cast<double>(pairs.columns_px) / 2;
  const double scale = depth_m / static_cast<double>(pairs.columns_px);
  return at::stack({(x * scale).unsqueeze(0).expand({pairs.rows_px, -1}),
                    (y * scale).unsqueeze(1).expand({-1, pairs.columns_px}),
                    at::full({pairs.rows_px, pairs.columns_px}, depth_m, at::kFloat)},
                   -1);
}

TrainingBatch MakeSample(const SyntheticPairs& pairs, int64_t index) {
  RandomStream random(pairs.seed, "pair " + std::to_string(index));
  const Place first = RandomPlace(&random), second = RandomPlace(&random);
  TrainingBatch sample;
  const at::Tensor box1 = BoxOf(first, pairs), box2 = BoxOf(second, pairs);
  sample.batch.boxes_px = at::stack({box1, box2}).unsqueeze(0);
  sample.batch.images =
      at::stack({ImageOf(box1, &random, pairs), ImageOf(box2, &random, pairs)}).unsqueeze(0);
  PairTargets& targets = sample.targets;
  const at::Tensor upright =
      at::tensor({1.0, 0.0, 0.0, 0.0, 1.0, 0.0}, at::kDouble).to(at::kFloat).view({1, 6});
  targets.rel_rotation = targets.rotation1 = targets.rotation2 = upright;
  targets.translation1 = first.Translation().unsqueeze(0);
  targets.translation2 = second.Translation().unsqueeze(0);
  targets.rel_translation = targets.translation2 - targets.translation1;
  targets.shape = Numbers(&random, {1, 10}, 0.5);
  targets.pose = Numbers(&random, {1, 2, 23, 3}, 0.1);
  const at::Tensor wall = WallPoints(random.Uniform(5, 8), pairs);
  targets.points = at::stack({wall, wall}).unsqueeze(0);
  targets.points_mask = at::ones({1, 2, pairs.rows_px, pairs.columns_px}, at::kBool);
  if (index == pairs.bad_sample) targets.translation1[0][1] = std::numeric_limits<double>::quiet_NaN();
  sample.sample_seeds = {random.NextUint64()};
  return sample;
}

template <class Get>
at::Tensor Together(const std::vector<TrainingBatch>& samples, const Get& get) {
  std::vector<at::Tensor> tensors;
  for (const TrainingBatch& sample : samples) tensors.push_back(get(sample));
  return at::cat(tensors);
}

}  // namespace

SyntheticSource::SyntheticSource(const SyntheticPairs& pairs, int global_batch, int rank, int size)
    : pairs_(pairs), global_batch_(global_batch), rank_(rank), size_(size) {
  FOOTHOLD_CHECK(global_batch % size == 0, "a batch that the ranks cannot share evenly");
}

TrainingBatch SyntheticSource::Next() {
  const int own = global_batch_ / size_;
  std::vector<TrainingBatch> samples;
  for (int i = 0; i < own; ++i) {
    const int64_t position = next_sample_ + static_cast<int64_t>(rank_) * own + i;
    samples.push_back(MakeSample(pairs_, position % pairs_.num_samples));
    // A sample that comes again gets other dropout.
    samples.back().sample_seeds[0] += static_cast<uint64_t>(position / pairs_.num_samples);
  }
  next_sample_ += global_batch_;
  TrainingBatch batch;
  batch.batch.images = Together(samples, [](const auto& s) { return s.batch.images; });
  batch.batch.boxes_px = Together(samples, [](const auto& s) { return s.batch.boxes_px; });
  PairTargets& targets = batch.targets;
  const auto gather = [&](at::Tensor PairTargets::*field) {
    targets.*field = Together(samples, [&](const auto& s) { return s.targets.*field; });
  };
  for (const auto field : {&PairTargets::rel_translation,
                           &PairTargets::rel_rotation,
                           &PairTargets::rotation1,
                           &PairTargets::rotation2,
                           &PairTargets::translation1,
                           &PairTargets::translation2,
                           &PairTargets::shape,
                           &PairTargets::pose,
                           &PairTargets::points,
                           &PairTargets::points_mask}) {
    gather(field);
  }
  for (const TrainingBatch& sample : samples) batch.sample_seeds.push_back(sample.sample_seeds[0]);
  return batch;
}

std::string SyntheticSource::Fingerprint() const {
  return std::to_string(pairs_.num_samples) + " synthetic pairs of " + std::to_string(pairs_.columns_px) +
         " x " + std::to_string(pairs_.rows_px) + ", seed " + std::to_string(pairs_.seed);
}

std::string SyntheticSource::Position() const { return "sample " + std::to_string(next_sample_); }

void SyntheticSource::Seek(const std::string& position) {
  const std::string word = "sample ";
  const std::string digits = position.substr(std::min(word.size(), position.size()));
  if (position.rfind(word, 0) != 0 || digits.empty() || digits.size() > 18 ||
      digits.find_first_not_of("0123456789") != std::string::npos) {
    throw Error(ErrorKind::kBadInput, "'" + position + "' is not a position in synthetic pairs");
  }
  next_sample_ = std::stoll(digits);
}

}  // namespace foothold
