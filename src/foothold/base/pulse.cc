// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/pulse.h"

#include <atomic>

namespace foothold {
namespace {

std::atomic<uint64_t> count{0};

}  // namespace

void Pulse() { count.fetch_add(1, std::memory_order_relaxed); }
uint64_t PulseCount() { return count.load(std::memory_order_relaxed); }

}  // namespace foothold
