// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/options.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>

#include "foothold/base/error.h"

extern "C" char** environ;

namespace foothold {
namespace internal {

std::string FormatOption(bool value) { return value ? "true" : "false"; }
std::string FormatOption(int value) { return std::to_string(value); }
std::string FormatOption(double value) {
  char buffer[32];
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, result.ptr);
}
std::string FormatOption(const std::string& value) { return value; }

std::string ParseOption(const std::string& text, bool* value) {
  for (const char* word : {"true", "yes", "on", "1"}) {
    if (text == word) {
      *value = true;
      return "";
    }
  }
  for (const char* word : {"false", "no", "off", "0"}) {
    if (text == word) {
      *value = false;
      return "";
    }
  }
  return "'" + text + "' is not true or false";
}

namespace {
template <class Number>
std::string ParseNumber(const std::string& text, const char* kind, Number* value) {
  const size_t sign = !text.empty() && text[0] == '+' ? 1 : 0;  // from_chars takes no plus sign.
  const char* const end = text.data() + text.size();
  Number parsed{};
  const auto result = std::from_chars(text.data() + sign, end, parsed);
  if (result.ec == std::errc::result_out_of_range) return "'" + text + "' is too large for " + kind;
  if (result.ec != std::errc() || result.ptr != end) return "'" + text + "' is not " + kind;
  *value = parsed;
  return "";
}
}  // namespace

std::string ParseOption(const std::string& text, int* value) {
  return ParseNumber(text, "a whole number", value);
}

std::string ParseOption(const std::string& text, double* value) {
  double parsed = 0;
  std::string problem = ParseNumber(text, "a number", &parsed);
  if (problem.empty() && !std::isfinite(parsed)) problem = "'" + text + "' is not a finite number";
  if (problem.empty()) *value = parsed;
  return problem;
}

std::string ParseOption(const std::string& text, std::string* value) {
  *value = text;
  return "";
}

}  // namespace internal

namespace {

std::string KeyOf(const OptionTable& table, const OptionField& field) {
  return table.section + "." + field.name;
}

std::string EnvironmentNameOf(const std::string& text) {
  std::string name = "FOOTHOLD_";
  for (const char c : text) {
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

// Text as the config reader takes it: quoted where plain text would lose something.
std::string Quoted(const std::string& text) {
  const bool plain = !text.empty() && text.find_first_of("#;\"\\\n\r\t") == std::string::npos &&
                     text.front() != ' ' && text.back() != ' ';
  if (plain) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    switch (c) {
      case '\n':
        quoted += "\\n";
        break;
      case '\r':
        quoted += "\\r";
        break;
      case '\t':
        quoted += "\\t";
        break;
      case '"':
      case '\\':
        quoted += '\\';
        [[fallthrough]];
      default:
        quoted += c;
    }
  }
  return quoted + "\"";
}

std::string JoinChoices(const std::vector<std::string>& choices) {
  std::string text;
  for (const std::string& choice : choices) text += (text.empty() ? "" : ", ") + choice;
  return text;
}

std::string RangeText(const OptionField& field) {
  if (!field.choices.empty()) return JoinChoices(field.choices);
  const bool has_min = std::isfinite(field.min), has_max = std::isfinite(field.max);
  if (has_min && has_max) {
    return internal::FormatOption(field.min) + " to " + internal::FormatOption(field.max);
  }
  if (has_min) return "at least " + internal::FormatOption(field.min);
  if (has_max) return "at most " + internal::FormatOption(field.max);
  return "";
}

// What is wrong with the field's present value, or nothing.
std::string ProblemOf(const OptionField& field, const std::string& text) {
  if (field.type == OptionField::Type::kString) {
    const bool allowed = field.choices.empty() ||
                         std::find(field.choices.begin(), field.choices.end(), text) != field.choices.end();
    if (allowed) return "";
    const std::string nearest = NearestWord(text, field.choices);
    return "'" + text + "' is not one of " + RangeText(field) +
           (nearest.empty() ? "" : "; did you mean '" + nearest + "'?");
  }
  if (field.type == OptionField::Type::kBool) return "";
  double value = 0;
  std::string problem = internal::ParseOption(text, &value);
  if (!problem.empty()) return problem;
  if (value >= field.min && value <= field.max) return "";
  return text + " is out of range (" + RangeText(field) + ")";
}

const char* TypeName(OptionField::Type type) {
  switch (type) {
    case OptionField::Type::kBool:
      return "true/false";
    case OptionField::Type::kInt:
      return "whole number";
    case OptionField::Type::kDouble:
      return "number";
    case OptionField::Type::kString:
      return "text";
  }
  return "";
}

// Edit distance in which swapping two neighbours counts once (optimal string alignment).
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] =
          std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string NearestWord(std::string_view word, const std::vector<std::string>& candidates) {
  std::string nearest;
  size_t nearest_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    size_t distance = EditDistance(word, candidate);
    if (word.size() >= 3 && candidate.starts_with(word)) distance = std::min<size_t>(distance, 1);
    if (distance < nearest_distance && distance < candidate.size()) {
      nearest = candidate;
      nearest_distance = distance;
    }
  }
  return nearest;
}

