// SPDX-License-Identifier: Apache-2.0
#include "foothold/config/command_line.h"

#include <boost/program_options.hpp>
#include <sstream>

#include "foothold/base/error.h"

namespace foothold {
namespace {

namespace po = boost::program_options;

const OptionField* FindField(const OptionSet& set, const std::string& key) {
  for (const OptionSet::Entry& entry : set.entries()) {
    for (const OptionField& field : entry.table->fields) {
      if (entry.table->section + "." + field.name == key) return &field;
    }
  }
  return nullptr;
}

po::options_description Describe(const OptionSet& set, const std::map<std::string, std::string>& aliases) {
  po::options_description all("options", 100);
  po::options_description general("general", 100);
  general.add_options()("help,h", "Show this text.")("print-config", "Print the resolved options and stop.")(
      "config", po::value<std::string>()->value_name("FILE"), "Config file; flags win over it.");
  for (const auto& [flag, key] : aliases) {
    const OptionField* field = FindField(set, key);
    FOOTHOLD_CHECK(field != nullptr, "alias of an unknown option " + key);
    general.add_options()(flag.c_str(),
                          po::value<std::string>()->value_name("VALUE"),
                          (field->help + " (" + key + ")").c_str());
  }
  all.add(general);
  for (const OptionSet::Entry& entry : set.entries()) {
    po::options_description section("[" + entry.table->section + "] " + entry.table->help, 100);
    for (const OptionField& field : entry.table->fields) {
      section.add_options()((entry.table->section + "." + field.name).c_str(),
                            po::value<std::string>()->value_name(field.get(entry.options)),
                            field.help.c_str());
    }
    all.add(section);
  }
  return all;
}

std::string Suggestion(const std::string& flag, const po::options_description& description) {
  std::vector<std::string> names;
  for (const auto& option : description.options()) names.push_back("--" + option->long_name());
  const std::string nearest = NearestWord(flag, names);
  return nearest.empty() ? "; --help lists all options" : "; did you mean " + nearest + "?";
}

}  // namespace

RankCommandLine ParseRankCommandLine(int argc,
                                     const char* const* argv,
                                     const OptionSet& set,
                                     const std::map<std::string, std::string>& aliases) {
  const po::options_description description = Describe(set, aliases);
  RankCommandLine result;
  try {
    const int style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
    const po::positional_options_description no_positionals;
    const po::parsed_options parsed = po::command_line_parser(argc, argv)
                                          .options(description)
                                          .positional(no_positionals)
                                          .style(style)
                                          .run();
    for (const po::option& option : parsed.options) {
      const std::string& name = option.string_key;
      if (name == "help") {
        result.help = true;
      } else if (name == "print-config") {
        result.print_config = true;
      } else if (name == "config") {
        result.config_path = option.value.front();
      } else {
        const auto alias = aliases.find(name);
        const std::string& key = alias == aliases.end() ? name : alias->second;
        result.assignments.push_back({key, option.value.front(), "--" + name});
      }
    }
  } catch (const po::unknown_option& error) {
    const std::string flag = error.get_option_name();
    throw Error(ErrorKind::kUsage, "unknown option " + flag + Suggestion(flag, description));
  } catch (const po::error& error) {
    throw Error(ErrorKind::kUsage, std::string("command line: ") + error.what());
  }
  return result;
}

std::string RankCommandLineHelp(const std::string& usage,
                                const OptionSet& set,
                                const std::map<std::string, std::string>& aliases) {
  std::ostringstream text;
  text << usage << "\n\n" << Describe(set, aliases);
  return text.str();
}

}  // namespace foothold
