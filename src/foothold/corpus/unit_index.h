// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "foothold/corpus/unit_list.h"

namespace foothold {

// What the index needs of a unit.
struct UnitFacts {
  uint64_t hash = 0;  // UnitHash(id).
  int priority = 0;
  double cost_s = 0;
  bool is_join = false;
  int num_parts = 0;
};

// The join of units [index - num_parts, index).
struct JoinUnit {
  uint32_t index = 0;
  int num_parts = 0;
};

// What ranks look up in a list of units, made once and never changed: 20 bytes for each unit.
class UnitIndex {
 public:
  // Folders that claims are spread over, by the first two hexadecimal digits of the unit's hash.
  static constexpr int kFolders = 256;

  // Throws Error(kBadInput) when two ids have one hash.
  explicit UnitIndex(const UnitList& units);
  // The same from facts that `units` has at hand; it is asked for names in error messages only.
  UnitIndex(const UnitList& units, const std::vector<UnitFacts>& facts);

  size_t size() const { return hashes_.size(); }
  // Index of the unit with this hash (UnitHash); -1: none.
  int64_t Find(uint64_t hash) const;
  uint64_t HashOf(size_t index) const { return hashes_[index]; }
  static int FolderOf(uint64_t hash) { return static_cast<int>(hash >> 56); }
  static std::string FolderName(int folder);

  // All units, in the order in which they are best begun: priority, then cost, descending.
  std::span<const uint32_t> order() const { return order_; }
  // Those of a claim folder, in the same order.
  std::span<const uint32_t> UnitsIn(int folder) const {
    return std::span(by_folder_)
        .subspan(folder_begin_[folder], folder_begin_[folder + 1] - folder_begin_[folder]);
  }
  // Units of kind kJoin, ascending.
  std::span<const JoinUnit> joins() const { return joins_; }
  bool IsJoin(size_t index) const;

 private:
  void MakeTable(const UnitList& units);
  void MakeOrder(const std::vector<UnitFacts>& facts);

  std::vector<uint64_t> hashes_;
  std::vector<uint32_t> table_;  // Open addressing: index + 1, 0 where free.
  std::vector<uint32_t> order_, by_folder_;
  std::vector<JoinUnit> joins_;
  std::array<size_t, kFolders + 1> folder_begin_{};
};

}  // namespace foothold
