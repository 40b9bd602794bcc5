// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/base/pulse.h"

namespace foothold {

void ParallelFor(int count, int threads, const std::function<void(int)>& body) {
  std::atomic<int> next{0};
  std::mutex mutex;
  int failed_index = count;
  std::exception_ptr failure;

  // Indices are handed out in order, so when one fails every smaller one has already started: the
  // smallest failure is known once the running ones end.
  const auto work = [&] {
    for (int i = next++; i < count; i = next++) {
      try {
        body(i);
        Pulse();
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (i < failed_index) {
          failed_index = i;
          failure = std::current_exception();
        }
        next = count;
      }
    }
  };

  std::vector<std::thread> workers;
  const std::string clip_id = ErrorContext::ClipId();
  for (int k = 1; k < std::min(threads, count); ++k) {
    try {
      workers.emplace_back([&work, clip_id] {
        const ErrorContext context(clip_id);
        work();
      });
    } catch (const std::system_error&) {
      break;  // Out of threads: the ones that started do the work.
    }
  }
  work();
  for (std::thread& worker : workers) worker.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace foothold
