// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace foothold {

// From now on SIGTERM, SIGUSR1 and SIGINT ask for a drain: the current unit is finished, no other begun.
// A second SIGINT ends the program at once.
void InstallDrainHandler();
bool DrainRequested();

}  // namespace foothold
