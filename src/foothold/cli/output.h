// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace foothold::cli {

// "1 frame", "3 frames".
std::string Count(long count, const std::string& noun);
// "a, b".
std::string Join(const std::vector<std::string>& words);
// `value` with `decimals` places.
std::string Fixed(double value, int decimals);
// Indented, on standard output. Bytes that are not UTF-8 are replaced.
void PrintJson(const nlohmann::ordered_json& json);

// Flushes standard output; throws Error(kStorage) when something could not be written to it.
void FlushOutput();

}  // namespace foothold::cli
