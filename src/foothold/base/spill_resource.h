// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory_resource>
#include <mutex>
#include <string>

namespace foothold {

// Memory for arrays that may be larger than memory: the first `memory_bytes` come from the heap, what is
// asked for beyond them lies in files in `folder` that are mapped, have no name, and end with the process.
// The kernel writes those pages out and reads them again as they are needed, in order. Any number of threads.
class SpillResource : public std::pmr::memory_resource {
 public:
  // An empty folder: $TMPDIR, else /var/tmp (/tmp is often memory). `remedy` ends the message of an error,
  // after "free some space, ".
  SpillResource(size_t memory_bytes, std::string folder, std::string remedy = "or take another folder");
  // What was allocated has been given back.
  ~SpillResource() override;
  SpillResource(const SpillResource&) = delete;
  SpillResource& operator=(const SpillResource&) = delete;

  size_t spilled_bytes() const;  // In files now.

 private:
  // A mapped file, handed out from its start; given back as a whole when nothing of it is used any more.
  struct Block {
    size_t size = 0, next = 0, used = 0;
  };

  // Throws Error(kStorage) when the folder has no room. allocate() returns what the heap and it may.
  void* do_allocate(size_t bytes, size_t alignment) override;
  void do_deallocate(void* pointer, size_t bytes, size_t alignment) override;
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }
  std::byte* MapFile(size_t bytes) const;
  [[noreturn]] void ThrowNoRoom(size_t bytes, int error_number) const;

  const size_t memory_bytes_;
  const std::string folder_, remedy_;
  mutable std::mutex mutex_;  // Of the rest.
  size_t heap_bytes_ = 0;
  std::map<std::byte*, Block> blocks_;  // By their first byte.
  std::byte* current_ = nullptr;        // The block that small pieces are taken from.
};

}  // namespace foothold
