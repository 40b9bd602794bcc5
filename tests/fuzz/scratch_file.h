// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace foothold::fuzz {

// A file for parsers that open one themselves, in memory where /dev/shm exists; one folder per process.
inline std::string ScratchFile(const std::string& name, const std::string& bytes) {
  struct Folder {
    Folder() {
      const bool in_memory = std::filesystem::is_directory("/dev/shm");
      std::string pattern = in_memory ? "/dev/shm/foothold-fuzz-XXXXXX" : "/tmp/foothold-fuzz-XXXXXX";
      path = mkdtemp(pattern.data()) != nullptr ? pattern : ".";
    }
    ~Folder() {
      std::error_code ignored;
      if (path != ".") std::filesystem::remove_all(path, ignored);
    }
    std::string path;
  };
  static const Folder folder;
  const std::string path = folder.path + "/" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

}  // namespace foothold::fuzz
