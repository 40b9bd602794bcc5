// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "foothold/corpus/corpus.h"
#include "foothold/corpus/ledger_record.h"

namespace foothold {

// Why a unit was given up, for a person: cause, where it was tried, the last log lines, and a command
// that shows the failure again. Gathered from the claim files of its attempts.
struct QuarantineReport {
  struct Attempt {
    int attempt = 0;
    std::string host, process;
    long pid = 0;
    int64_t time_unix_s = 0;
    std::string reason, message;
  };

  Unit unit;
  std::string reason, message;  // Of the last attempt.
  std::vector<Attempt> attempts;
  std::vector<std::string> log;  // The last lines of the last attempt.
  std::string reproduce;

  // `claim_text`: a description of the process, log lines, and a FailureLine where the process lived to
  // write it.
  void AddAttempt(int attempt, std::string_view claim_text);
  static std::string FailureLine(const LedgerRecord& record);

  std::string Format() const;  // JSON.
  // Throws Error(kBadInput) naming `path`.
  static QuarantineReport Parse(const std::string& text, const std::string& path);
};

// In single quotes, for a shell.
std::string ShellQuoted(const std::string& word);

}  // namespace foothold
