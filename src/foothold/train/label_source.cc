// SPDX-License-Identifier: Apache-2.0
#include "foothold/train/label_source.h"

#include <cinttypes>
#include <cstdio>
#include <utility>

#include "foothold/base/error.h"

namespace foothold {

TrainingBatch LabelSource::Next() {
  LoadedBatch loaded = loader_.Next();
  return {std::move(loaded.batch), std::move(loaded.targets), std::move(loaded.sample_seeds)};
}

std::string LabelSource::Position() const {
  const PairLoader::Position position = loader_.position();
  return "epoch " + std::to_string(position.epoch) + " index " + std::to_string(position.index);
}

void LabelSource::Seek(const std::string& position) {
  PairLoader::Position place;
  char rest = 0;
  if (std::sscanf(
          position.c_str(), "epoch %" SCNd64 " index %" SCNd64 "%c", &place.epoch, &place.index, &rest) !=
      2) {
    throw Error(ErrorKind::kBadInput, "'" + position + "' is not a position in labels");
  }
  loader_.Seek(place);
}

}  // namespace foothold
