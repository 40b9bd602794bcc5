// SPDX-License-Identifier: Apache-2.0
#include "foothold/config/config_file.h"

#include <map>
#include <sstream>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"

namespace foothold {
namespace {

[[noreturn]] void Fail(const std::string& origin, const std::string& problem) {
  throw Error(ErrorKind::kUsage, origin + ": " + problem);
}

std::string Trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

bool IsComment(const std::string& trimmed) {
  return trimmed.empty() || trimmed[0] == '#' || trimmed[0] == ';';
}

// `text` begins with a double quote.
std::string Unquoted(const std::string& text, const std::string& origin) {
  std::string value;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      if (!IsComment(Trimmed(text.substr(i + 1)))) Fail(origin, "text after the closing quote");
      return value;
    }
    if (text[i] != '\\') {
      value += text[i];
      continue;
    }
    if (++i == text.size()) break;
    switch (text[i]) {
      case 'n':
        value += '\n';
        break;
      case 'r':
        value += '\r';
        break;
      case 't':
        value += '\t';
        break;
      case '"':
      case '\\':
        value += text[i];
        break;
      default:
        Fail(origin, std::string("unknown escape \\") + text[i] + "; known are \\\" \\\\ \\n \\r \\t");
    }
  }
  Fail(origin, "the closing quote is missing");
}

std::string ParseValue(const std::string& text, const std::string& origin) {
  if (!text.empty() && text[0] == '"') return Unquoted(text, origin);
  for (size_t i = 0; i < text.size(); ++i) {
    const bool after_blank = i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t';
    if ((text[i] == '#' || text[i] == ';') && after_blank) return Trimmed(text.substr(0, i));
  }
  return text;
}

std::string ParseSection(const std::string& line, const std::string& origin) {
  const size_t end = line.find(']');
  if (end == std::string::npos || !IsComment(Trimmed(line.substr(end + 1)))) {
    Fail(origin, "'" + line + "' is not a section; write [name]");
  }
  const std::string section = Trimmed(line.substr(1, end - 1));
  if (section.empty()) Fail(origin, "the section has no name");
  return section;
}

}  // namespace

std::vector<OptionAssignment> ParseConfigText(const std::string& text, const std::string& name) {
  std::vector<OptionAssignment> assignments;
  std::map<std::string, std::string> origin_of_key;
  std::string section;
  std::istringstream stream(text);
  std::string raw;
  for (int number = 1; std::getline(stream, raw); ++number) {
    const std::string origin = name + ":" + std::to_string(number);
    const std::string line = Trimmed(raw);
    if (IsComment(line)) continue;
    if (line[0] == '[') {
      section = ParseSection(line, origin);
      continue;
    }
    const size_t equals = line.find('=');
    if (equals == std::string::npos) Fail(origin, "'" + line + "' is not 'name = value'");
    if (section.empty()) Fail(origin, "'" + line + "' stands before the first [section]");
    const std::string key = section + "." + Trimmed(line.substr(0, equals));
    const auto [first, is_new] = origin_of_key.emplace(key, origin);
    if (!is_new) Fail(origin, key + " was set before, at " + first->second + "; keep one of them");
    assignments.push_back({key, ParseValue(Trimmed(line.substr(equals + 1)), origin), origin});
  }
  return assignments;
}

std::vector<OptionAssignment> ParseConfigFile(const std::string& path) {
  return ParseConfigText(ReadFile(path), path);
}

void ResolveOptions(const std::string& config_path,
                    const std::vector<OptionAssignment>& command_line,
                    OptionSet* set) {
  if (!config_path.empty()) {
    for (const OptionAssignment& entry : ParseConfigFile(config_path))
      set->Assign(entry.key, entry.text, entry.origin);
  }
  set->AssignFromEnvironment();
  for (const OptionAssignment& entry : command_line) set->Assign(entry.key, entry.text, entry.origin);
  set->CheckOrThrow();
}

}  // namespace foothold
