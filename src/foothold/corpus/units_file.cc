// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/units_file.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/corpus/whole_number.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

const char* NameOf(Unit::Kind kind) {
  switch (kind) {
    case Unit::Kind::kVideo:
      return "video";
    case Unit::Kind::kPart:
      return "part";
    case Unit::Kind::kJoin:
      return "join";
  }
  return "";
}

Unit::Kind KindOf(const std::string& name) {
  for (const Unit::Kind kind : {Unit::Kind::kVideo, Unit::Kind::kPart, Unit::Kind::kJoin}) {
    if (name == NameOf(kind)) return kind;
  }
  throw Error(ErrorKind::kBadInput, "'" + name + "' is no kind of unit");
}

// Bytes that are not UTF-8 would not survive JSON, and a path must: they are written as Latin-1 and marked.
bool IsPlain(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace).find("\xef\xbf\xbd") ==
         std::string::npos;
}

std::string Latin1(const std::string& bytes) {
  std::string utf8;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      utf8 += c;
    } else {
      utf8 += static_cast<char>(0xc0 | (byte >> 6));
      utf8 += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return utf8;
}

std::string BytesOfLatin1(const std::string& utf8) {
  std::string bytes;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x80 || i + 1 == utf8.size()) {
      bytes += utf8[i];
    } else {
      bytes += static_cast<char>(((byte & 0x03) << 6) | (static_cast<unsigned char>(utf8[++i]) & 0x3f));
    }
  }
  return bytes;
}

std::string FormatUnit(const Unit& unit) {
  const bool plain = IsPlain(unit.id) && IsPlain(unit.path);
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(UnitHash(unit.id)));
  // The order of the first five members is what FactsOf reads.
  Json json = {{"hash", hash},
               {"kind", NameOf(unit.kind)},
               {"priority", unit.priority},
               {"cost_s", std::isfinite(unit.cost_s) ? unit.cost_s : 0},
               {"num_parts", unit.num_parts},
               {"begin", unit.begin},
               {"end", unit.end},
               {"id", plain ? unit.id : Latin1(unit.id)},
               {"path", plain ? unit.path : Latin1(unit.path)}};
  if (!plain) json["latin1"] = true;
  return json.dump() + "\n";
}

Unit ParseUnit(std::string_view line) {
  const auto json = nlohmann::json::parse(line);
  Unit unit;
  unit.id = json.at("id");
  unit.path = json.at("path");
  if (json.value("latin1", false)) {
    unit.id = BytesOfLatin1(unit.id);
    unit.path = BytesOfLatin1(unit.path);
  }
  ReadWhole(json.at("begin"), &unit.begin);
  ReadWhole(json.at("end"), &unit.end);
  unit.kind = KindOf(json.at("kind"));
  ReadWhole(json.at("num_parts"), &unit.num_parts);
  unit.cost_s = json.at("cost_s");
  ReadWhole(json.at("priority"), &unit.priority);
  return unit;
}

// Takes known text and values off the front of a line; a failure stays.
class FrontReader {
 public:
  explicit FrontReader(std::string_view text) : text_(text) {}
  bool ok() const { return ok_; }
  void Skip(std::string_view known) {
    ok_ = ok_ && text_.starts_with(known);
    if (ok_) text_.remove_prefix(known.size());
  }
  std::string_view Word() {
    const size_t end = std::min(text_.find('"'), text_.size());
    const std::string_view word = text_.substr(0, end);
    text_.remove_prefix(end);
    return word;
  }
  uint64_t Hex() {
    uint64_t value = 0;
    Take(std::from_chars(text_.data(), text_.data() + text_.size(), value, 16));
    return value;
  }
  template <class Value>
  Value Number() {
    Value value = 0;
    Take(std::from_chars(text_.data(), text_.data() + text_.size(), value));
    return value;
  }

 private:
  void Take(const std::from_chars_result& result) {
    ok_ = ok_ && result.ec == std::errc();
    if (ok_) text_.remove_prefix(static_cast<size_t>(result.ptr - text_.data()));
  }
  std::string_view text_;
  bool ok_ = true;
};

}  // namespace

