#!/usr/bin/env bash
# Submits the labelling of a corpus, or the training of the student, to Slurm, as one config file says ([job] or
# [train], and [slurm]):
#
#   slurm/submit.sh my.conf                         one job of slurm.tasks ranks
#   slurm/submit.sh --array 16 my.conf              16 jobs of slurm.tasks ranks each, on one run
#   slurm/submit.sh --train my.conf                 training, also a run that is to go on with other ranks
#   slurm/submit.sh --evaluate round.conf           a round of the closed loop (slurm/closed_loop.sh submits all)
#   slurm/submit.sh --dry-run my.conf               prints the sbatch command instead
#   slurm/submit.sh my.conf --dependency=afterok:7  what follows goes to sbatch
#
# FOOTHOLD_BIN, if set, is the folder of the programs instead of build/bin of this source folder.
set -euo pipefail

usage() { sed -n '2,11s/^# \{0,1\}//p' "$0"; }
FOOTHOLD_HOME=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
export FOOTHOLD_HOME
bin=${FOOTHOLD_BIN:-$FOOTHOLD_HOME/build/bin}
script=$FOOTHOLD_HOME/slurm/label_corpus.sbatch
dry_run=no
input_key=job.corpus output_key=job.output
more=()
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry_run=yes ;;
    --array)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || { echo "submit.sh: --array wants the number of jobs" >&2; exit 2; }
      script=$FOOTHOLD_HOME/slurm/label_corpus_array.sbatch
      more+=(--array="0-$(($2 - 1))")
      shift
      ;;
    --train)
      script=$FOOTHOLD_HOME/slurm/train_student.sbatch
      input_key=train.labels output_key=train.output
      ;;
    --evaluate)
      script=$FOOTHOLD_HOME/slurm/evaluate_round.sbatch
      input_key=train.labels output_key=train.output
      more+=(--ntasks=1)
      ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "submit.sh: unknown option $1 (options for sbatch follow the config file)" >&2; exit 2 ;;
    *) break ;;
  esac
  shift
done
[ $# -gt 0 ] || { usage >&2; exit 2; }
config=$1
shift
[ -r "$config" ] || { echo "submit.sh: cannot read the config file $config" >&2; exit 2; }
[ -x "$bin/foothold" ] || { echo "submit.sh: no foothold in $bin; build it or set FOOTHOLD_BIN" >&2; exit 2; }

config=$(readlink -f "$config")
values=$("$bin/foothold" config --config "$config" --get "$input_key" "$output_key" slurm.time_limit \
  slurm.sbatch_arguments slurm.tasks slurm.cpus_per_task slurm.drain_s)
{ read -r input && read -r output && read -r time_limit && read -ra site && read -r tasks && read -r cpus &&
  read -r drain_s; } <<<"$values"
[ -n "$input" ] || { echo "submit.sh: $input_key is empty; say it in $config" >&2; exit 2; }
[ -n "$output" ] || { echo "submit.sh: $output_key is empty; say it in $config" >&2; exit 2; }
command=(sbatch --ntasks="$tasks" --cpus-per-task="$cpus"
  # Slurm may be a minute early with it, never late.
  --signal="B:USR1@$((drain_s + 60))"
  ${time_limit:+--time="$time_limit"} "${site[@]}" "${more[@]}" "$@" "$script" "$config")

if [ "$dry_run" = yes ]; then
  printf 'FOOTHOLD_HOME=%q' "$FOOTHOLD_HOME"
  printf ' %q' "${command[@]}"
  printf '\n'
else
  exec "${command[@]}"
fi
