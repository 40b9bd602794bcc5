#!/usr/bin/env bash
# Dry run of slurm/train_student.sbatch with stand-ins for srun, squeue and scontrol, and a trainer that ends as
# it is told.
#   sbatch_test.sh SOURCE_FOLDER FOLDER_OF_FOOTHOLD
set -u
source_folder=$1
export FOOTHOLD_BIN=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
cat >"$work/bin/srun" <<'STUB'
#!/usr/bin/env bash
echo "srun $*" >>"$WORK/steps"
while [[ ${1:-} == --* ]]; do shift; done
exec "$@"
STUB
cat >"$work/trainer" <<'STUB'
#!/usr/bin/env bash
[ "$(cat "$WORK/end")" != wait ] || { trap 'exit 9' USR1; touch "$WORK/waiting"; while :; do sleep 0.1; done; }
exit "$(cat "$WORK/end")"
STUB
printf '#!/usr/bin/env bash\necho RUNNING\n' >"$work/bin/squeue"
printf '#!/usr/bin/env bash\necho "scontrol $*" >>"$WORK/calls"\n' >"$work/bin/scontrol"
chmod +x "$work"/bin/* "$work/trainer"
export WORK=$work PATH=$work/bin:$PATH SLURM_JOB_ID=78 TRAIN_STUDENT=$work/trainer
printf '[train]\nlabels = x\noutput = %s/out\n[slurm]\ntasks = 8\n' "$work" >"$work/train.conf"
failures=0
check() { # TEXT CONDITION...
  local text=$1
  shift
  "$@" || { failures=$((failures + 1)); echo "wrong: $text"; }
}
ends_with() { # CODE REQUEUED(yes or no)
  echo "$1" >"$work/end"
  rm -f "$work/calls"
  bash "$source_folder/slurm/train_student.sbatch" "$work/train.conf" >"$work/log" 2>&1
  check "code $1 is passed on" [ $? -eq "$1" ]
  if [ "$2" = yes ]; then check "code $1 requeues" grep -q "scontrol requeue 78" "$work/calls"
  else check "code $1 does not requeue" [ ! -e "$work/calls" ]; fi
}

ends_with 0 no
check "ranks are connected" grep -q -- "srun --mpi=pmix --kill-on-bad-exit=1" "$work/steps"
ends_with 2 no
ends_with 3 no
ends_with 6 no
ends_with 9 yes
ends_with 8 yes
SLURM_RESTART_COUNT=5 ends_with 8 no
FOOTHOLD_SRUN_MPI=none ends_with 0 no
check "without MPI there is a file to meet" grep -q -- "--train.rendezvous $work/out/rendezvous-78-0" "$work/steps"

echo wait >"$work/end"
rm -f "$work/calls"
bash "$source_folder/slurm/train_student.sbatch" "$work/train.conf" >"$work/log" 2>&1 &
batch=$!
until [ -e "$work/waiting" ]; do sleep 0.05; done
kill -USR1 "$batch"
wait "$batch"; check "a drained job has code 9" [ $? -eq 9 ]
check "and is requeued" grep -q "scontrol requeue 78" "$work/calls"

submit() { "$source_folder/slurm/submit.sh" "$@" >"$work/log" 2>&1; }
submit --dry-run --train "$work/train.conf" --ntasks=4; check "submit.sh --train works" [ $? -eq 0 ]
check "and says what it would do" grep -qF -- "--ntasks=8 --cpus-per-task=1" "$work/log"
check "with further options last" grep -qF -- "--ntasks=4 $source_folder/slurm/train_student.sbatch $work/train.conf" "$work/log"
printf '[train]\nlabels = x\n' >"$work/wrong.conf"
submit --dry-run --train "$work/wrong.conf"; check "an empty output is a usage error" [ $? -eq 2 ]
check "that is named" grep -q "train.output is empty" "$work/log"

[ "$failures" -eq 0 ] || { cat "$work/log"; exit 1; }
echo "all checks passed"
