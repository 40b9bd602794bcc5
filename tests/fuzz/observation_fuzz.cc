// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/error.h"
#include "fuzz/fuzz_targets.h"
#include "fuzz/hdf5_edits.h"
#include "labels/observation_format.h"
#include "labels/sample_data.h"

namespace foothold::fuzz {

namespace {

using labels::kObservationFormat;

std::string PackedObservations(const Observations& observations) {
  labels::Hdf5Writer writer(labels::kSignatureBytes);
  return labels::SignedBytes(&labels::PackObservations(observations, &writer), kObservationFormat);
}

const std::string& GoodObservations() {
  static const std::string bytes = PackedObservations(labels::SampleObservations());
  return bytes;
}

// What passes the reader must also pass writing and reading again.
void ReadObservationBytes(const std::string& bytes) {
  // Bytes without a signature would go straight into libhdf5, whose 1.10.8 reads past the end of
  // damaged attribute messages (H5O__msg_iterate); docs/observations.md warns users.
  const labels::FileFormat signed_only = {kObservationFormat.name, kObservationFormat.version};
  Observations observations;
  try {
    observations = labels::UnpackObservations(labels::OpenSignedBytes(signed_only, bytes, "fuzz"));
  } catch (const Error&) {
    return;
  }
  labels::UnpackObservations(
      labels::OpenSignedBytes(kObservationFormat, PackedObservations(observations), "again"));
}

void RunBytes(const std::string& data) { ReadObservationBytes(data); }
void RunStructure(const std::string& data) {
  ReadObservationBytes(EditHdf5(GoodObservations(), kObservationFormat, data));
}

std::vector<std::string> ByteSeeds() { return {GoodObservations()}; }
std::vector<std::string> ScriptSeeds() { return {std::string(90, '\0')}; }

}  // namespace

const FuzzTarget kObservationBytes = {"observation_bytes", RunBytes, ByteSeeds};
const FuzzTarget kObservationStructure = {"observation_structure", RunStructure, ScriptSeeds};

}  // namespace foothold::fuzz
