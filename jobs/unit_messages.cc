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
  set.Bind(&context->predict);
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

// All fields by name, so that the compiler finds one that is new.
std::string FormatOrder(const UnitOrder& order) {
  const auto& [id,
               path,
               begin,
               end,
               kind,
               num_parts,
               cost_s,
               priority,
               missing_parts,
               rejected_reason,
               rejected_message] = order.unit;
  ByteWriter writer;
  writer.Put(id).Put(path).Put(begin).Put(end).Put(kind).Put(num_parts).Put(cost_s).Put(priority);
  writer.Put(missing_parts).Put(rejected_reason).Put(rejected_message);
  return writer.Put(order.memory_rung).Take();
}

bool ParseOrder(const std::string& message, UnitOrder* order) {
  Unit& unit = order->unit;
  ByteReader reader(message);
  reader.Get(&unit.id).Get(&unit.path).Get(&unit.begin).Get(&unit.end).Get(&unit.kind);
  reader.Get(&unit.num_parts).Get(&unit.cost_s).Get(&unit.priority);
  reader.Get(&unit.missing_parts).Get(&unit.rejected_reason).Get(&unit.rejected_message);
  reader.Get(&order->memory_rung);
  return reader.at_end();
}

// Key, id, attempt, seconds, host, process, rank and time are filled in by the rank.
std::string FormatAnswer(const UnitAnswer& answer) {
  const auto& [event,
               unit_key,
               unit_id,
               attempt,
               reason,
               message,
               clips_done,
               clips_rejected,
               frames,
               seconds,
               labels,
               host,
               process,
               rank,
               time_unix_s] = answer.record;
  ByteWriter writer;
  writer.Put(answer.kind).Put(event).Put(reason).Put(message);
  writer.Put(clips_done).Put(clips_rejected).Put(frames);
  writer.Put<uint64_t>(labels.size());
  for (const LabelFile& label : labels) {
    writer.Put(label.path).Put(label.frames).Put(label.bytes).Put(label.xxh3);
  }
  return writer.Put(answer.error_kind).Put(answer.reason).Put(answer.message).Take();
}

bool ParseAnswer(const std::string& message, UnitAnswer* answer) {
  LedgerRecord& record = answer->record;
  ByteReader reader(message);
  reader.Get(&answer->kind).Get(&record.event).Get(&record.reason).Get(&record.message);
  reader.Get(&record.clips_done).Get(&record.clips_rejected).Get(&record.frames);
  uint64_t num_labels = 0;
  reader.Get(&num_labels);
  for (uint64_t i = 0; i < num_labels && reader.ok(); ++i) {
    LabelFile& label = record.labels.emplace_back();
    reader.Get(&label.path).Get(&label.frames).Get(&label.bytes).Get(&label.xxh3);
  }
  reader.Get(&answer->error_kind).Get(&answer->reason).Get(&answer->message);
  return reader.at_end();
}

}  // namespace foothold
