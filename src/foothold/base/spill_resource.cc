// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/spill_resource.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "foothold/base/error.h"

namespace foothold {
namespace {

// Large enough that a long clip takes tens of maps, not thousands.
constexpr size_t kBlockBytes = size_t{64} << 20;
// Alignment of what is handed out; more is not asked for.
constexpr size_t kPiece = alignof(std::max_align_t);

size_t RoundUp(size_t bytes, size_t step) { return (bytes + step - 1) / step * step; }

std::string DefaultFolder() {
  const char* folder = std::getenv("TMPDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/var/tmp";
}

}  // namespace

SpillResource::SpillResource(size_t memory_bytes, std::string folder, std::string remedy)
    : memory_bytes_(memory_bytes),
      folder_(folder.empty() ? DefaultFolder() : std::move(folder)),
      remedy_(std::move(remedy)) {}

SpillResource::~SpillResource() {
  for (const auto& [first, block] : blocks_) munmap(first, block.size);
}

size_t SpillResource::spilled_bytes() const {
  const std::lock_guard lock(mutex_);
  size_t bytes = 0;
  for (const auto& entry : blocks_) bytes += entry.second.size;
  return bytes;
}

void SpillResource::ThrowNoRoom(size_t bytes, int error_number) const {
  throw Error(ErrorKind::kStorage,
              folder_ + ": cannot hold " + std::to_string(bytes >> 20) + " MiB beyond memory (" +
                  std::generic_category().message(error_number) + "): free some space, " + remedy_);
}

std::byte* SpillResource::MapFile(size_t bytes) const {
  std::string path = folder_ + "/foothold-spill-XXXXXX";
  const int file = mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) ThrowNoRoom(bytes, errno);
  unlink(path.c_str());
  // Room is taken now: a full disk found out later, when a page is written, would be a signal.
  int failed = posix_fallocate(file, 0, static_cast<off_t>(bytes));
  void* first = MAP_FAILED;
  if (failed == 0) {
    first = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (first == MAP_FAILED) failed = errno;
  }
  close(file);
  if (failed != 0) ThrowNoRoom(bytes, failed);
  madvise(first, bytes, MADV_SEQUENTIAL);
  return static_cast<std::byte*>(first);
}

void* SpillResource::do_allocate(size_t bytes, size_t alignment) {
  FOOTHOLD_CHECK(alignment <= kPiece, "an ordinary alignment");
  const std::lock_guard lock(mutex_);
  if (bytes <= memory_bytes_ - std::min(memory_bytes_, heap_bytes_)) {
    void* const pointer = ::operator new(bytes);
    heap_bytes_ += bytes;
    return pointer;
  }
  const size_t needed = RoundUp(std::max<size_t>(bytes, 1), kPiece);
  auto block = blocks_.find(current_);
  if (block == blocks_.end() || block->second.size - block->second.next < needed) {
    const size_t size = RoundUp(std::max(needed, kBlockBytes), static_cast<size_t>(sysconf(_SC_PAGESIZE)));
    block = blocks_.emplace(MapFile(size), Block{size}).first;
    current_ = block->first;
  }
  std::byte* const pointer = block->first + block->second.next;
  block->second.next += needed;
  block->second.used += needed;
  return pointer;
}

void SpillResource::do_deallocate(void* pointer, size_t bytes, size_t /*alignment*/) {
  const std::lock_guard lock(mutex_);
  auto* const first = static_cast<std::byte*>(pointer);
  auto block = blocks_.upper_bound(first);
  if (block == blocks_.begin() || first >= (--block)->first + block->second.size) {
    ::operator delete(pointer);
    heap_bytes_ -= bytes;
    return;
  }
  block->second.used -= RoundUp(std::max<size_t>(bytes, 1), kPiece);
  if (block->second.used > 0) return;
  munmap(block->first, block->second.size);
  if (current_ == block->first) current_ = nullptr;
  blocks_.erase(block);
}

}  // namespace foothold
