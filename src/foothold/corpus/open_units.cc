// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/open_units.h"

#include "foothold/corpus/manifest.h"

namespace foothold {

std::unique_ptr<UnitList> OpenUnits(const std::string& corpus) {
  if (IsManifest(corpus)) return std::make_unique<Manifest>(corpus);
  return std::make_unique<UnitsInMemory>(ReadCorpus(corpus));
}

}  // namespace foothold
