// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/corpus/ledger.h"

namespace foothold {

// One line of JSON, without the line end; also stamped with the local time, for readers.
std::string FormatRecord(const LedgerRecord& record);
// False when `line` is no record.
bool ParseRecord(const std::string& line, LedgerRecord* record);

const char* NameOf(LedgerRecord::Event event);

}  // namespace foothold
