// SPDX-License-Identifier: Apache-2.0
#include "foothold/cli/output.h"

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "foothold/base/error.h"

namespace foothold::cli {

std::string Count(long count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string Fixed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

void PrintJson(const nlohmann::ordered_json& json) {
  std::cout << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
}

void FlushOutput() {
  std::cout.flush();
  if (!std::cout) throw Error(ErrorKind::kStorage, "cannot write to standard output (disk full or closed?)");
}

}  // namespace foothold::cli
