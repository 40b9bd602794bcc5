// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "foothold/corpus/loader_options.h"
#include "foothold/scene/body.h"
#include "foothold/student/pair_targets.h"

namespace foothold {

// Endless sequence of global batches: a function of options, labels and position, the same for every number
// of ranks and threads. Rank r of `size` gets samples [r B / size, (r + 1) B / size) of each batch of B. A
// batch goes on into the next epoch where an epoch ends.
class PairLoader {
 public:
  // Next sample of the global sequence. Part of a checkpoint.
  struct Position {
    int64_t epoch = 0;
    int64_t index = 0;  // In the epoch.
    bool operator==(const Position&) const = default;
  };

  // Makes the packs that are missing, all ranks together, and logs what is left out and why. Throws
  // Error(kUsage), Error(kBadInput) for a label that cannot be used or when no pair is left.
  PairLoader(const LoaderOptions& options, const BodyModel& body, int rank, int size);
  ~PairLoader();
  PairLoader(const PairLoader&) = delete;
  PairLoader& operator=(const PairLoader&) = delete;

  // This rank's slice of the next global batch. Throws Error(kBadInput) when a label or pack has gone or
  // changed since; the position is then still that of the batch.
  LoadedBatch Next();

  Position position() const;
  void Seek(Position position);  // Throws Error(kUsage) for a position that no epoch has.
  int64_t samples_per_epoch() const;
  // How many anchors (a person at a keyframe) were left out, by reason: docs/student_data.md.
  const std::map<std::string, int64_t>& left_out() const;
  // What the sequence depends on (labels, filters, seed), not on batches and ranks: a run that continues
  // compares it.
  std::string Fingerprint() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace foothold
