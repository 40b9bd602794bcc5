// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "foothold/base/error.h"

namespace foothold {

// Runs `function` and expects a foothold::Error of `kind` whose message contains every one of `parts`.
template <class Function>
void ExpectError(ErrorKind kind, const std::vector<std::string>& parts, Function&& function) {
  try {
    function();
    ADD_FAILURE() << "no error was thrown, expected kind " << NameOf(kind);
  } catch (const Error& error) {
    EXPECT_STREQ(NameOf(error.kind()), NameOf(kind)) << error.what();
    for (const std::string& part : parts) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos)
          << "'" << part << "' is missing in: " << error.what();
    }
  }
}

}  // namespace foothold
