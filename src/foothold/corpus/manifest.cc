// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/manifest.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "foothold/base/error.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "the index is little-endian");

constexpr char kMagic[] = "FHINDEX1";
constexpr size_t kHashBytes = 32;  // Hex digits of XXH3-128.
constexpr uint32_t kMaxLine = 16 << 20;

struct IndexHeader {
  char magic[8];
  uint64_t num_rows, footer_offset, manifest_bytes;
  char manifest_checksum[kHashBytes];
};

struct IndexRecord {
  uint64_t offset, hash, unit_hash;
  uint32_t size;  // Without the line's end.
  float cost_s;
  int32_t priority;
  uint8_t kind, rejected, unused[2];
};
static_assert(sizeof(IndexHeader) == 64 && sizeof(IndexRecord) == 40);

[[noreturn]] void Fail(const std::string& origin, const std::string& problem) {
  throw Error(ErrorKind::kBadInput, origin + ": " + problem);
}

uint64_t LineHash(const std::string& line) { return Hash64(line.data(), line.size()); }

std::string Footer(uint64_t num_rows, const std::string& checksum) {
  // The checksum of a bad index may be any bytes.
  const Json json = {{"rows", num_rows}, {"xxh3-128", checksum}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string FormatHeader(const ManifestHeader& header) {
  const Json json = {{"foothold_manifest", 1},
                     {"program", header.program},
                     {"options", header.options},
                     {"sources", header.sources}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

ManifestHeader ParseHeader(const std::string& line, const std::string& origin) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("foothold_manifest"))
    Fail(origin, "is not the first line of a manifest");
  if (json["foothold_manifest"] != 1) Fail(origin, "field 'foothold_manifest' is not 1; use a newer program");
  try {
    return {json.at("program"), json.at("options"), json.at("sources")};
  } catch (const Json::exception& error) {
    Fail(origin, std::string("the header is incomplete: ") + error.what());
  }
}

int OpenForReading(const std::string& path, uint64_t* size) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (descriptor < 0 || fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    const std::string why = descriptor < 0 ? std::strerror(errno) : "not a file";
    if (descriptor >= 0) close(descriptor);
    Fail(path, "cannot be opened: " + why + "; a manifest is two files, " + kManifestSuffix + " and .index");
  }
  *size = static_cast<uint64_t>(status.st_size);
  return descriptor;
}

}  // namespace

