// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/train/batch_source.h"

namespace foothold {

// Random pairs whose motion can be seen: the person is a bright box on noise, whose place says where the body
// stands. Made in memory from (seed, index of the sample), for tests and trials: nothing is to be learnt of
// people.
struct SyntheticPairs {
  uint64_t seed = 1;
  int64_t num_samples = 64;  // Then they repeat.
  int64_t rows_px = 48, columns_px = 64;
  int64_t bad_sample = -1;  // One of which a target is not a number.
};

class SyntheticSource : public BatchSource {
 public:
  SyntheticSource(const SyntheticPairs& pairs, int global_batch, int rank, int size);
  TrainingBatch Next() override;
  std::string Fingerprint() const override;
  std::string Position() const override;
  void Seek(const std::string& position) override;

 private:
  SyntheticPairs pairs_;
  int global_batch_, rank_, size_;
  int64_t next_sample_ = 0;  // Of the global batch.
};

}  // namespace foothold
