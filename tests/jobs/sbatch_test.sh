#!/usr/bin/env bash
# Dry run of slurm/label_corpus.sbatch with stand-ins for srun, scancel and scontrol.
#   sbatch_test.sh SOURCE_FOLDER FAKE_LABEL_CORPUS
set -u
source_folder=$1
program=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/videos"
cat >"$work/bin/srun" <<'STUB'
#!/usr/bin/env bash
while [[ ${1:-} == --* ]]; do shift; done
echo $$ >"$WORK/step.pid"
export SLURM_STEP_ID=0 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=1
exec "$@"
STUB
cat >"$work/bin/scancel" <<'STUB'
#!/usr/bin/env bash
echo "scancel $*" >>"$WORK/calls"
kill -USR1 "$(cat "$WORK/step.pid")"
STUB
printf '#!/usr/bin/env bash\necho "scontrol $*" >>"$WORK/calls"\n' >"$work/bin/scontrol"
chmod +x "$work"/bin/*
export WORK=$work PATH=$work/bin:$PATH SLURM_JOB_ID=77 SLURM_SUBMIT_DIR=$source_folder LABEL_CORPUS=$program
failures=0
check() { # TEXT CONDITION...
  local text=$1
  shift
  "$@" || { failures=$((failures + 1)); echo "wrong: $text"; }
}
printf '[job]\ncorpus = %s/videos\noutput = %s/out\n' "$work" "$work" >"$work/job.conf"
run() { bash "$source_folder/slurm/label_corpus.sbatch" "$@" >"$work/log" 2>&1; }

check "the script parses" bash -n "$source_folder/slurm/label_corpus.sbatch"
check "no path or account in it" bash -c "! grep -E '^#SBATCH.*(--account|--partition|--chdir|/)' '$source_folder/slurm/label_corpus.sbatch'"

run; check "a missing argument is a usage error" [ $? -ne 0 ]
run "$work/none.conf"; check "a missing config file has code 2" [ $? -eq 2 ]

echo done >"$work/videos/a.mp4"
run "$work/job.conf"; check "a complete job has code 0" [ $? -eq 0 ]
check "and is not requeued" [ ! -e "$work/calls" ]

echo reject >"$work/videos/b.mp4"
run "$work/job.conf"; check "a rejected video gives code 4" [ $? -eq 4 ]
check "which is not requeued either" [ ! -e "$work/calls" ]

# The batch shell gets the signal, as from --signal=B:USR1, while the step works.
echo "wait_for_signal" >"$work/videos/c.mp4"
echo done >"$work/videos/d.mp4"
bash "$source_folder/slurm/label_corpus.sbatch" "$work/job.conf" >"$work/log" 2>&1 &
batch=$!
until [ -e "$work/out/waiting" ]; do sleep 0.05; done
kill -USR1 "$batch"
wait "$batch"; check "a drained job has code 9" [ $? -eq 9 ]
check "the signal went to the step" grep -q "scancel --signal=USR1 77.0" "$work/calls"
check "the job is requeued" grep -q "scontrol requeue 77" "$work/calls"

rm "$work/calls"
SLURM_RESTART_COUNT=1 run "$work/job.conf"; check "the requeued job finishes the rest" [ $? -eq 4 ]
check "3 labels" [ "$(find "$work/out/labels" -name '*.h5' | wc -l)" -eq 3 ]

echo kill >"$work/videos/e.mp4"
SLURM_RESTART_COUNT=1 run "$work/job.conf"
check "a killed rank requeues the job" grep -q "scontrol requeue 77" "$work/calls"
rm -f "$work/calls"
SLURM_RESTART_COUNT=5 run "$work/job.conf"
check "but not for ever" [ ! -e "$work/calls" ]

[ "$failures" -eq 0 ] || { cat "$work/log"; exit 1; }
echo "all checks passed"
