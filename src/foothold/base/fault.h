// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace foothold {

// Named points at which tests let a process fail, in release builds too:
//
//   FOOTHOLD_FAULT=record.half_line:3:kill,file.synced:1:enospc
//
// acts when this process passes the point for the third time (first time ...). Actions: kill (SIGKILL to
// itself), eio, enospc (the operation at the point fails with that errno). Unset: one load and a branch.
// docs/testing.md lists the points.
namespace fault {
extern const bool armed;
int Pass(const char* point);
bool IsNext(const char* point);
}  // namespace fault

// 0, or the errno with which the operation at `point` has to fail now.
inline int FaultAt(const char* point) { return fault::armed ? fault::Pass(point) : 0; }
// Whether the next FaultAt(point) acts.
inline bool FaultIsNext(const char* point) { return fault::armed && fault::IsNext(point); }

}  // namespace foothold
