#!/usr/bin/env bash
# Labels, trains, evaluates, labels again from the student's prediction, and so on (docs/closed_loop.md), on one
# machine, as one config file says ([loop], and the sections of the programs):
#   scripts/closed_loop.sh loop.conf
# The same command again goes on where it stopped; finished stages are not repeated.
# FOOTHOLD_BIN, if set, is the folder of the programs instead of build/bin of this source folder.
set -euo pipefail
[ $# -eq 1 ] && [ -r "$1" ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
bin=${FOOTHOLD_BIN:-$(dirname "$(readlink -f "$0")")/../build/bin}
[ -x "$bin/foothold" ] || { echo "closed_loop.sh: no foothold in $bin; build it or set FOOTHOLD_BIN" >&2; exit 2; }
[ -x "$bin/train_student" ] || { echo "closed_loop.sh: no train_student in $bin: training needs LibTorch (scripts/install_torch.sh)" >&2; exit 2; }
values=$("$bin/foothold" config --config "$1" --get loop.output loop.ranks)
{ read -r output && read -r ranks; } <<<"$values"
plan=$("$bin/foothold" loop plan --config "$1")

launch=()
if [ "$ranks" -gt 1 ]; then
  launch=(mpirun -n "$ranks" --oversubscribe --bind-to none)
  # OpenMPI refuses to run as root, as in containers, unless told twice.
  [ "$(id -u)" -ne 0 ] || export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
while read -r round stage config; do
  [ -n "$round" ] || break  # Nothing is left to do.
  case $stage in
    label) command=("${launch[@]}" "$bin/label_corpus") ;;
    train) command=("${launch[@]}" "$bin/train_student") ;;
    evaluate) command=("$bin/foothold" loop evaluate) ;;
  esac
  echo "closed_loop.sh: round $round, stage $stage"
  code=0
  "${command[@]}" --config "$config" </dev/null || code=$?
  [ "$stage" != label ] || [ "$code" -ne 4 ] || code=0  # Some videos cannot be labelled: the others are.
  if [ "$code" -ne 0 ]; then
    echo "closed_loop.sh: round $round, stage $stage ended with exit code $code; once the cause is gone, run the same command again" >&2
    exit "$code"
  fi
done <<<"$plan"
echo "closed_loop.sh: complete; $output/loop.md is the table of all rounds"
