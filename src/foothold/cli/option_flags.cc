// SPDX-License-Identifier: Apache-2.0
#include "foothold/cli/option_flags.h"

#include <CLI/CLI.hpp>
#include <cmath>

#include "foothold/base/error.h"

namespace foothold::cli {
namespace {

std::string TypeName(const OptionField& field) {
  switch (field.type) {
    case OptionField::Type::kBool:
      return "true|false";
    case OptionField::Type::kInt:
      return "INT";
    case OptionField::Type::kDouble:
      return "NUMBER";
    case OptionField::Type::kString:
      break;
  }
  std::string name;
  for (const std::string& choice : field.choices) name += (name.empty() ? "" : "|") + choice;
  return name.empty() ? "TEXT" : name;
}

const OptionField& FindField(const OptionSet& set, const std::string& key) {
  for (const OptionSet::Entry& entry : set.entries()) {
    for (const OptionField& field : entry.table->fields) {
      if (entry.table->section + "." + field.name == key) return field;
    }
  }
  ThrowContractError("known key", __FILE__, __LINE__, "alias of the unknown option " + key);
}

}  // namespace

void AddOptionFlags(CLI::App* command, const OptionSet& shown, OptionArguments* arguments) {
  command
      ->add_option(
          "--config", arguments->config_path, "Config file (INI); environment and flags win over it.")
      ->type_name("FILE");
  for (const OptionSet::Entry& entry : shown.entries()) {
    const std::string group = "[" + entry.table->section + "] " + entry.table->help;
    for (const OptionField& field : entry.table->fields) {
      const std::string key = entry.table->section + "." + field.name;
      command
          ->add_option_function<std::string>(
              "--" + key,
              [arguments, key](const std::string& text) {
                arguments->assignments.push_back({key, text, "--" + key});
              },
              field.help)
          ->type_name(TypeName(field))
          ->default_str(field.get(entry.options))
          ->group(group);
    }
  }
}

void AddAlias(CLI::App* command,
              const std::string& flag,
              const std::string& key,
              bool is_switch,
              const OptionSet& shown,
              OptionArguments* arguments) {
  const OptionField& field = FindField(shown, key);
  const std::string help = field.help + " Same as --" + key + ".";
  if (is_switch) {
    command->add_flag_callback(
        "--" + flag,
        [=] {
          arguments->assignments.push_back({key, "true", "--" + flag});
        },
        help);
    return;
  }
  command
      ->add_option_function<std::string>(
          "--" + flag,
          [=](const std::string& text) {
            arguments->assignments.push_back({key, text, "--" + flag});
          },
          help)
      ->type_name(TypeName(field));
}

}  // namespace foothold::cli
