// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/base/error.h"

namespace foothold::labels {

// Message of the Error that `call` throws, or "no error".
template <class Call>
std::string MessageOf(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// Its named reason.
template <class Call>
std::string ReasonOf(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.reason();
  }
  return "no error";
}

}  // namespace foothold::labels
