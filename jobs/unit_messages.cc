// SPDX-License-Identifier: Apache-2.0
#include "jobs/unit_messages.h"

#include <algorithm>

#include "foothold/base/bytes.h"
#include "foothold/config/config_file.h"

namespace foothold {
namespace {

// The options of a context.
OptionSet BindAll(WorkerContext* context) {
  OptionSet set;
  set.Bind(&context->job);
  context->label.BindTo(&set);
  return set;
}

}  // namespace

std::string FormatContext(const WorkerContext& context) {
  WorkerContext copy = context;
  return ByteWriter().Put(ErrorContext::Rank()).Put(BindAll(&copy).Dump()).Put(context.labels_folder).Take();
}

bool ParseContext(const std::string& message, WorkerContext* context, int* rank) {
  std::string options;
  ByteReader reader(message);
  if (!reader.Get(rank).Get(&options).Get(&context->labels_folder).at_end()) return false;
  OptionSet set = BindAll(context);
  for (const OptionAssignment& assignment : ParseConfigText(options, "options of the rank")) {
    set.Assign(assignment.key, assignment.text, assignment.origin);
  }
  return true;
}

std::string FormatOrder(const UnitOrder& order) {
  const Unit& unit = order.unit;
  return ByteWriter()
      .Put(unit.id)
      .Put(unit.path)
      .Put(unit.begin)
      .Put(unit.end)
      .Put(unit.kind)
      .Put(unit.num_parts)
      .Put(unit.cost_s)
      .Put(unit.priority)
      .Put(order.memory_rung)
      .Take();
}

bool ParseOrder(const std::string& message, UnitOrder* order) {
  Unit& unit = order->unit;
  ByteReader reader(message);
  reader.Get(&unit.id).Get(&unit.path).Get(&unit.begin).Get(&unit.end).Get(&unit.kind);
  reader.Get(&unit.num_parts).Get(&unit.cost_s).Get(&unit.priority).Get(&order->memory_rung);
  return reader.at_end();
}

std::string FormatAnswer(const UnitAnswer& answer) {
  const LedgerRecord& record = answer.record;
  return ByteWriter()
      .Put(answer.kind)
      .Put(record.event)
      .Put(record.reason)
      .Put(record.message)
      .Put(record.clips_done)
      .Put(record.clips_rejected)
      .Put(record.frames)
      .Put(answer.error_kind)
      .Put(answer.reason)
      .Put(answer.message)
      .Take();
}

bool ParseAnswer(const std::string& message, UnitAnswer* answer) {
  LedgerRecord& record = answer->record;
  ByteReader reader(message);
  reader.Get(&answer->kind).Get(&record.event).Get(&record.reason).Get(&record.message);
  reader.Get(&record.clips_done).Get(&record.clips_rejected).Get(&record.frames);
  reader.Get(&answer->error_kind).Get(&answer->reason).Get(&answer->message);
  return reader.at_end();
}

}  // namespace foothold
