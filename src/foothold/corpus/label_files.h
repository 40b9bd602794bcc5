// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/corpus/ledger_record.h"

namespace foothold {

// What a record keeps of the committed label `path`, which lies below `labels_folder`. Reads the file.
// Throws Error(kStorage) when it cannot be read.
LabelFile DescribeLabel(const std::string& labels_folder, const std::string& path, int frames);

}  // namespace foothold
