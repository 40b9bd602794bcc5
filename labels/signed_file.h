// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "labels/hdf5.h"

namespace foothold::labels {

// HDF5 files of ours start with a user block of 512 bytes of text:
//
//   foothold-label 1\n             format and schema version
//   xxh3-128 <32 hex digits>\n     of the whole file with these digits replaced by zeros
//   bytes <20 digits>\n            size of the whole file
//   (newlines to byte 512)
//
// so that any damaged byte is found before libhdf5 parses anything. Other programs skip the block.
constexpr size_t kSignatureBytes = 512;

struct FileFormat {
  std::string name;  // "foothold-label"
  int version = 1;   // Newest schema version that this build writes and reads; it reads all from 1.
  bool accept_unsigned = false;  // Plain HDF5 without the block, written by users.
};

// Closes `writer`, which must have been made with kSignatureBytes, signs its bytes and commits them.
// Returns false when `path` exists already and leaves it alone. Throws Error(kStorage).
bool CommitSigned(Hdf5Writer* writer, const FileFormat& format, const std::string& path);

// The bytes that CommitSigned writes.
std::string SignedBytes(Hdf5Writer* writer, const FileFormat& format);

// Puts a new signature over bytes whose content was changed; for tests and fuzzing.
void Resign(const FileFormat& format, std::string* bytes);

// The checksum that the file's signature states, from its first 512 bytes alone: says which version of a file
// this is, not that its bytes are whole. Throws Error(kBadInput) like OpenSigned.
std::string StatedChecksum(const std::string& path);

// Verified file, opened. Throws Error(kBadInput) with reason "file_truncated", "file_corrupt",
// "file_version" or "file_format".
Hdf5Reader OpenSigned(const FileFormat& format, const std::string& path);
Hdf5Reader OpenSignedBytes(const FileFormat& format, const std::string& bytes, const std::string& origin);

}  // namespace foothold::labels
