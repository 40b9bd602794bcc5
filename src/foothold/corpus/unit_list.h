// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "foothold/corpus/corpus.h"
#include "foothold/corpus/ledger_record.h"

namespace foothold {

// The units of a run in their fixed order, by index. The units of a million videos stay on disk (Manifest);
// those of a folder are in memory. Safe to read from several threads.
class UnitList {
 public:
  virtual ~UnitList() = default;
  virtual size_t size() const = 0;
  virtual Unit At(size_t index) const = 0;
  // What the queue sorts by, without making a Unit.
  virtual double CostOf(size_t index) const = 0;
  virtual int PriorityOf(size_t index) const = 0;
  // What every rank asks of all units at the start.
  virtual uint64_t HashOf(size_t index) const { return UnitHash(At(index).id); }
  virtual Unit::Kind KindOf(size_t index) const { return At(index).kind; }
  // Everything that has to be the same on all ranks.
  virtual std::string Fingerprint() const = 0;
};

class UnitsInMemory : public UnitList {
 public:
  explicit UnitsInMemory(Corpus corpus) : corpus_(std::move(corpus)) {}
  size_t size() const override { return corpus_.units.size(); }
  Unit At(size_t index) const override { return corpus_.units[index]; }
  double CostOf(size_t index) const override { return corpus_.units[index].cost_s; }
  int PriorityOf(size_t index) const override { return corpus_.units[index].priority; }
  std::string Fingerprint() const override { return corpus_.Fingerprint(); }

 private:
  Corpus corpus_;
};

}  // namespace foothold