// The index mapped, the rows open.
class Manifest::Files {
 public:
  explicit Files(const std::string& path) : index_path_(ManifestIndexPath(path)) {
    rows_ = OpenForReading(path, &rows_bytes_);
    try {
      MapIndex();
    } catch (...) {
      Close();
      throw;
    }
  }
  ~Files() { Close(); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  const IndexHeader& header() const { return *reinterpret_cast<const IndexHeader*>(index_); }
  const IndexRecord& record(size_t i) const {
    return reinterpret_cast<const IndexRecord*>(index_ + sizeof(IndexHeader))[i];
  }
  int rows() const { return rows_; }

 private:
  void MapIndex() {
    const int descriptor = OpenForReading(index_path_, &index_bytes_);
    if (index_bytes_ > 0) {
      void* const data = mmap(nullptr, index_bytes_, PROT_READ, MAP_SHARED, descriptor, 0);
      if (data != MAP_FAILED) index_ = static_cast<const char*>(data);
    }
    close(descriptor);
    constexpr size_t kFixed = sizeof(IndexHeader) + kHashBytes;
    const bool whole = index_ != nullptr && index_bytes_ >= kFixed &&
                       std::memcmp(header().magic, kMagic, sizeof header().magic) == 0 &&
                       header().num_rows == (index_bytes_ - kFixed) / sizeof(IndexRecord) &&
                       (index_bytes_ - kFixed) % sizeof(IndexRecord) == 0;
    const size_t body = index_bytes_ - kHashBytes;
    if (!whole || HashBytes(index_, body) != std::string(index_ + body, kHashBytes)) {
      Fail(index_path_, "is damaged or of another version; scan again");
    }
    if (header().manifest_bytes != rows_bytes_) {
      Fail(index_path_,
           "belongs to a manifest of " + std::to_string(header().manifest_bytes) +
               " bytes, the one here has " + std::to_string(rows_bytes_) +
               "; a manifest is never edited, scan again");
    }
  }
  void Close() {
    if (index_ != nullptr) munmap(const_cast<char*>(index_), index_bytes_);
    close(rows_);
  }

  std::string index_path_;
  int rows_ = -1;
  uint64_t rows_bytes_ = 0, index_bytes_ = 0;
  const char* index_ = nullptr;
};

bool IsManifest(const std::string& path) {
  std::error_code ignored;
  return path.ends_with(kManifestSuffix) && !fs::is_directory(path, ignored);
}

std::string ManifestPathOf(const std::string& run_or_manifest) {
  if (run_or_manifest.ends_with(kManifestSuffix)) return run_or_manifest;
  return (fs::path(run_or_manifest) / (std::string("corpus") + kManifestSuffix)).string();
}

std::string ManifestIndexPath(const std::string& manifest_path) {
  return fs::path(manifest_path).replace_extension(".index").string();
}

Manifest::Manifest(const std::string& path) : path_(path), files_(std::make_unique<Files>(path)) {
  const IndexHeader& index = files_->header();
  checksum_ = std::string(index.manifest_checksum, kHashBytes);
  const std::string footer = Footer(index.num_rows, checksum_);
  if (index.manifest_bytes != index.footer_offset + footer.size() ||
      ReadAt(index.footer_offset, footer.size()) != footer) {
    Fail(path, "its last line does not fit its index; one of the two is of another scan, or cut short");
  }
  const uint64_t header_bytes = index.num_rows > 0 ? files_->record(0).offset : index.footer_offset;
  if (header_bytes == 0 || header_bytes > kMaxLine) Fail(path, "has no first line");
  header_ = ParseHeader(ReadAt(0, header_bytes), path + ":1");
}

Manifest::~Manifest() = default;

size_t Manifest::size() const { return files_->header().num_rows; }

double Manifest::CostOf(size_t index) const { return files_->record(index).cost_s; }

int Manifest::PriorityOf(size_t index) const { return files_->record(index).priority; }

uint64_t Manifest::HashOf(size_t index) const { return files_->record(index).unit_hash; }

Unit::Kind Manifest::KindOf(size_t index) const {
  return static_cast<Unit::Kind>(files_->record(index).kind);
}

bool Manifest::IsRejected(size_t index) const { return files_->record(index).rejected != 0; }

std::string Manifest::Fingerprint() const { return "manifest " + checksum_; }

std::string Manifest::ReadAt(uint64_t offset, size_t size) const {
  std::string text(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t count =
        pread(files_->rows(), text.data() + done, size - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) Fail(path_, std::string("cannot be read: ") + std::strerror(errno));
    if (count == 0) Fail(path_, "ends before byte " + std::to_string(offset + size) + "; it was cut short");
    done += static_cast<size_t>(count);
  }
  return text;
}

ManifestRow Manifest::RowAt(size_t index) const {
  FOOTHOLD_CHECK(index < size(), "row of a manifest out of range");
  const std::string origin = path_ + ":" + std::to_string(index + 2);  // Behind the header; lines from 1.
  const IndexRecord& record = files_->record(index);
  if (record.size > kMaxLine) Fail(origin, "is too long");
  const std::string line = ReadAt(record.offset, record.size);
  if (LineHash(line) != record.hash) Fail(origin, "was damaged or edited; scan again");
  return ParseManifestRow(line, origin);
}

ManifestWriter::ManifestWriter(const std::string& path, const ManifestHeader& header)
    : path_(path),
      rows_file_(path),
      index_file_(ManifestIndexPath(path)),
      rows_(std::fopen(rows_file_.temporary_path().c_str(), "wb"), &std::fclose),
      index_(std::fopen(index_file_.temporary_path().c_str(), "wb"), &std::fclose) {
  if (rows_ == nullptr || index_ == nullptr) throw StorageError(path, "cannot be written", errno);
  const IndexHeader blank{};  // Known at the end.
  std::fwrite(&blank, sizeof blank, 1, index_.get());
  WriteLine(FormatHeader(header));
}

ManifestWriter::~ManifestWriter() = default;

void ManifestWriter::WriteLine(const std::string& line) {
  const std::string text = line + "\n";
  rows_hasher_.Update(text.data(), text.size());
  if (std::fwrite(text.data(), 1, text.size(), rows_.get()) != text.size())
    throw StorageError(path_, "cannot be written", errno);
  offset_ += text.size();
}

void ManifestWriter::Add(const ManifestRow& row) {
  const std::string line = FormatManifestRow(row);
  FOOTHOLD_CHECK(line.size() <= kMaxLine, "row of a manifest is too long: " + row.unit.id);
  IndexRecord record{};
  record.offset = offset_;
  record.hash = LineHash(line);
  record.unit_hash = UnitHash(row.unit.id);
  record.size = static_cast<uint32_t>(line.size());
  record.cost_s = static_cast<float>(row.unit.cost_s);
  record.priority = row.unit.priority;
  record.kind = static_cast<uint8_t>(row.unit.kind);
  record.rejected = row.unit.rejected_reason.empty() ? 0 : 1;
  WriteLine(line);
  if (std::fwrite(&record, sizeof record, 1, index_.get()) != 1)
    throw StorageError(path_, "its index cannot be written", errno);
  ++count_;
}

bool ManifestWriter::Commit(bool replace) {
  IndexHeader header{};
  std::memcpy(header.magic, kMagic, sizeof header.magic);
  header.num_rows = count_;
  header.footer_offset = offset_;
  const std::string checksum = rows_hasher_.Hex(), footer = Footer(count_, checksum);
  header.manifest_bytes = offset_ + footer.size();
  std::memcpy(header.manifest_checksum, checksum.data(), kHashBytes);
  bool ok = std::fwrite(footer.data(), 1, footer.size(), rows_.get()) == footer.size();
  ok = std::fseek(index_.get(), 0, SEEK_SET) == 0 && ok;
  ok = std::fwrite(&header, sizeof header, 1, index_.get()) == 1 && ok;
  ok = std::fflush(index_.get()) == 0 && std::fclose(rows_.release()) == 0 && ok;
  if (!ok) throw StorageError(path_, "cannot be written", errno);
  const std::string hash = HashFile(index_file_.temporary_path());
  ok = std::fseek(index_.get(), 0, SEEK_END) == 0 &&
       std::fwrite(hash.data(), 1, hash.size(), index_.get()) == hash.size();
  ok = std::fclose(index_.release()) == 0 && ok;
  if (!ok) throw StorageError(path_, "its index cannot be written", errno);
  std::error_code ignored;
  if (!replace && fs::exists(path_, ignored)) return false;
  // The manifest last: while it is missing, the index means nothing.
  index_file_.CommitReplacing();
  if (!replace) return rows_file_.Commit();
  rows_file_.CommitReplacing();
  return true;
}

}  // namespace foothold
