// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/error.h"
#include "fuzz/fuzz_targets.h"
#include "fuzz/hdf5_edits.h"
#include "labels/label_format.h"
#include "labels/sample_data.h"

namespace foothold::fuzz {

namespace {

using labels::kLabelFormat;
using labels::Label;

std::string PackedLabel(const Label& label) {
  labels::Hdf5Writer writer(labels::kSignatureBytes);
  return labels::SignedBytes(&labels::PackLabel(label, &writer), kLabelFormat);
}

const std::string& GoodLabel() {
  static const std::string bytes = PackedLabel(labels::SampleLabel());
  return bytes;
}

// What passes the reader and the rules must also pass writing and reading again.
void ReadLabelBytes(const std::string& bytes) {
  Label label;
  try {
    label = labels::UnpackLabel(labels::OpenSignedBytes(kLabelFormat, bytes, "fuzz"));
  } catch (const Error&) {
    return;
  }
  if (!labels::ProblemsOf(label).empty()) return;
  labels::UnpackLabel(labels::OpenSignedBytes(kLabelFormat, PackedLabel(label), "again"));
}

void RunBytes(const std::string& data) { ReadLabelBytes(data); }
void RunStructure(const std::string& data) { ReadLabelBytes(EditHdf5(GoodLabel(), kLabelFormat, data)); }

std::vector<std::string> ByteSeeds() { return {GoodLabel()}; }
std::vector<std::string> ScriptSeeds() { return {std::string(90, '\0')}; }

}  // namespace

const FuzzTarget kLabelBytes = {"label_bytes", RunBytes, ByteSeeds};
const FuzzTarget kLabelStructure = {"label_structure", RunStructure, ScriptSeeds};

}  // namespace foothold::fuzz
