#!/usr/bin/env bash
# The closed loop (docs/closed_loop.md) as a chain of Slurm jobs, each of which waits for the success of the one
# before, as one config file says ([loop], [slurm], and the sections of the programs):
#
#   slurm/closed_loop.sh my.conf                       submits what is not done yet
#   slurm/closed_loop.sh --dry-run my.conf             prints the sbatch commands instead
#   slurm/closed_loop.sh my.conf --account=me          what follows goes to every sbatch
#
# The same command again submits what is left. Two jobs for one stage do no harm: the second waits for the first.
# FOOTHOLD_BIN, if set, is the folder of the programs instead of build/bin of this source folder.
set -euo pipefail
dry_run=()
[ "${1:-}" != --dry-run ] || { dry_run=(--dry-run); shift; }
[ $# -gt 0 ] && [ -r "$1" ] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
FOOTHOLD_HOME=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
bin=${FOOTHOLD_BIN:-$FOOTHOLD_HOME/build/bin}
[ -x "$bin/foothold" ] || { echo "closed_loop.sh: no foothold in $bin; build it or set FOOTHOLD_BIN" >&2; exit 2; }
plan=$("$bin/foothold" loop plan --config "$1")
run=$("$bin/foothold" config --config "$1" --get loop.output | md5sum | cut -c 1-8)
shift

before=
while read -r round stage config; do
  [ -n "$round" ] || break  # Nothing is left to do.
  # One job of a name at a time (singleton). Jobs after one that failed are cancelled.
  arguments=(--parsable --job-name="loop-$run-$round-$stage" --dependency="${before:+afterok:$before,}singleton"
    --kill-on-invalid-dep=yes)
  case $stage in
    label) kind=() ;;
    train) kind=(--train) ;;
    evaluate) kind=(--evaluate) ;;
  esac
  answer=$("$FOOTHOLD_HOME/slurm/submit.sh" "${dry_run[@]}" "${kind[@]}" "$config" "${arguments[@]}" "$@")
  if [ ${#dry_run[@]} -gt 0 ]; then
    printf '%s\n' "$answer"
    before="<round $round $stage>"
  else
    before=${answer%%;*}
    echo "round $round, stage $stage: job $before"
  fi
done <<<"$plan"
[ -n "$before" ] || echo "closed_loop.sh: nothing is left to do"
