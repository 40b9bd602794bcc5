// SPDX-License-Identifier: Apache-2.0
#include "foothold/networks/config_json.h"

#include <cmath>

#include "foothold/base/error.h"
#include "foothold/base/options.h"
#include "foothold/networks/json_reader.h"

namespace foothold {

ConfigJson::ConfigJson(const std::string& json, std::string origin) : origin_(std::move(origin)) {
  JsonReader reader(json, origin_);
  reader.Object([&](const std::string& name) {
    if (Has(name)) reader.Fail("'" + name + "' stands there twice");
    if (reader.Peek() == '"') {
      texts_[name] = reader.String();
    } else if (reader.Peek() == '[') {
      std::vector<double>& list = numbers_[name];
      reader.Array([&] { list.push_back(reader.Number()); });
    } else {
      numbers_[name] = {reader.Number()};
    }
  });
  reader.Finish();
}

void ConfigJson::Fail(const std::string& name, const std::string& what) const {
  throw Error(ErrorKind::kBadInput, origin_ + ": '" + name + "' " + what);
}

const std::vector<double>& ConfigJson::Numbers(const std::string& name, size_t count) const {
  const auto found = numbers_.find(name);
  if (found == numbers_.end()) Fail(name, "is missing or not a number");
  if (found->second.size() != count) Fail(name, "does not have " + std::to_string(count) + " numbers");
  return found->second;
}

int ConfigJson::Whole(const std::string& name, double number) const {
  constexpr double kLimit = 1e9;
  if (std::floor(number) != number || std::abs(number) > kLimit)
    Fail(name, "is not a whole number below 1e9");
  return static_cast<int>(number);
}

void ConfigJson::Read(const std::string& name, int* value) const {
  *value = Whole(name, Numbers(name, 1)[0]);
}
void ConfigJson::Read(const std::string& name, double* value) const { *value = Numbers(name, 1)[0]; }
void ConfigJson::Read(const std::string& name, std::array<int, 4>* values) const {
  const std::vector<double>& numbers = Numbers(name, values->size());
  for (size_t i = 0; i < values->size(); ++i) (*values)[i] = Whole(name, numbers[i]);
}

void ConfigJson::Require(const std::string& name, const std::string& expected) const {
  const auto found = texts_.find(name);
  if (found == texts_.end()) Fail(name, "is missing or not a text");
  if (found->second != expected)
    Fail(name, "is '" + found->second + "'; only '" + expected + "' is implemented");
}

void ConfigJsonWriter::Add(const std::string& name, const std::string& json) {
  members_ += (members_.empty() ? "" : ", ") + QuoteJson(name) + ": " + json;
}
void ConfigJsonWriter::Write(const std::string& name, int value) { Add(name, std::to_string(value)); }
void ConfigJsonWriter::Write(const std::string& name, double value) {
  Add(name, internal::FormatOption(value));
}
void ConfigJsonWriter::Write(const std::string& name, const std::array<int, 4>& values) {
  std::string list;
  for (const int value : values) list += (list.empty() ? "" : ", ") + std::to_string(value);
  Add(name, "[" + list + "]");
}
void ConfigJsonWriter::Write(const std::string& name, const std::string& text) { Add(name, QuoteJson(text)); }

}  // namespace foothold
