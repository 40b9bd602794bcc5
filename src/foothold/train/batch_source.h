// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foothold/student/josh3r.h"
#include "foothold/student/losses.h"

namespace foothold {

struct TrainingBatch {
  PairBatch batch;
  PairTargets targets;
  std::vector<uint64_t> sample_seeds;  // Each belongs to its sample, wherever that is trained.
};

// Samples of one rank, on the CPU. The batch of a step is the same sequence of samples for any number of
// ranks; rank r of n has the r-th of n equal stretches of it.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual TrainingBatch Next() = 0;
  // What the samples are and how they are ordered: a run goes on only with the same ones.
  virtual std::string Fingerprint() const = 0;
  // Where Next goes on, the same on every rank, as one line of text.
  virtual std::string Position() const = 0;
  // Throws Error(kBadInput) for a text that Position did not make.
  virtual void Seek(const std::string& position) = 0;
};

// Samples `begin` up to `end` of a batch: views.
TrainingBatch Slice(const TrainingBatch& batch, int64_t begin, int64_t end);
TrainingBatch ToDevice(const TrainingBatch& batch, at::Device device);

}  // namespace foothold
