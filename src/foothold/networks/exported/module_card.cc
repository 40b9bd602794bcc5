// SPDX-License-Identifier: Apache-2.0
#include "foothold/networks/exported/module_card.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include "foothold/base/error.h"
#include "foothold/base/options.h"
#include "foothold/base/sha256.h"
#include "foothold/networks/json_reader.h"

namespace foothold {
namespace {

constexpr double kVersion = 1;
constexpr size_t kMaxCardBytes = 1 << 20;
constexpr int64_t kMaxAxis = int64_t{1} << 40;

[[noreturn]] void Fail(const std::string& origin, const std::string& what) {
  throw Error(ErrorKind::kBadInput, origin + ": " + what);
}

// Members of an object by name; a name that is unknown or stands twice fails.
using Members = std::map<std::string, std::function<void()>>;
void ReadObject(JsonReader* reader, const std::string& where, const Members& members) {
  std::set<std::string> seen;
  reader->Object([&](const std::string& key) {
    const auto member = members.find(key);
    if (member == members.end()) {
      std::vector<std::string> known;
      for (const auto& [name, read] : members) known.push_back(name);
      const std::string nearest = NearestWord(key, known);
      reader->Fail("'" + key + "' is no field of " + where +
                   (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
    }
    if (!seen.insert(key).second) reader->Fail("'" + key + "' stands twice in " + where);
    member->second();
  });
}

TensorType ReadType(JsonReader* reader) {
  const std::string name = reader->String();
  for (const TensorType type : kTensorTypes) {
    if (name == NameOf(type)) return type;
  }
  reader->Fail("type '" + name + "' is none of F64, F32, F16, BF16, I64, I32, U8, BOOL");
}

Axis ReadAxis(JsonReader* reader) {
  Axis axis;
  if (reader->Peek() == '"') {
    axis.symbol = reader->String();
    const bool good = !axis.symbol.empty() && std::isalpha(static_cast<unsigned char>(axis.symbol[0]));
    if (!good) reader->Fail("shape: '" + axis.symbol + "' is no name of an axis; use letters, such as \"N\"");
  } else {
    const uint64_t size = reader->Unsigned();
    if (size > static_cast<uint64_t>(kMaxAxis)) reader->Fail("shape: an axis is too long");
    axis.size = static_cast<int64_t>(size);
  }
  return axis;
}

std::vector<TensorSpec> ReadSpecs(JsonReader* reader, const std::string& where) {
  std::vector<TensorSpec> specs;
  reader->Array([&] {
    TensorSpec spec;
    bool has_type = false, has_shape = false;
    ReadObject(reader,
               "a tensor in '" + where + "'",
               {{"name", [&] { spec.name = reader->String(); }},
                {"type",
                 [&] {
                   spec.type = ReadType(reader);
                   has_type = true;
                 }},
                {"shape", [&] {
                   reader->Array([&] { spec.shape.push_back(ReadAxis(reader)); });
                   has_shape = true;
                 }}});
    if (spec.name.empty() || !has_type || !has_shape) {
      reader->Fail("a tensor in '" + where + "' lacks name, type or shape");
    }
    for (const TensorSpec& other : specs) {
      if (other.name == spec.name) reader->Fail("'" + spec.name + "' stands twice in '" + where + "'");
    }
    specs.push_back(std::move(spec));
  });
  return specs;
}

bool IsVersion(const std::string& text) {
  const size_t dot = text.find('.');
  return dot != std::string::npos && dot > 0 &&
         std::all_of(text.begin(),
                     text.begin() + static_cast<ptrdiff_t>(dot),
                     [](unsigned char c) { return std::isdigit(c); }) &&
         dot + 1 < text.size() && std::isdigit(static_cast<unsigned char>(text[dot + 1]));
}

void CheckFields(const ModuleCard& card,
                 const std::string& format,
                 double version,
                 const std::string& origin) {
  if (format != "foothold-module") {
    Fail(origin, "format: must be \"foothold-module\"; this is no module's card");
  }
  if (version != kVersion) {
    Fail(origin, "version: must be 1; a newer program wrote this card, or the field is missing");
  }
  if (card.role.empty()) Fail(origin, "role: missing; write what the module is for, such as \"detect\"");
  const bool is_hash =
      card.sha256.size() == 64 && card.sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!is_hash) Fail(origin, "sha256: must be 64 lower-case hex digits; sha256sum prints them");
  if (!IsVersion(card.torch)) {
    Fail(origin, "torch: must be the version that exported the module, such as \"2.11.0\"");
  }
  if (card.device != "cpu" && card.device != "cuda" && card.device != "any") {
    Fail(origin, "device: '" + card.device + "' is none of cpu, cuda, any");
  }
  if (card.inputs.empty() || card.outputs.empty()) Fail(origin, "inputs, outputs: must name tensors");
}

const TensorSpec* Find(const std::vector<TensorSpec>& specs, const std::string& name) {
  for (const TensorSpec& spec : specs) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

// All of `required`, some of `optional`, nothing else.
void RequireTensors(const std::vector<TensorSpec>& specs,
                    const std::vector<TensorSpec>& required,
                    const std::vector<TensorSpec>& optional,
                    const std::string& field,
                    const std::string& origin) {
  for (const TensorSpec& wanted : required) {
    if (Find(specs, wanted.name) == nullptr) {
      Fail(origin,
           field + ": '" + wanted.name + "' is missing; this role needs " + NameOf(wanted.type) + " " +
               FormatAxes(wanted.shape));
    }
  }
  for (const TensorSpec& spec : specs) {
    const TensorSpec* wanted = Find(required, spec.name);
    if (wanted == nullptr) wanted = Find(optional, spec.name);
    if (wanted == nullptr) {
      std::vector<std::string> known;
      for (const auto& list : {required, optional}) {
        for (const TensorSpec& other : list) known.push_back(other.name);
      }
      const std::string nearest = NearestWord(spec.name, known);
      Fail(origin,
           field + ": this role has no '" + spec.name + "'" +
               (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
    }
    const std::string wrong = ContradictionOf(spec, *wanted);
    if (!wrong.empty()) Fail(origin, field + ": '" + spec.name + "': " + wrong);
  }
}

void RequireContract(const ModuleContract& contract, const std::string& origin, ModuleCard* card) {
  if (card->role != contract.role) {
    Fail(origin,
         "role: is '" + card->role + "', but the module's place is that of '" + contract.role +
             "'; rename the file or correct the card");
  }
  RequireTensors(card->inputs, contract.inputs, {}, "inputs", origin);
  RequireTensors(card->outputs, contract.outputs, contract.optional_outputs, "outputs", origin);
  for (const auto& [name, value] : card->settings) {
    if (contract.settings.count(name) > 0) continue;
    std::vector<std::string> known;
    for (const auto& [other, unused] : contract.settings) known.push_back(other);
    const std::string nearest = NearestWord(name, known);
    Fail(origin,
         "settings: the role '" + contract.role + "' has no '" + name + "'" +
             (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
  }
  for (const auto& [name, value] : contract.settings) card->settings.try_emplace(name, value);
}

std::string ReadText(const std::string& path, const std::string& module_path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    Fail(path,
         "missing or unreadable; it declares tensors and checksum of " + module_path +
             " (docs/networks.md says what to write)");
  }
  std::ostringstream text;
  text << file.rdbuf();
  if (text.str().size() > kMaxCardBytes) Fail(path, "larger than a megabyte; this is no module's card");
  return text.str();
}

}  // namespace

std::string CardPathOf(const std::string& module_path) { return module_path + ".json"; }

ModuleCard ParseModuleCard(const std::string& json, const std::string& origin) {
  ModuleCard card;
  std::string format;
  double version = 0;
  JsonReader reader(json, origin);
  ReadObject(&reader,
             "a module's card",
             {{"format", [&] { format = reader.String(); }},
              {"version", [&] { version = reader.Number(); }},
              {"role", [&] { card.role = reader.String(); }},
              {"sha256", [&] { card.sha256 = reader.String(); }},
              {"torch", [&] { card.torch = reader.String(); }},
              {"device", [&] { card.device = reader.String(); }},
              {"note", [&] { reader.String(); }},  // For people.
              {"inputs", [&] { card.inputs = ReadSpecs(&reader, "inputs"); }},
              {"outputs", [&] { card.outputs = ReadSpecs(&reader, "outputs"); }},
              {"settings", [&] {
                 reader.Object([&](const std::string& name) {
                   if (!card.settings.emplace(name, reader.Number()).second) {
                     reader.Fail("'" + name + "' stands twice in 'settings'");
                   }
                 });
               }}});
  reader.Finish();
  CheckFields(card, format, version, origin);
  return card;
}

ModuleCard ReadModuleCard(const std::string& module_path, const ModuleContract& contract) {
  if (!std::filesystem::is_regular_file(module_path)) {
    Fail(module_path, "missing; export the network of the role '" + contract.role + "' to this file");
  }
  const std::string card_path = CardPathOf(module_path);
  ModuleCard card = ParseModuleCard(ReadText(card_path, module_path), card_path);
  RequireContract(contract, card_path, &card);
  const std::string found = Sha256OfFile(module_path);
  if (found != card.sha256) {
    Fail(module_path,
         "sha256 is " + found + ", its card says " + card.sha256 +
             "; the file is damaged or was exported again: copy it anew, or write the card of this file");
  }
  return card;
}

}  // namespace foothold
