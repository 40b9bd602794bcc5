// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace foothold {

// A regular file inside a tar archive, and where its bytes lie.
struct TarMember {
  std::string name;
  uint64_t offset = 0, size = 0;
};

// The regular files of an uncompressed tar archive (ustar, GNU and pax names), in their order; contents
// are skipped, not read.
class TarReader {
 public:
  // Throws Error(kBadInput, "tar_unreadable").
  explicit TarReader(const std::string& path);
  // False at the end. Throws Error(kBadInput, "tar_damaged") for a damaged header and for a member that
  // the end of the file cuts off; the members before are good.
  bool Next(TarMember* member);

 private:
  bool ReadBlock(unsigned char* block);
  std::string ReadText(uint64_t size);
  [[noreturn]] void Fail(const std::string& what) const;

  std::string path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  uint64_t file_size_ = 0, position_ = 0;
};

// Bytes [offset, offset + size) of a file on disk.
struct FilePiece {
  std::string path;
  uint64_t offset = 0, size = 0;
  bool is_member = false;  // Of a tar archive; otherwise the whole file.
};

// An archive counts as a folder: "shards/000.tar/walk.mp4" is the member walk.mp4. Nothing when there is no
// such regular file. Throws as TarReader for an archive that is damaged before the member.
std::optional<FilePiece> FindFile(const std::string& path);

}  // namespace foothold
