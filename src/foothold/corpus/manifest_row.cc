// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/manifest_row.h"

#include <cmath>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>

#include "foothold/base/error.h"
#include "foothold/corpus/names.h"
#include "foothold/corpus/whole_number.h"

namespace foothold {
namespace {

using Json = nlohmann::ordered_json;

// Bytes of a path that is not UTF-8, as text: %XX for % and for what is not plain ASCII.
std::string EscapedBytes(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c >= 0x20 && c < 0x7f && c != '%') {
      text += c;
      continue;
    }
    char code[4];
    std::snprintf(code, sizeof code, "%%%02X", static_cast<unsigned char>(c));
    text += code;
  }
  return text;
}

// Reads the fields of one row and fails with the name of the field that is wrong.
class Fields {
 public:
  Fields(const Json& json, const std::string& origin) : json_(json), origin_(origin) {}

  std::string Text(const char* name) const {
    const Json* const value = Find(name);
    if (value == nullptr) return "";
    if (!value->is_string()) Fail(name, "is not text");
    return value->get<std::string>();
  }
  double Number(const char* name, double otherwise, double min, double max) const {
    const Json* const value = Find(name);
    if (value == nullptr) return otherwise;
    const double number = value->is_number() ? value->get<double>() : std::nan("");
    if (!(number >= min && number <= max)) Fail(name, "is not a number in its range");
    return number;
  }
  int64_t Whole(const char* name, int64_t otherwise, int64_t min, int64_t max) const {
    const Json* const value = Find(name);
    if (value == nullptr) return otherwise;
    int64_t number = 0;
    if (!ReadIfWhole(*value, &number) || number < min || number > max)
      Fail(name, "is not a whole number in its range");
    return number;
  }
  int Int(const char* name, int otherwise, int min) const {
    return static_cast<int>(Whole(name, otherwise, min, std::numeric_limits<int>::max()));
  }
  [[noreturn]] void Fail(const std::string& name, const std::string& problem) const {
    throw Error(ErrorKind::kBadInput, origin_ + ": field '" + name + "' " + problem);
  }

 private:
  const Json* Find(const char* name) const {
    const auto found = json_.find(name);
    return found == json_.end() ? nullptr : &*found;
  }

  const Json& json_;
  const std::string& origin_;
};

std::string PathIn(const Fields& fields) {
  std::string path = fields.Text("path");
  if (!path.empty()) return path;
  const std::string text = fields.Text("path_bytes");
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      path += text[i];
      continue;
    }
    unsigned code = 0;
    if (i + 2 >= text.size() || std::sscanf(text.substr(i + 1, 2).c_str(), "%2x", &code) != 1)
      fields.Fail("path_bytes", "has a % without two hex digits");
    path += static_cast<char>(code);
    i += 2;
  }
  return path;
}

Unit::Kind KindIn(const Fields& fields) {
  const std::string name = fields.Text("kind");
  for (const Unit::Kind kind : {Unit::Kind::kVideo, Unit::Kind::kPart, Unit::Kind::kJoin}) {
    if (name == NameOf(kind)) return kind;
  }
  fields.Fail("kind", "is '" + name + "', not video, part or join");
}

void CheckUnit(const Unit& unit, const Fields& fields) {
  const std::string problem = ProblemOfId(unit.id);
  if (!problem.empty()) fields.Fail("id", "cannot be used: " + problem);
  if (unit.path.empty()) fields.Fail("path", "is missing");
  if (unit.end >= 0 && unit.end <= unit.begin) fields.Fail("end", "is not behind begin");
  if ((unit.kind == Unit::Kind::kJoin) != (unit.num_parts > 0))
    fields.Fail("num_parts", "does not fit the kind");
}

