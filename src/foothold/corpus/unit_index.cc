// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/unit_index.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "foothold/base/error.h"
#include "foothold/corpus/ledger_record.h"

namespace foothold {
namespace {

// An order needs numbers.
double KnownCost(double cost_s) { return std::isfinite(cost_s) ? cost_s : 0; }

}  // namespace

UnitIndex::UnitIndex(const UnitList& units) {
  FOOTHOLD_CHECK(units.size() < UINT32_MAX, "too many units");
  hashes_.reserve(units.size());
  for (size_t i = 0; i < units.size(); ++i) {
    const Unit unit = units.At(i);
    hashes_.push_back(UnitHash(unit.id));
    if (unit.kind == Unit::Kind::kJoin) joins_.push_back(static_cast<uint32_t>(i));
  }
  MakeTable(units);
  MakeOrder(units);
}

void UnitIndex::MakeTable(const UnitList& units) {
  table_.assign(std::bit_ceil(2 * hashes_.size() + 1), 0);
  const size_t mask = table_.size() - 1;
  for (size_t i = 0; i < hashes_.size(); ++i) {
    size_t slot = hashes_[i] & mask;
    for (; table_[slot] != 0; slot = (slot + 1) & mask) {
      const size_t other = table_[slot] - 1;
      if (hashes_[other] != hashes_[i]) continue;
      throw Error(ErrorKind::kBadInput,
                  "the ids '" + units.At(other).id + "' and '" + units.At(i).id +
                      "' are equal or have the same hash; rename one of them");
    }
    table_[slot] = static_cast<uint32_t>(i + 1);
  }
}

void UnitIndex::MakeOrder(const UnitList& units) {
  struct Rank {
    int priority;
    double cost_s;
  };
  std::vector<Rank> ranks(size());
  for (size_t i = 0; i < size(); ++i) ranks[i] = {units.PriorityOf(i), KnownCost(units.CostOf(i))};
  order_.resize(size());
  std::iota(order_.begin(), order_.end(), 0u);
  std::stable_sort(order_.begin(), order_.end(), [&](uint32_t a, uint32_t b) {
    if (ranks[a].priority != ranks[b].priority) return ranks[a].priority > ranks[b].priority;
    return ranks[a].cost_s > ranks[b].cost_s;
  });

  for (const uint64_t hash : hashes_) ++folder_begin_[FolderOf(hash) + 1];
  std::partial_sum(folder_begin_.begin(), folder_begin_.end(), folder_begin_.begin());
  by_folder_.resize(size());
  std::array<size_t, kFolders + 1> end = folder_begin_;
  for (const uint32_t index : order_) by_folder_[end[FolderOf(hashes_[index])]++] = index;
}

int64_t UnitIndex::Find(uint64_t hash) const {
  const size_t mask = table_.size() - 1;
  for (size_t slot = hash & mask; table_[slot] != 0; slot = (slot + 1) & mask) {
    if (hashes_[table_[slot] - 1] == hash) return table_[slot] - 1;
  }
  return -1;
}

std::string UnitIndex::FolderName(int folder) {
  char name[3];
  std::snprintf(name, sizeof name, "%02x", static_cast<unsigned>(folder) & 0xff);
  return name;
}

}  // namespace foothold
