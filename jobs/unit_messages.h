// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "foothold/base/error.h"
#include "jobs/label_corpus_job.h"

namespace foothold {

// What a rank and its worker process say to each other; both are one executable.

// First: what the worker is made from.
std::string FormatContext(const WorkerContext& context);
bool ParseContext(const std::string& message, WorkerContext* context, int* rank);

// Then, again and again: a unit to work on ...
struct UnitOrder {
  Unit unit;
  int memory_rung = 0;
};
std::string FormatOrder(const UnitOrder& order);
bool ParseOrder(const std::string& message, UnitOrder* order);

// ... and signs of progress, until the answer.
struct UnitAnswer {
  enum class Kind { kProgress, kRecord, kError };
  Kind kind = Kind::kProgress;
  LedgerRecord record;
  ErrorKind error_kind = ErrorKind::kContract;
  std::string reason, message;  // Of the error, without rank and clip.
};
std::string FormatAnswer(const UnitAnswer& answer);
bool ParseAnswer(const std::string& message, UnitAnswer* answer);

}  // namespace foothold
