// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/student/pair_loader.h"
#include "foothold/train/batch_source.h"

namespace foothold {

// Pairs of a folder of labels.
class LabelSource : public BatchSource {
 public:
  LabelSource(const LoaderOptions& options, const BodyModel& body, int rank, int size)
      : loader_(options, body, rank, size) {}
  TrainingBatch Next() override;
  std::string Fingerprint() const override { return loader_.Fingerprint(); }
  std::string Position() const override;
  void Seek(const std::string& position) override;

 private:
  PairLoader loader_;
};

}  // namespace foothold
