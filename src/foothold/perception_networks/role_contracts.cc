// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception_networks/role_contracts.h"

#include <map>

#include "foothold/base/error.h"

namespace foothold {
namespace {

constexpr TensorType kFloat = TensorType::kF32;

Axis Named(const char* symbol) { return {0, symbol}; }
Axis Sized(int64_t size) { return {size, ""}; }

TensorSpec Pictures(const char* name) {
  return {name, kFloat, {Named("N"), Sized(3), Named("H"), Named("W")}};
}
TensorSpec Crops() { return {"crops", kFloat, {Named("N"), Sized(3), Named("S"), Named("S")}}; }

// Settings: the sizes of a network whose card names the sides of its pictures instead of giving them. The
// side of a crop works likewise.
std::map<std::string, ModuleContract> MakeContracts() {
  const Axis n = Named("N"), h = Named("H"), w = Named("W");
  std::map<std::string, ModuleContract> contracts;
  contracts[role::kDetect] = {
      role::kDetect,
      {Pictures("images")},
      {{"boxes", kFloat, {n, Named("D"), Sized(4)}}, {"scores", kFloat, {n, Named("D")}}},
      {},
      {{"max_area_px", 640 * 640}, {"multiple_px", 32}}};
  contracts[role::kBody] = {role::kBody,
                            {Crops()},
                            {{"rotations", kFloat, {n, Sized(24), Sized(3), Sized(3)}},
                             {"shape", kFloat, {n, Sized(10)}},
                             {"camera", kFloat, {n, Sized(3)}}},
                            {},
                            {{"side_px", 256}, {"box_scale", 1.2}}};
  contracts[role::kMask] = {role::kMask,
                            {Pictures("images")},
                            {{"people", kFloat, {n, h, w}}},
                            {},
                            {{"max_area_px", 640 * 640}, {"multiple_px", 32}}};
  contracts[role::kContact] = {role::kContact,
                               {Crops()},
                               {{"contact", kFloat, {n, Named("V")}}},
                               {},
                               {{"side_px", 256}, {"box_scale", 1.2}}};
  contracts[role::kDepth] = {role::kDepth,
                             {Pictures("images")},
                             {{"points", kFloat, {n, h, w, Sized(3)}}},
                             {},
                             {{"max_area_px", 255000}, {"multiple_px", 14}}};
  return contracts;
}

}  // namespace

const ModuleContract& ContractOf(const std::string& role) {
  static const std::map<std::string, ModuleContract> contracts = MakeContracts();
  const auto found = contracts.find(role);
  FOOTHOLD_CHECK(found != contracts.end(), "'" + role + "' is no role of a network");
  return found->second;
}

bool IsRequired(const std::string& role) { return role == role::kDetect || role == role::kBody; }

const std::vector<std::string>& AllRoles() {
  static const std::vector<std::string> roles = {
      role::kDetect, role::kBody, role::kMask, role::kContact, role::kDepth};
  return roles;
}

}  // namespace foothold
