#!/usr/bin/env bash
# run_sanitized.sh SOURCE BUILD CMAKE GENERATOR: builds the tests of the solvers with address and
# undefined-behaviour sanitizers and runs their random problems.
set -euo pipefail
source=$1 build=$2 cmake=$3 generator=$4

"$cmake" -S "$source" -B "$build" -G "$generator" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -g1" \
  -DFOOTHOLD_SANITIZE=address,undefined -DFOOTHOLD_CUDA=OFF -DFOOTHOLD_TORCH=OFF >"$build.configure.log" 2>&1 ||
  { cat "$build.configure.log"; exit 1; }
"$cmake" --build "$build" --target josh_test josh_batch_test -j "${JOBS:-$(nproc)}" | tail -n 1
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
"$build/bin/josh_test" --gtest_filter='*Garbage*' --gtest_brief=1
"$build/bin/josh_batch_test" --gtest_filter='*Random*:*Garbage*:BatchCholesky*' --gtest_brief=1
