// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

namespace foothold {

// A flat JSON object of texts, numbers and lists of numbers: the configuration of a network.
class ConfigJson {
 public:
  // Throws Error(kBadInput) naming `origin`.
  ConfigJson(const std::string& json, std::string origin);

  bool Has(const std::string& name) const { return texts_.count(name) + numbers_.count(name) > 0; }
  // Each throws Error(kBadInput) when the field is missing or of another kind.
  void Read(const std::string& name, int* value) const;
  void Read(const std::string& name, double* value) const;
  void Read(const std::string& name, std::array<int, 4>* values) const;
  // A text that must be `expected`.
  void Require(const std::string& name, const std::string& expected) const;

 private:
  const std::vector<double>& Numbers(const std::string& name, size_t count) const;
  int Whole(const std::string& name, double number) const;
  [[noreturn]] void Fail(const std::string& name, const std::string& what) const;

  std::string origin_;
  std::map<std::string, std::string> texts_;
  std::map<std::string, std::vector<double>> numbers_;
};

class ConfigJsonWriter {
 public:
  void Write(const std::string& name, int value);
  void Write(const std::string& name, double value);
  void Write(const std::string& name, const std::array<int, 4>& values);
  void Write(const std::string& name, const std::string& text);
  std::string Text() const { return "{" + members_ + "}"; }

 private:
  void Add(const std::string& name, const std::string& json);
  std::string members_;
};

}  // namespace foothold