void OptionSet::Assign(const std::string& key, const std::string& text, const std::string& origin) {
  std::vector<std::string> known;
  for (const Entry& entry : entries_) {
    for (const OptionField& field : entry.table->fields) {
      const std::string field_key = KeyOf(*entry.table, field);
      if (field_key != key) {
        known.push_back(field_key);
        continue;
      }
      const std::string problem = field.set(entry.options, text);
      if (problem.empty()) return;
      throw Error(ErrorKind::kUsage, origin + ": " + key + ": " + problem + " (" + field.help + ")");
    }
  }
  std::string nearest = NearestWord(key, known);
  if (nearest.empty()) {
    // The right name under a wrong section.
    const std::string name = key.substr(key.find('.') + 1);
    for (const std::string& candidate : known) {
      if (candidate.substr(candidate.find('.') + 1) == name) nearest = candidate;
    }
  }
  throw Error(
      ErrorKind::kUsage,
      origin + ": unknown option '" + key + "'" +
          (nearest.empty() ? "; docs/options.md lists all options" : "; did you mean '" + nearest + "'?"));
}

void OptionSet::AssignFromEnvironment() {
  std::map<std::string, std::string> key_of_variable;
  std::vector<std::string> names, prefixes;
  for (const Entry& entry : entries_) {
    prefixes.push_back(EnvironmentNameOf(entry.table->section) + "_");
    for (const OptionField& field : entry.table->fields) {
      const std::string key = KeyOf(*entry.table, field);
      names.push_back(EnvironmentNameOf(key));
      key_of_variable[names.back()] = key;
    }
  }
  std::map<std::string, std::string> variables;  // Sorted: the error shown does not depend on the shell.
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const char* equals = std::strchr(*variable, '=');
    if (equals != nullptr) variables[std::string(*variable, static_cast<size_t>(equals - *variable))] = equals + 1;
  }
  for (const auto& [name, text] : variables) {
    const auto known = key_of_variable.find(name);
    if (known != key_of_variable.end()) {
      Assign(known->second, text, "environment variable " + name);
      continue;
    }
    const bool ours =
        std::any_of(prefixes.begin(), prefixes.end(), [&name = name](const std::string& prefix) {
          return name.starts_with(prefix);
        });
    if (!ours) continue;
    const std::string nearest = NearestWord(name, names);
    throw Error(ErrorKind::kUsage,
                "environment variable " + name + " names no option" +
                    (nearest.empty() ? "; unset it" : "; did you mean " + nearest + "?"));
  }
}

std::vector<std::string> OptionSet::Check() const {
  std::vector<std::string> problems;
  for (const Entry& entry : entries_) {
    for (const OptionField& field : entry.table->fields) {
      const std::string problem = ProblemOf(field, field.get(entry.options));
      if (!problem.empty()) problems.push_back(KeyOf(*entry.table, field) + ": " + problem);
    }
  }
  return problems;
}

void OptionSet::CheckOrThrow() const {
  const std::vector<std::string> problems = Check();
  if (problems.empty()) return;
  std::string message = "invalid options:";
  for (const std::string& problem : problems) message += "\n  " + problem;
  throw Error(ErrorKind::kUsage, message);
}

std::string OptionSet::Dump(bool labels_only) const {
  std::string text;
  for (const Entry& entry : entries_) {
    std::string lines;
    for (const OptionField& field : entry.table->fields) {
      if (labels_only && !field.affects_labels) continue;
      const std::string value = field.get(entry.options);
      lines += field.name + " = " + (field.type == OptionField::Type::kString ? Quoted(value) : value) + "\n";
    }
    if (!lines.empty()) text += (text.empty() ? "[" : "\n[") + entry.table->section + "]\n" + lines;
  }
  return text;
}

std::string OptionSet::ReferencePage() const {
  std::string page;
  for (const Entry& entry : entries_) {
    page += (page.empty() ? "## [" : "\n## [") + entry.table->section + "]\n\n" + entry.table->help + "\n\n";
    page += "| option | type | default | range | meaning |\n|---|---|---|---|---|\n";
    for (const OptionField& field : entry.table->fields) {
      const std::string value = field.get(entry.options);
      page += "| `" + field.name + "` | " + TypeName(field.type) + " | " +
              (value.empty() ? "(empty)" : "`" + value + "`") + " | " + RangeText(field) + " | " +
              field.help + (field.affects_labels ? "" : " Leaves the labels alone.") + " |\n";
    }
  }
  return page;
}

}  // namespace foothold
