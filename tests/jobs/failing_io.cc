// SPDX-License-Identifier: Apache-2.0
// A library for LD_PRELOAD that makes a file system fail and a clock go wrong.
//   FAILING_IO=CALL:ERRNO:PART[:PASSES]   CALL is write or fsync, ERRNO a number, PART a part of the file's
//                                         path; calls after the first PASSES (0) fail
//   CLOCK_SHIFT_S=SECONDS                 added to the wall clock
#include <dlfcn.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace {

struct Failure {
  std::string call, part;
  int error = 0;
  long passes = 0;
};

const Failure& TheFailure() {
  static const Failure failure = [] {
    Failure made;
    char call[16] = "", part[256] = "";
    const char* text = std::getenv("FAILING_IO");
    if (text == nullptr) return made;
    const int count = std::sscanf(text, "%15[^:]:%d:%255[^:]:%ld", call, &made.error, part, &made.passes);
    if (count < 3) std::abort();
    made.call = call;
    made.part = part;
    return made;
  }();
  return failure;
}

bool Fails(const char* call, int descriptor) {
  const Failure& failure = TheFailure();
  if (failure.call != call) return false;
  char path[4096] = "";
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  if (readlink(link.c_str(), path, sizeof path - 1) < 0 || std::strstr(path, failure.part.c_str()) == nullptr)
    return false;
  static std::atomic<long> passes{0};
  if (passes++ < failure.passes) return false;
  errno = failure.error;
  return true;
}

long ClockShift_s() {
  static const long shift = [] {
    const char* text = std::getenv("CLOCK_SHIFT_S");
    return text == nullptr ? 0L : std::atol(text);
  }();
  return shift;
}

template <class Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

ssize_t write(int descriptor, const void* data, size_t size) {
  static const auto next = Next<ssize_t (*)(int, const void*, size_t)>("write");
  return Fails("write", descriptor) ? -1 : next(descriptor, data, size);
}

ssize_t writev(int descriptor, const struct iovec* pieces, int count) {
  static const auto next = Next<ssize_t (*)(int, const struct iovec*, int)>("writev");
  return Fails("write", descriptor) ? -1 : next(descriptor, pieces, count);
}

int fsync(int descriptor) {
  static const auto next = Next<int (*)(int)>("fsync");
  return Fails("fsync", descriptor) ? -1 : next(descriptor);
}

time_t time(time_t* result) noexcept {
  static const auto next = Next<time_t (*)(time_t*)>("time");
  const time_t now = next(nullptr) + ClockShift_s();
  if (result != nullptr) *result = now;
  return now;
}

int clock_gettime(clockid_t clock, struct timespec* result) noexcept {
  static const auto next = Next<int (*)(clockid_t, struct timespec*)>("clock_gettime");
  const int code = next(clock, result);
  if (clock == CLOCK_REALTIME) result->tv_sec += ClockShift_s();
  return code;
}

}  // extern "C"