VideoFacts FactsIn(const Fields& fields) {
  constexpr double kInfinity = std::numeric_limits<double>::max();
  VideoFacts facts;
  facts.content = fields.Text("content");
  facts.size_bytes = fields.Whole("size_bytes", -1, 0, std::numeric_limits<int64_t>::max());
  facts.width = fields.Int("width", 0, 0);
  facts.height = fields.Int("height", 0, 0);
  facts.rotation_deg = fields.Int("rotation_deg", 0, -360);
  facts.frame_rate_hz = fields.Number("frame_rate_hz", 0, 0, kInfinity);
  facts.num_frames = fields.Int("num_frames", 0, 0);
  facts.duration_s = fields.Number("duration_s", 0, 0, kInfinity);
  facts.codec = fields.Text("codec");
  facts.people = fields.Int("people", -1, 0);
  return facts;
}

void AddFacts(const VideoFacts& facts, Json* json) {
  if (!facts.content.empty()) (*json)["content"] = facts.content;
  if (facts.size_bytes >= 0) (*json)["size_bytes"] = facts.size_bytes;
  if (facts.width > 0) {
    (*json)["width"] = facts.width;
    (*json)["height"] = facts.height;
    (*json)["rotation_deg"] = facts.rotation_deg;
    (*json)["frame_rate_hz"] = facts.frame_rate_hz;
    (*json)["num_frames"] = facts.num_frames;
    (*json)["duration_s"] = facts.duration_s;
    (*json)["codec"] = facts.codec;
  }
  if (facts.people >= 0) (*json)["people"] = facts.people;
}

}  // namespace

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

std::string FormatManifestRow(const ManifestRow& row) {
  const Unit& unit = row.unit;
  Json json = {{"id", unit.id}, {"kind", NameOf(unit.kind)}};
  if (IsUtf8(unit.path)) {
    json["path"] = unit.path;
  } else {
    json["path_bytes"] = EscapedBytes(unit.path);
  }
  if (unit.begin > 0) json["begin"] = unit.begin;
  if (unit.end >= 0) json["end"] = unit.end;
  if (row.begin_s >= 0) json["begin_s"] = row.begin_s;
  if (row.end_s >= 0) json["end_s"] = row.end_s;
  if (unit.num_parts > 0) json["num_parts"] = unit.num_parts;
  json["cost_s"] = unit.cost_s;
  if (unit.priority != 0) json["priority"] = unit.priority;
  if (!unit.rejected_reason.empty()) {
    json["rejected"] = unit.rejected_reason;
    json["message"] = unit.rejected_message;
  }
  if (!row.duplicate_of.empty()) json["duplicate_of"] = row.duplicate_of;
  if (!row.caption.empty()) json["caption"] = row.caption;
  if (!row.licence.empty()) json["licence"] = row.licence;
  AddFacts(row.facts, &json);
  // Messages may quote file names that are not UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

ManifestRow ParseManifestRow(const std::string& line, const std::string& origin) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) throw Error(ErrorKind::kBadInput, origin + ": is not a JSON object");
  constexpr double kLong_s = 1e9;
  const Fields fields(json, origin);
  ManifestRow row;
  Unit& unit = row.unit;
  unit.id = fields.Text("id");
  unit.kind = KindIn(fields);
  unit.path = PathIn(fields);
  unit.begin = fields.Int("begin", 0, 0);
  unit.end = fields.Int("end", -1, 1);
  unit.num_parts = fields.Int("num_parts", 0, 1);
  unit.cost_s = fields.Number("cost_s", 1, 0, kLong_s);
  unit.priority = fields.Int("priority", 0, std::numeric_limits<int>::min());
  unit.rejected_reason = fields.Text("rejected");
  unit.rejected_message = fields.Text("message");
  row.begin_s = fields.Number("begin_s", -1, 0, kLong_s);
  row.end_s = fields.Number("end_s", -1, 0, kLong_s);
  row.duplicate_of = fields.Text("duplicate_of");
  row.caption = fields.Text("caption");
  row.licence = fields.Text("licence");
  row.facts = FactsIn(fields);
  CheckUnit(unit, fields);
  return row;
}

}  // namespace foothold
