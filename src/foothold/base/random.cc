// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/random.h"

#include <bit>
#include <cmath>
#include <numbers>

#include "foothold/base/error.h"

namespace foothold {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014): spreads a seed over the state below.
uint64_t SplitMix64(uint64_t* state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace

RandomStream::RandomStream(uint64_t seed, std::string_view name) {
  uint64_t name_hash = 0xcbf29ce484222325u;  // FNV-1a.
  for (const char c : name) {
    name_hash = (name_hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  // Both go through the mixer before they meet, so that (1, "a") and (0, a name with a hash one
  // apart) do not share a stream.
  uint64_t mixed = SplitMix64(&seed) ^ std::rotl(SplitMix64(&name_hash), 32);
  for (uint64_t& word : state_) word = SplitMix64(&mixed);
}

// xoshiro256++ (Blackman, Vigna 2021).
uint64_t RandomStream::NextUint64() {
  const uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double RandomStream::Uniform() { return static_cast<double>(NextUint64() >> 11) * 0x1.0p-53; }

double RandomStream::Uniform(double low, double high) { return low + (high - low) * Uniform(); }

double RandomStream::Normal() {
  if (has_spare_normal_) {
    has_spare_normal_ = false;
    return spare_normal_;
  }
  const double radius = std::sqrt(-2 * std::log(1 - Uniform()));  // 1 - u is never 0.
  const double angle = 2 * std::numbers::pi * Uniform();
  spare_normal_ = radius * std::sin(angle);
  has_spare_normal_ = true;
  return radius * std::cos(angle);
}

int RandomStream::UniformInt(int low, int high) {
  FOOTHOLD_CHECK(low <= high, "empty range");
  const uint64_t range = static_cast<uint64_t>(static_cast<int64_t>(high) - low) + 1;
  // Values beyond the last whole multiple of the range are drawn again, or low ones would be favoured.
  const uint64_t limit = ~uint64_t{0} - ~uint64_t{0} % range;
  uint64_t value = NextUint64();
  while (value >= limit) value = NextUint64();
  return static_cast<int>(low + static_cast<int64_t>(value % range));
}

bool RandomStream::Bernoulli(double probability) { return Uniform() < probability; }

}  // namespace foothold
