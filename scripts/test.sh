#!/usr/bin/env bash
# Installs what is missing, builds, and runs the tests.
#   scripts/test.sh                the default set
#   scripts/test.sh --all          also the long checks (FOOTHOLD_TEST_ALL=1)
#   scripts/test.sh -R josh        further arguments go to ctest
# FOOTHOLD_BUILD_DIR chooses the build folder (default: build); JOBS the number of processes;
# FOOTHOLD_TORCH=OFF leaves out the learned parts and the installation of LibTorch that they need.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = "--all" ]; then
  export FOOTHOLD_TEST_ALL=1
  shift
fi
jobs=${JOBS:-$(nproc)}
build=${FOOTHOLD_BUILD_DIR:-build}

scripts/install_deps.sh --tests
torch=${FOOTHOLD_TORCH:-ON}
[ "$torch" = OFF ] || scripts/install_torch.sh

# A build folder of another checkout or generator cannot be used again.
fresh=()
if [ -f "$build/CMakeCache.txt" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$build/CMakeCache.txt"; then
  fresh=(--fresh)
fi
cmake --preset default -B "$build" "${fresh[@]}" -DFOOTHOLD_WERROR=ON -DFOOTHOLD_TORCH="$torch"
cmake --build "$build" -j "$jobs"

# OpenMPI refuses to run as root, as in containers, unless told twice.
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
# Some tests kill processes, wait for leases and run a real Slurm: a stalled machine can fail one. It is then
# tried once more, and both attempts are printed.
exec ctest --test-dir "$build" --output-on-failure --repeat until-pass:2 -j "$jobs" "$@"
