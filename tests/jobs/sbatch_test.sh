#!/usr/bin/env bash
# Dry run of the batch scripts with stand-ins for srun, squeue and scontrol, where there is no Slurm
# (tests/slurm has one).
#   sbatch_test.sh SOURCE_FOLDER FAKE_LABEL_CORPUS FOLDER_OF_FOOTHOLD
set -u
source_folder=$1
program=$2
export FOOTHOLD_BIN=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/videos"
cat >"$work/bin/srun" <<'STUB'
#!/usr/bin/env bash
while [[ ${1:-} == --* ]]; do shift; done
export SLURM_STEP_ID=0 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=1
exec "$@"
STUB
printf '#!/usr/bin/env bash\ncat "$WORK/state"\n' >"$work/bin/squeue"
printf '#!/usr/bin/env bash\necho "scontrol $*" >>"$WORK/calls"\n' >"$work/bin/scontrol"
echo RUNNING >"$work/state"
chmod +x "$work"/bin/*
export WORK=$work PATH=$work/bin:$PATH SLURM_JOB_ID=77 SLURM_SUBMIT_DIR=$source_folder LABEL_CORPUS=$program
failures=0
check() { # TEXT CONDITION...
  local text=$1
  shift
  "$@" || { failures=$((failures + 1)); echo "wrong: $text"; }
}
printf '[job]\ncorpus = %s/videos\noutput = %s/out\n' "$work" "$work" >"$work/job.conf"
scripts=("$source_folder"/slurm/*)
run() { bash "$source_folder/slurm/label_corpus.sbatch" "$@" >"$work/log" 2>&1; }

for script in "${scripts[@]}"; do
  check "${script##*/} parses" bash -n "$script"
  check "${script##*/} has no path or account" bash -c "! grep -E '^#SBATCH.*(--account|--partition|--chdir|/)' '$script'"
done

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

# A video that takes longer than the drain may is given back; the attempt does not count.
mkdir "$work/long" && echo "work 60000" >"$work/long/f.mp4"
printf '[job]\ncorpus = %s/long\noutput = %s/long_out\n[slurm]\ndrain_s = 2\n' "$work" "$work" >"$work/long.conf"
SECONDS=0
bash "$source_folder/slurm/label_corpus.sbatch" "$work/long.conf" >"$work/log" 2>&1 &
batch=$!
until [ -n "$(find "$work/long_out" -name 'work-*' 2>/dev/null)" ]; do sleep 0.05; done
kill -USR1 "$batch"
wait "$batch"; check "a job with a long video is drained" [ $? -eq 9 ]
check "and says so" grep -q "drained with work unfinished" "$work/log"
check "before the video ends" [ "$SECONDS" -lt 60 ]
check "no claim is left" [ -z "$(find "$work/long_out/ledger/claims" -type f)" ]
rm -f "$work/calls"

# Slurm ends the job: because of scancel, or to requeue it by itself.
echo COMPLETING >"$work/state"
run "$work/job.conf"
check "a job that Slurm ends is not requeued" [ ! -e "$work/calls" ]

# What submit.sh would do.
submit() { "$source_folder/slurm/submit.sh" "$@" >"$work/log" 2>&1; }
submit --dry-run "$work/job.conf"; check "a config file without [slurm] will do" [ $? -eq 0 ]
check "and says nothing of time" grep -qF -- "--signal=B:USR1@120 $source_folder/slurm/label_corpus.sbatch $work/job.conf" "$work/log"
printf '[slurm]\ntasks = 64\ncpus_per_task = 4\ntime_limit = 04:00:00\ndrain_s = 90\n' >>"$work/job.conf"
printf 'sbatch_arguments = --account=me --partition=gpu\n' >>"$work/job.conf"
submit --dry-run --array 3 "$work/job.conf" --hold
for words in "FOOTHOLD_HOME=$source_folder sbatch" "--ntasks=64 --cpus-per-task=4" "--signal=B:USR1@150 --time=04:00:00" \
  "--account=me --partition=gpu" "--array=0-2" "--hold $source_folder/slurm/label_corpus_array.sbatch $work/job.conf"; do
  check "--dry-run prints $words" grep -qF -- "$words" "$work/log"
done
submit; check "submit.sh without a config file is a usage error" [ $? -eq 2 ]
submit --dry-run "$work/none.conf"; check "so is one that does not exist" [ $? -eq 2 ]
submit --array x "$work/job.conf"; check "and an array of no number" [ $? -eq 2 ]
printf '[slurm]\ntaks = 2\n' >"$work/wrong.conf"
submit --dry-run "$work/wrong.conf"; check "an unknown key is a usage error" [ $? -eq 2 ]
check "with the nearest known one" grep -q "did you mean 'slurm.tasks'" "$work/log"
printf '[job]\ncorpus = x\n' >"$work/wrong.conf"
submit --dry-run "$work/wrong.conf"; check "an empty output is a usage error" [ $? -eq 2 ]

# The five lines of docs/operations.md, but for the build and the cluster.
sed -n '/^## From a folder/,/^```$/p' "$source_folder/docs/operations.md" | sed -n '/^cp/,/^slurm/p' |
  sed "s|configs/|$source_folder/configs/|; s|^slurm/submit.sh|$source_folder/slurm/submit.sh --dry-run|" >"$work/five_lines"
check "the documented lines are there" [ "$(wc -l <"$work/five_lines")" -eq 4 ]
(cd "$work" && bash -e five_lines) >"$work/log" 2>&1
check "and submit a job" grep -q -- "--ntasks=16 .*--account=me --partition=batch .*my.conf" "$work/log"

[ "$failures" -eq 0 ] || { cat "$work/log"; exit 1; }
echo "all checks passed"
