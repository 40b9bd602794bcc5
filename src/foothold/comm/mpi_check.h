// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace foothold {

// Throws Error(kNetwork) when `code`, what an MPI call returned, is not success.
void CheckMpi(int code, const char* call);

}  // namespace foothold
