// SPDX-License-Identifier: Apache-2.0
// Seeded mutations through the same entries that libFuzzer drives, so that every compiler runs them.
#include <gtest/gtest.h>

#include "foothold/base/random.h"
#include "fuzz/fuzz_targets.h"

namespace foothold::fuzz {
namespace {

void MutateOnce(RandomStream* random, std::string* data) {
  const int last = static_cast<int>(data->size()) - 1;
  switch (last < 0 ? 1 : random->UniformInt(0, 4)) {
    case 0:
      (*data)[random->UniformInt(0, last)] ^= static_cast<char>(1 << random->UniformInt(0, 7));
      break;
    case 1:
      data->insert(random->UniformInt(0, last + 1), 1, static_cast<char>(random->UniformInt(0, 255)));
      break;
    case 2:
      data->erase(random->UniformInt(0, last), random->UniformInt(1, 8));
      break;
    case 3:
      (*data)[random->UniformInt(0, last)] = static_cast<char>(random->UniformInt(0, 255));
      break;
    case 4: {  // Copy a piece elsewhere.
      const std::string piece = data->substr(random->UniformInt(0, last), random->UniformInt(1, 16));
      data->replace(random->UniformInt(0, last), piece.size(), piece);
      break;
    }
  }
}

void RunMutations(const FuzzTarget& target, int count) {
  RandomStream random(11, target.name);
  target.run("");
  for (const std::string& seed : target.seeds()) {
    target.run(seed);
    for (int i = 0; i < count; ++i) {
      std::string data = seed;
      for (int m = random.UniformInt(1, 6); m > 0; --m) MutateOnce(&random, &data);
      target.run(data);
    }
  }
}

TEST(Fuzz, LabelBytes) { RunMutations(kLabelBytes, 200); }
TEST(Fuzz, LabelStructure) { RunMutations(kLabelStructure, 40); }
TEST(Fuzz, ObservationBytes) { RunMutations(kObservationBytes, 200); }
TEST(Fuzz, ObservationStructure) { RunMutations(kObservationStructure, 40); }
TEST(Fuzz, Npz) { RunMutations(kNpz, 5000); }
TEST(Fuzz, Config) { RunMutations(kConfig, 1000); }
#ifdef FOOTHOLD_HAVE_NETWORKS
TEST(Fuzz, ModuleCard) { RunMutations(kModuleCard, 20000); }
TEST(Fuzz, Safetensors) { RunMutations(kSafetensors, 20000); }
#endif
TEST(Fuzz, LedgerRecord) { RunMutations(kLedgerRecord, 5000); }
TEST(Fuzz, LedgerSnapshot) { RunMutations(kLedgerSnapshot, 5000); }
TEST(Fuzz, LedgerClaim) { RunMutations(kLedgerClaim, 2000); }
TEST(Fuzz, ManifestRow) { RunMutations(kManifestRow, 2000); }
TEST(Fuzz, Manifest) { RunMutations(kManifest, 500); }
TEST(Fuzz, CsvList) { RunMutations(kCsvList, 500); }
TEST(Fuzz, JsonList) { RunMutations(kJsonList, 500); }
TEST(Fuzz, Tar) { RunMutations(kTar, 500); }
TEST(Fuzz, FileName) { RunMutations(kFileName, 2000); }

}  // namespace
}  // namespace foothold::fuzz
