// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

namespace foothold {

// Calls body(i) for i = 0 .. count-1 on up to `threads` threads (the caller is one of them) and
// waits. Results must not depend on the order: each i writes only its own slots, and sums are taken
// afterwards in index order, so that every thread count gives the same bytes. The exception of the
// smallest failing i is rethrown.
void ParallelFor(int count, int threads, const std::function<void(int)>& body);

}  // namespace foothold
