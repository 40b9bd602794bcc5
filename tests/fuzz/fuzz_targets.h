// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace foothold::fuzz {

// One parser under test. A target returns for every input: it swallows foothold::Error, the parsers'
// answer to bad input, and lets everything else escape.
struct FuzzTarget {
  std::string name;
  void (*run)(const std::string& data);
  std::vector<std::string> (*seeds)();  // Good inputs to start from.
};

extern const FuzzTarget kLabelBytes;        // A label file's bytes.
extern const FuzzTarget kLabelStructure;    // A script of edits to a good label, signed again.
extern const FuzzTarget kObservationBytes;  // A signed observation file's bytes.
extern const FuzzTarget kObservationStructure;
extern const FuzzTarget kNpz;
extern const FuzzTarget kConfig;
extern const FuzzTarget kModuleCard;    // As kSafetensors.
extern const FuzzTarget kSafetensors;   // Only where networks are built (FOOTHOLD_HAVE_NETWORKS).
extern const FuzzTarget kLedgerRecord;  // A line of a records file.
extern const FuzzTarget kLedgerSnapshot;
extern const FuzzTarget kLedgerClaim;  // A claim file, and the report made of it.
extern const FuzzTarget kManifestRow;
extern const FuzzTarget kManifest;  // Both files of a manifest.
extern const FuzzTarget kCsvList;
extern const FuzzTarget kJsonList;
extern const FuzzTarget kTar;
extern const FuzzTarget kFileName;

}  // namespace foothold::fuzz
