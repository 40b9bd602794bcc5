// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/unit_index.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "foothold/base/error.h"

namespace foothold {
namespace {

std::vector<UnitFacts> FactsOf(const UnitList& units) {
  std::vector<UnitFacts> facts;
  facts.reserve(units.size());
  for (size_t i = 0; i < units.size(); ++i) {
    const bool is_join = units.KindOf(i) == Unit::Kind::kJoin;
    facts.push_back({units.HashOf(i),
                     units.PriorityOf(i),
                     units.CostOf(i),
                     is_join,
                     is_join ? units.At(i).num_parts : 0});
  }
  return facts;
}

// An order needs numbers.
double KnownCost(const UnitFacts& facts) { return std::isfinite(facts.cost_s) ? facts.cost_s : 0; }

}  // namespace

UnitIndex::UnitIndex(const UnitList& units) : UnitIndex(units, FactsOf(units)) {}

UnitIndex::UnitIndex(const UnitList& units, const std::vector<UnitFacts>& facts) {
  FOOTHOLD_CHECK(facts.size() == units.size() && units.size() < UINT32_MAX, "too many units");
  hashes_.reserve(facts.size());
  for (size_t i = 0; i < facts.size(); ++i) {
    hashes_.push_back(facts[i].hash);
    if (!facts[i].is_join) continue;
    if (facts[i].num_parts < 0 || static_cast<size_t>(facts[i].num_parts) > i) {
      throw Error(ErrorKind::kBadInput,
                  "the join '" + units.At(i).id + "' has " + std::to_string(facts[i].num_parts) +
                      " parts, but only " + std::to_string(i) + " units stand before it");
    }
    joins_.push_back({static_cast<uint32_t>(i), facts[i].num_parts});
  }
  MakeTable(units);
  MakeOrder(facts);
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

void UnitIndex::MakeOrder(const std::vector<UnitFacts>& facts) {
  order_.resize(size());
  std::iota(order_.begin(), order_.end(), 0u);
  std::stable_sort(order_.begin(), order_.end(), [&](uint32_t a, uint32_t b) {
    if (facts[a].priority != facts[b].priority) return facts[a].priority > facts[b].priority;
    return KnownCost(facts[a]) > KnownCost(facts[b]);
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

bool UnitIndex::IsJoin(size_t index) const {
  const auto found = std::lower_bound(
      joins_.begin(), joins_.end(), index, [](const JoinUnit& join, size_t i) { return join.index < i; });
  return found != joins_.end() && found->index == index;
}

std::string UnitIndex::FolderName(int folder) {
  char name[3];
  std::snprintf(name, sizeof name, "%02x", static_cast<unsigned>(folder) & 0xff);
  return name;
}

}  // namespace foothold
