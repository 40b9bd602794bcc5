// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foothold/corpus/ledger.h"
#include "foothold/corpus/unit_list.h"

namespace foothold {

// The units of a run as the run's folder keeps them, so that it explains itself without the corpus: one
// JSON object per line, in list order. Held as text; a unit is parsed when it is asked for.
class UnitsFile : public UnitList {
 public:
  // Throws Error(kBadInput) naming the file and the line.
  explicit UnitsFile(const std::string& path);
  size_t size() const override { return lines_.size(); }
  Unit At(size_t index) const override;
  double CostOf(size_t index) const override { return FactsOf(index).cost_s; }
  int PriorityOf(size_t index) const override { return FactsOf(index).priority; }
  std::string Fingerprint() const override { return hash_; }
  // What stands at the front of a line, twenty times faster than At.
  UnitFacts FactsOf(size_t index) const;
  const std::string& hash() const { return hash_; }

 private:
  std::string_view LineOf(size_t index) const;
  [[noreturn]] void FailAt(size_t index, const std::string& problem) const;

  std::string path_, text_, hash_;
  std::vector<size_t> lines_;  // Where each begins.
};

// The units file of a list is <ledger>/units/<hash of its fingerprint>.jsonl. The one used last is that of
// the run; older ones are of the corpus as it was then.
void RememberUnits(const std::string& ledger_folder, const UnitList& units, const std::string& hash);
// Throws Error(kBadInput) when `ledger_folder` has none.
std::string LatestUnitsFile(const std::string& ledger_folder);
// The units of the run whose output folder is `output`. Throws Error(kBadInput).
RunUnits UnitsOfRun(const std::string& output);

}  // namespace foothold
