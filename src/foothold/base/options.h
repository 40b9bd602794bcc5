// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace foothold {

// One field of an option struct, described once. From this table come command-line flags, config
// file keys, environment variables, validation, the dump stored in each label and docs/options.md.
struct OptionField {
  enum class Type { kBool, kInt, kDouble, kString };

  std::string name;  // snake_case, with its unit as suffix where it has one: "timeout_s".
  Type type = Type::kDouble;
  std::string help;  // One sentence, starting with a capital letter.
  double min = -std::numeric_limits<double>::infinity();  // Inclusive, for kInt and kDouble.
  double max = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices;  // For kString: allowed values; empty means any.
  bool affects_labels = true;        // False: leaves the label bytes alone (threads, logging).

  std::function<std::string(const void* options)> get;
  // Returns an empty string, or what is wrong with `text` ("'abc' is not a number").
  std::function<std::string(void* options, const std::string& text)> set;
};

// The fields of the option struct `Options`, in declaration order. An option struct looks like
//
//   struct TrackerOptions {
//     int max_coast_frames = 12;
//     static const OptionTable& Table();
//   };
//   const OptionTable& TrackerOptions::Table() {
//     static const OptionTable table = OptionTableBuilder<TrackerOptions>("tracker", "Person tracking.")
//         .Add("max_coast_frames", &TrackerOptions::max_coast_frames, 0, 100, "Frames a track may coast unseen.")
//         .Build();
//     return table;
//   }
struct OptionTable {
  std::string section;  // Config file section: "[tracker]".
  std::string help;
  std::vector<OptionField> fields;
};

namespace internal {
std::string FormatOption(bool value);
std::string FormatOption(int value);
std::string FormatOption(double value);  // Shortest text that reads back to the same value.
std::string FormatOption(const std::string& value);
std::string ParseOption(const std::string& text, bool* value);
std::string ParseOption(const std::string& text, int* value);
std::string ParseOption(const std::string& text, double* value);
std::string ParseOption(const std::string& text, std::string* value);
}  // namespace internal

template <class Options>
class OptionTableBuilder {
 public:
  OptionTableBuilder(std::string section, std::string help) {
    table_.section = std::move(section);
    table_.help = std::move(help);
  }

  // Bool.
  OptionTableBuilder& Add(std::string name, bool Options::*member, std::string help) {
    return AddField(std::move(name), member, OptionField::Type::kBool, std::move(help));
  }
  // Number with its inclusive range.
  template <class Number>
    requires(std::is_same_v<Number, int> || std::is_same_v<Number, double>)
  OptionTableBuilder& Add(std::string name,
                          Number Options::*member,
                          double min,
                          double max,
                          std::string help) {
    AddField(std::move(name),
             member,
             std::is_same_v<Number, int> ? OptionField::Type::kInt : OptionField::Type::kDouble,
             std::move(help));
    table_.fields.back().min = min;
    table_.fields.back().max = max;
    return *this;
  }
  // Text; `choices` empty means any text.
  OptionTableBuilder& Add(std::string name,
                          std::string Options::*member,
                          std::vector<std::string> choices,
                          std::string help) {
    AddField(std::move(name), member, OptionField::Type::kString, std::move(help));
    table_.fields.back().choices = std::move(choices);
    return *this;
  }
  // Marks the field added last as one that leaves the label bytes alone.
  OptionTableBuilder& DoesNotAffectLabels() {
    table_.fields.back().affects_labels = false;
    return *this;
  }
  OptionTable Build() { return std::move(table_); }

 private:
  template <class Value>
  OptionTableBuilder& AddField(std::string name,
                               Value Options::*member,
                               OptionField::Type type,
                               std::string help) {
    OptionField field;
    field.name = std::move(name);
    field.type = type;
    field.help = std::move(help);
    field.get = [member](const void* options) {
      return internal::FormatOption(static_cast<const Options*>(options)->*member);
    };
    field.set = [member](void* options, const std::string& text) {
      return internal::ParseOption(text, &(static_cast<Options*>(options)->*member));
    };
    table_.fields.push_back(std::move(field));
    return *this;
  }

  OptionTable table_;
};

// Several option structs bound for parsing, each under its section. Holds pointers: the structs
// outlive the set.
class OptionSet {
 public:
  struct Entry {
    const OptionTable* table;
    void* options;
  };

  template <class Options>
  void Bind(Options* options) {
    entries_.push_back({&Options::Table(), options});
  }
  const std::vector<Entry>& entries() const { return entries_; }

  // Assigns "section.name". Throws Error(kUsage) naming `origin` (a file and line, an environment
  // variable, a flag), and for an unknown key the nearest known one.
  void Assign(const std::string& key, const std::string& text, const std::string& origin);

  // Reads FOOTHOLD_SECTION_NAME from the environment for every field; an unknown variable that
  // starts with FOOTHOLD_SECTION_ is an error.
  void AssignFromEnvironment();

  // Every violated range or choice, one line each; empty when all is well.
  std::vector<std::string> Check() const;
  // Throws Error(kUsage) that lists all of Check().
  void CheckOrThrow() const;

  // Resolved values as a config file that reads back to the same values. With `labels_only`, just
  // the fields that affect label bytes: recorded in each label and hashed for agreement.
  std::string Dump(bool labels_only = false) const;

  // Markdown tables of every field with default, range and help.
  std::string ReferencePage() const;

 private:
  std::vector<Entry> entries_;
};

// The candidate closest to `word` by edit distance, or an empty string when none is near.
std::string NearestWord(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace foothold
