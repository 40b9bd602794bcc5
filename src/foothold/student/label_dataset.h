// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "foothold/corpus/loader_options.h"
#include "foothold/scene/body.h"
#include "foothold/student/student_pack.h"

namespace foothold {

// Labels on disk and their packs. Every label is verified when its pack is made, every pack when its pixels
// are first used in a process; a label that has gone or changed since is found out whenever its pack is
// opened. For any number of threads.
class LabelDataset {
 public:
  // Finds the labels and makes missing packs, `options.threads` at a time. Rank r of `size` begins elsewhere
  // in the list than the others, so that they share the work. Throws Error(kBadInput) for the first label
  // that cannot be used, Error(kUsage) when options.labels does not say where they are.
  LabelDataset(const LoaderOptions& options, const BodyModel& body, int rank, int size);
  ~LabelDataset();

  int num_shards() const;
  const std::string& label_path(int shard) const;
  const std::string& checksum(int shard) const;  // That the label states.
  // Verified without pixels; not kept.
  StudentClip ReadClip(int shard) const;
  // Verified, kept while it is among those used last.
  std::shared_ptr<const StudentPack> Open(int shard) const;

 private:
  struct Shard;
  void MakePackIfMissing(const Shard& shard) const;
  void CheckUnchanged(const Shard& shard) const;

  LoaderOptions options_;
  BodyModel body_;
  std::vector<std::unique_ptr<Shard>> shards_;
  size_t max_open_;
  mutable std::mutex mutex_;       // Of the next one.
  mutable std::vector<int> open_;  // Shards with an open pack, the one used last at the end.
};

// Paths of labels: options.labels itself, those in its folder (sub-folders too; "*.truth.h5" for kind truth,
// for kind label all other "*.h5" but observations), or one per line of a text file, relative to it. In
// the order of their names. Throws Error(kUsage), Error(kBadInput).
std::vector<std::string> FindLabels(const LoaderOptions& options);

}  // namespace foothold
