#!/usr/bin/env bash
# Builds the fuzz targets of all parsers with clang and runs each for so many seconds.
#   scripts/fuzz.sh 60                   every target for a minute
#   scripts/fuzz.sh 600 manifest tar     these two for ten minutes
# Inputs that found something new are kept in build-fuzz/corpus/<target>; a finding ends the script with its
# exit code and leaves its input in build-fuzz/findings.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?usage: scripts/fuzz.sh SECONDS [TARGET ...]}
shift
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -j "${JOBS:-$(nproc)}"
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for program in build-fuzz/bin/fuzz_*; do
    name=${program##*/fuzz_}
    [ "$name" = test ] || targets+=("$name")
  done
fi
mkdir -p build-fuzz/findings
for target in "${targets[@]}"; do
  mkdir -p "build-fuzz/corpus/$target"
  echo "fuzz $target: $seconds s"
  log="build-fuzz/corpus/$target.log"
  status=0
  build-fuzz/bin/"fuzz_$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix=build-fuzz/findings/"$target"- "build-fuzz/corpus/$target" >"$log" 2>&1 || status=$?
  grep -E 'stat::number_of_executed_units|ERROR|SUMMARY|Test unit written' "$log" || true
  if [ "$status" -ne 0 ]; then
    echo "fuzz $target: a finding, see build-fuzz/findings and $log" >&2
    exit "$status"
  fi
done
