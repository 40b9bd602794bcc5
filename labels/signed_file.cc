// SPDX-License-Identifier: Apache-2.0
#include "labels/signed_file.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/base/hash.h"

namespace foothold::labels {

namespace {

constexpr char kFamily[] = "foothold-";
constexpr char kHdf5Magic[] = "\x89HDF\r\n\x1a\n";
const std::string kNoChecksum(32, '0');

std::string Signature(const std::string& name, int version, const std::string& checksum, uint64_t size) {
  std::string digits = std::to_string(size);
  digits.insert(0, 20 - digits.size(), '0');
  std::string text =
      name + " " + std::to_string(version) + "\nxxh3-128 " + checksum + "\nbytes " + digits + "\n";
  FOOTHOLD_CHECK(text.size() <= kSignatureBytes, "signature of " + name + " does not fit its block");
  text.resize(kSignatureBytes, '\n');
  return text;
}

// Reads up to `size` bytes of the file in order; returns how many, fewer only at its end.
using ReadBytes = std::function<size_t(char* data, size_t size)>;

struct ParsedSignature {
  std::string name, checksum;
  int version = 0;
  uint64_t size = 0;
};

// False unless `text` is exactly what Signature gives for some values.
bool Parse(const std::string& text, ParsedSignature* parsed) {
  const size_t space = text.find(' '), line1 = text.find('\n');
  if (space == std::string::npos || line1 == std::string::npos || space > line1) return false;
  parsed->name = text.substr(0, space);
  const char* begin = text.data() + space + 1;
  if (std::from_chars(begin, text.data() + line1, parsed->version).ec != std::errc()) return false;
  const size_t checksum = line1 + 1 + std::strlen("xxh3-128 ");
  const size_t size = checksum + 32 + 1 + std::strlen("bytes ");
  if (size + 20 > text.size()) return false;
  parsed->checksum = text.substr(checksum, 32);
  if (std::from_chars(text.data() + size, text.data() + size + 20, parsed->size).ec != std::errc()) {
    return false;
  }
  return Signature(parsed->name, parsed->version, parsed->checksum, parsed->size) == text;
}

Error Damaged(const std::string& origin, const std::string& reason, const std::string& what) {
  return Error(ErrorKind::kBadInput, origin + ": " + what).WithReason(reason);
}

using OwnedStream = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

OwnedStream OpenForReading(const std::string& path) {
  OwnedStream file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (file == nullptr) {
    throw Damaged(path, "file_missing", std::string("cannot be opened: ") + std::strerror(errno));
  }
  return file;
}

void CheckFormat(const FileFormat& format, const ParsedSignature& signature, const std::string& origin) {
  if (signature.name != format.name) {
    throw Damaged(origin, "file_format", "is a " + signature.name + " file, expected " + format.name);
  }
  if (signature.version < 1 || signature.version > format.version) {
    throw Damaged(origin,
                  "file_version",
                  "has schema version " + std::to_string(signature.version) + ", this program reads 1 to " +
                      std::to_string(format.version) + "; use a newer program");
  }
}

void Verify(const FileFormat& format, const std::string& origin, const ReadBytes& read) {
  std::string head(kSignatureBytes, '\0');
  head.resize(read(head.data(), head.size()));
  if (head.empty()) throw Damaged(origin, "file_truncated", "is empty");
  if (format.accept_unsigned && head.starts_with(kHdf5Magic)) return;
  if (head.size() < kSignatureBytes || !head.starts_with(kFamily)) {
    throw Damaged(origin, "file_format", "is not a " + format.name + " file, or its first bytes are damaged");
  }
  ParsedSignature signature;
  if (!Parse(head, &signature)) throw Damaged(origin, "file_corrupt", "its first 512 bytes are damaged");

  Hasher hasher;
  const std::string unsigned_head = Signature(signature.name, signature.version, kNoChecksum, signature.size);
  hasher.Update(unsigned_head.data(), unsigned_head.size());
  uint64_t size = head.size();
  std::vector<char> buffer(1 << 20);
  while (const size_t count = read(buffer.data(), buffer.size())) {
    hasher.Update(buffer.data(), count);
    size += count;
  }
  if (size < signature.size) {
    throw Damaged(origin,
                  "file_truncated",
                  "ends after " + std::to_string(size) + " of " + std::to_string(signature.size) + " bytes");
  }
  if (size != signature.size || hasher.Hex() != signature.checksum) {
    throw Damaged(origin, "file_corrupt", "checksum differs: the file was damaged or edited");
  }
  CheckFormat(format, signature, origin);
}

}  // namespace

void Resign(const FileFormat& format, std::string* bytes) {
  FOOTHOLD_CHECK(bytes->size() >= kSignatureBytes, "no room for a signature");
  const std::string blank = Signature(format.name, format.version, kNoChecksum, bytes->size());
  bytes->replace(0, kSignatureBytes, blank);
  const std::string checksum = HashBytes(bytes->data(), bytes->size());
  bytes->replace(0, kSignatureBytes, Signature(format.name, format.version, checksum, bytes->size()));
}

std::string SignedBytes(Hdf5Writer* writer, const FileFormat& format) {
  std::string bytes = writer->Finish();
  Resign(format, &bytes);
  return bytes;
}

bool CommitSigned(Hdf5Writer* writer, const FileFormat& format, const std::string& path) {
  const std::string bytes = SignedBytes(writer, format);
  AtomicFile file(path);
  std::FILE* stream = std::fopen(file.temporary_path().c_str(), "wb");
  if (stream == nullptr) throw StorageError(path, "cannot be opened for writing", errno);
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), stream) == bytes.size();
  const int write_error = errno;
  const bool closed = std::fclose(stream) == 0;
  if (!written || !closed) throw StorageError(path, "cannot be written", written ? errno : write_error);
  return file.Commit();
}

std::string StatedChecksum(const std::string& path) {
  const OwnedStream file = OpenForReading(path);
  std::string head(kSignatureBytes, '\0');
  head.resize(std::fread(head.data(), 1, head.size(), file.get()));
  ParsedSignature signature;
  if (head.size() < kSignatureBytes || !Parse(head, &signature)) {
    throw Damaged(path, "file_corrupt", "its first 512 bytes are damaged");
  }
  return signature.checksum;
}

Hdf5Reader OpenSigned(const FileFormat& format, const std::string& path) {
  const OwnedStream file = OpenForReading(path);
  Verify(format, path, [&](char* data, size_t size) {
    const size_t count = std::fread(data, 1, size, file.get());
    if (std::ferror(file.get()) != 0) {
      throw Damaged(path, "file_unreadable", std::string("cannot be read: ") + std::strerror(errno));
    }
    return count;
  });
  return Hdf5Reader(path);
}

Hdf5Reader OpenSignedBytes(const FileFormat& format, const std::string& bytes, const std::string& origin) {
  size_t position = 0;
  Verify(format, origin, [&](char* data, size_t size) {
    const size_t count = std::min(size, bytes.size() - position);
    std::memcpy(data, bytes.data() + position, count);
    position += count;
    return count;
  });
  return Hdf5Reader::FromBytes(bytes, origin);
}

}  // namespace foothold::labels
