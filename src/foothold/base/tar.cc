// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/tar.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "foothold/base/error.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kBlock = 512;
constexpr uint64_t kMaxText = 1 << 20;  // Of a long name or a pax header.

uint64_t Padded(uint64_t size) { return (size + kBlock - 1) / kBlock * kBlock; }

// A field ends at its first NUL, or where it is full.
std::string TextField(const unsigned char* block, size_t begin, size_t size) {
  const auto* text = reinterpret_cast<const char*>(block + begin);
  return {text, strnlen(text, size)};
}

// Octal digits between blanks, or (GNU, for 8 GiB and more) binary with the first bit set.
std::optional<uint64_t> NumberField(const unsigned char* block, size_t begin, size_t size) {
  uint64_t value = 0;
  if ((block[begin] & 0x80) != 0) {
    for (size_t i = begin + size - 8; i < begin + size; ++i) value = value << 8 | block[i];
    return value;
  }
  const std::string text = TextField(block, begin, size);
  const size_t first = std::min(text.find_first_not_of(' '), text.size());
  const size_t last = std::min(text.find(' ', first), text.size());
  const auto [end, error] = std::from_chars(text.data() + first, text.data() + last, value, 8);
  if (error != std::errc() || end != text.data() + last) return std::nullopt;
  return value;
}

bool HasGoodChecksum(const unsigned char* block) {
  uint64_t sum = 8 * ' ';
  for (size_t i = 0; i < kBlock; ++i) sum += i >= 148 && i < 156 ? 0 : block[i];
  return NumberField(block, 148, 8) == sum;
}

// Value of a key among pax records, "<length> <key>=<value>\n".
std::optional<std::string> PaxValue(const std::string& records, const std::string& key) {
  for (size_t begin = 0; begin < records.size();) {
    size_t length = 0;
    const char* const end = records.data() + records.size();
    const auto [space, error] = std::from_chars(records.data() + begin, end, length);
    const size_t digits = static_cast<size_t>(space - records.data()) - begin;
    if (error != std::errc() || length <= digits + 1 || length > records.size() - begin) break;
    const std::string record = records.substr(begin + digits + 1, length - digits - 2);
    if (record.starts_with(key + "=")) return record.substr(key.size() + 1);
    begin += length;
  }
  return std::nullopt;
}

std::string NameField(const unsigned char* block) {
  const bool ustar = std::memcmp(block + 257, "ustar\0", 6) == 0;
  const std::string name = TextField(block, 0, 100), prefix = ustar ? TextField(block, 345, 155) : "";
  return prefix.empty() ? name : prefix + "/" + name;
}

}  // namespace

TarReader::TarReader(const std::string& path)
    : path_(path), file_(std::fopen(path.c_str(), "rb"), &std::fclose) {
  struct stat status {};
  if (file_ == nullptr || fstat(fileno(file_.get()), &status) != 0 || !S_ISREG(status.st_mode)) {
    const std::string why = file_ == nullptr ? std::strerror(errno) : "not a file";
    throw Error(ErrorKind::kBadInput, path + ": the archive cannot be opened: " + why)
        .WithReason("tar_unreadable");
  }
  file_size_ = static_cast<uint64_t>(status.st_size);
}

void TarReader::Fail(const std::string& what) const {
  throw Error(ErrorKind::kBadInput,
              path_ + ": byte " + std::to_string(position_) + ": " + what +
                  "; the archive is damaged or cut short, copy it again")
      .WithReason("tar_damaged");
}

bool TarReader::ReadBlock(unsigned char* block) {
  if (position_ >= file_size_) return false;
  if (fseeko(file_.get(), static_cast<off_t>(position_), SEEK_SET) != 0 ||
      std::fread(block, 1, kBlock, file_.get()) != kBlock) {
    Fail("a header cannot be read");
  }
  position_ += kBlock;
  return true;
}

std::string TarReader::ReadText(uint64_t size) {
  if (size > kMaxText || size > file_size_ - position_)
    Fail("a header of " + std::to_string(size) + " bytes");
  std::string text(size, '\0');
  if (std::fread(text.data(), 1, size, file_.get()) != size) Fail("a header cannot be read");
  position_ += Padded(size);
  return text;
}

bool TarReader::Next(TarMember* member) {
  std::string long_name, pax;
  unsigned char block[kBlock];
  while (ReadBlock(block)) {
    if (std::all_of(block, block + kBlock, [](unsigned char c) { return c == 0; })) return false;
    if (!HasGoodChecksum(block)) Fail("a header's checksum is wrong");
    std::optional<uint64_t> size = NumberField(block, 124, 12);
    if (const auto text = PaxValue(pax, "size")) {
      uint64_t value = 0;
      const char* const end = text->data() + text->size();
      const auto [rest, error] = std::from_chars(text->data(), end, value);
      size = error == std::errc() && rest == end ? std::optional(value) : std::nullopt;
    }
    if (!size) Fail("a size is not a number");
    const char type = static_cast<char>(block[156]);
    if (type == 'L') {
      long_name = ReadText(*size);
      long_name.resize(strnlen(long_name.data(), long_name.size()));
      continue;
    }
    if (type == 'x') {
      pax = ReadText(*size);
      continue;
    }
    std::string name = PaxValue(pax, "path").value_or(long_name.empty() ? NameField(block) : long_name);
    while (name.starts_with("./")) name.erase(0, 2);
    const uint64_t offset = position_;
    if (*size > file_size_ - position_) Fail("the end of '" + name + "' is missing");
    position_ = std::min(file_size_, position_ + Padded(*size));
    long_name.clear();
    pax.clear();
    if (type != '0' && type != '\0' && type != '7') continue;
    *member = {name, offset, *size};
    return true;
  }
  return false;
}

std::optional<FilePiece> FindFile(const std::string& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) return FilePiece{path, 0, fs::file_size(path, error), false};
  const size_t archive_end = path.rfind(".tar/");
  if (archive_end == std::string::npos || fs::exists(path, error)) return std::nullopt;
  const std::string archive = path.substr(0, archive_end + 4), name = path.substr(archive_end + 5);
  if (!fs::is_regular_file(archive, error)) return std::nullopt;
  TarReader reader(archive);
  for (TarMember member; reader.Next(&member);) {
    if (member.name == name) return FilePiece{archive, member.offset, member.size, true};
  }
  return std::nullopt;
}

}  // namespace foothold
