// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "foothold/corpus/ledger_state.h"

namespace foothold {

// How far each records file was read, by its name.
using RecordOffsets = std::map<std::string, int64_t>;

// What all records came to at some moment, as text, so that not every reader has to read them all:
//
//   foothold-snapshot 1
//   units <count> <XXH3-128 of the unit list>
//   files <count>              then a line "<offset> <name>" each: read so far
//   histories <count>          then a line "<index> <done> <rejected> <failed> <quarantined> <reopened>
//                              <partly>" for each unit that is not open or done at its first attempt
//   states <text>              all units in their order: . open, d done, p partly, h see histories; a
//                              number before a letter repeats it
//   xxh3-128 <hash>            of all text before this line
//
// A reader that finds it damaged, or of another unit list, ignores it: records are what counts.
class LedgerSnapshot {
 public:
  static std::string Format(const LedgerState& state, const RecordOffsets& offsets, const std::string& units);
  // Adds what the snapshot knows; `offsets` may be null. False, and nothing is added, when it is damaged or
  // of other units.
  static bool Parse(std::string_view text,
                    const std::string& units,
                    LedgerState* state,
                    RecordOffsets* offsets);
};

}  // namespace foothold