UnitsFile::UnitsFile(const std::string& path)
    : path_(path), text_(ReadFile(path)), hash_(fs::path(path).stem().string()) {
  for (size_t begin = 0; begin < text_.size();) {
    const size_t end = text_.find('\n', begin);
    if (end == std::string::npos)
      throw Error(ErrorKind::kBadInput, path + ": the last line is cut off; start the run again to write it");
    lines_.push_back(begin);
    begin = end + 1;
  }
}

std::string_view UnitsFile::LineOf(size_t index) const {
  const size_t begin = lines_.at(index);
  return std::string_view(text_).substr(begin, text_.find('\n', begin) - begin);
}

void UnitsFile::FailAt(size_t index, const std::string& problem) const {
  throw Error(ErrorKind::kBadInput,
              path_ + ":" + std::to_string(index + 1) + ": is no unit: " + problem +
                  "; remove the file and start the run again to write it");
}

Unit UnitsFile::At(size_t index) const {
  try {
    return ParseUnit(LineOf(index));
  } catch (const std::exception& error) {
    FailAt(index, error.what());
  }
}

UnitFacts UnitsFile::FactsOf(size_t index) const {
  FrontReader front(LineOf(index));
  UnitFacts facts;
  front.Skip("{\"hash\":\"");
  facts.hash = front.Hex();
  front.Skip("\",\"kind\":\"");
  facts.is_join = front.Word() == NameOf(Unit::Kind::kJoin);
  front.Skip("\",\"priority\":");
  facts.priority = front.Number<int>();
  front.Skip(",\"cost_s\":");
  facts.cost_s = front.Number<double>();
  front.Skip(",\"num_parts\":");
  facts.num_parts = front.Number<int>();
  if (!front.ok()) FailAt(index, "it does not begin with hash, kind, priority, cost_s and num_parts");
  return facts;
}

void RememberUnits(const std::string& ledger_folder, const UnitList& units, const std::string& hash) {
  const std::string path = ledger_folder + "/units/" + hash + ".jsonl";
  std::error_code error;
  if (fs::exists(path, error)) {
    fs::last_write_time(path, fs::file_time_type::clock::now(), error);
    return;
  }
  fs::create_directories(ledger_folder + "/units", error);
  if (error) throw StorageError(ledger_folder + "/units", "the folder cannot be made", error.value());
  AtomicFile file(path);
  std::ofstream stream(file.temporary_path());
  for (size_t i = 0; i < units.size(); ++i) stream << FormatUnit(units.At(i));
  stream.close();
  if (!stream) throw StorageError(path, "cannot be written", errno);
  file.Commit();
}

std::string LatestUnitsFile(const std::string& ledger_folder) {
  std::string latest;
  fs::file_time_type latest_time;
  std::error_code error;
  for (auto entry = fs::directory_iterator(ledger_folder + "/units", error);
       !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::error_code ignored;
    const auto time = entry->last_write_time(ignored);
    const bool hidden = entry->path().filename().string().starts_with('.');
    if (hidden || entry->path().extension() != ".jsonl" || (!latest.empty() && time <= latest_time)) continue;
    latest = entry->path().string();
    latest_time = time;
  }
  if (!latest.empty()) return latest;
  throw Error(ErrorKind::kBadInput,
              ledger_folder +
                  ": has no list of units, so this is no output folder of label_corpus; give the "
                  "folder that was its --output");
}

RunUnits UnitsOfRun(const std::string& output) {
  const auto file = std::make_shared<const UnitsFile>(LatestUnitsFile(output + "/ledger"));
  std::vector<UnitFacts> facts;
  facts.reserve(file->size());
  for (size_t i = 0; i < file->size(); ++i) facts.push_back(file->FactsOf(i));
  return {file, std::make_shared<const UnitIndex>(*file, facts), file->hash()};
}

}  // namespace foothold
