#!/usr/bin/env bash
# Runs the shipped batch files on a real Slurm (cluster.sh), with a labeller that does what the text of each
# "video" says (tests/jobs/fake_label_corpus.cc). Whatever happens to a job, its labels have to be those of
# an uninterrupted run, byte for byte.
#   slurm_test.sh SOURCE_FOLDER FAKE_LABEL_CORPUS FOLDER_OF_FOOTHOLD
# FOOTHOLD_TEST_ALL=1 adds the slow cases. Exit code 77: skipped.
set -u
source_folder=$1
export LABEL_CORPUS=$2 FOOTHOLD_BIN=$3
# shellcheck source-path=SCRIPTDIR
. "$source_folder/tests/slurm/cluster.sh"

missing=$(cluster_missing)
if [ -n "$missing" ]; then
  echo "SLURM NOT TESTED: this machine lacks" "${missing//$'\n'/, }" "(scripts/install_deps.sh --tests installs the packages)"
  exit 77
fi

work=$(mktemp -d)
chmod 711 "$work"
cases=()
finish() {
  # shellcheck disable=SC2046
  kill $(jobs -p) 2>/dev/null
  cluster_stop
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

check() { # TEXT CONDITION...
  local text=$1
  shift
  "$@" && return
  echo "wrong: $text"
  failed=yes
}

# --- A run: a folder with videos, a config file and, after reference_labels, the labels to be expected.
make_run() { # NAME [CONFIG_LINE...]
  run=$work/$1
  shift
  mkdir -p "$run/videos"
  {
    printf '[job]\ncorpus = %s\noutput = %s\n' "$run/videos" "$run/out"
    # A dead process of this machine is noticed at once; the lease does not matter here.
    printf '[slurm]\n'
    printf '%s\n' "$@"
  } >"$run/run.conf"
}
add_videos() { # NUMBER TEXT
  local i n
  n=$(find "$run/videos" -type f | wc -l)
  for ((i = n; i < n + $1; ++i)); do echo "$2" >"$run/videos/$(printf '%03d' "$i").mp4"; done
}
submit() { # ARGUMENT... of submit.sh, with CONFIG for the config file; sets job
  local arguments=("${@/#CONFIG/$run/run.conf}")
  job=$(cd "$run" && "$source_folder/slurm/submit.sh" "${arguments[@]}" --parsable) || { echo "sbatch failed"; return 1; }
}
labels() { (cd "$1/labels" 2>/dev/null && find . -type f -name '*.h5' -exec sha256sum {} + | sort); } # OUTPUT
check_labels() { # [FOLDER]: the same videos without anything that interrupts.
  local calm=${1:-$run/calm} video
  if [ $# -eq 0 ]; then
    mkdir -p "$calm"
    for video in "$run"/videos/*; do echo "done" >"$calm/${video##*/}"; done
  fi
  "$LABEL_CORPUS" --corpus "$calm" --output "$run/calm_out" >"$run/calm.log" 2>&1
  check "the labels are those of an uninterrupted run" [ "$(labels "$run/out")" = "$(labels "$run/calm_out")" ]
  check "no temporary is left" [ -z "$(find "$run/out/labels" -type f ! -name '*.h5' ! -name '*.timing.json')" ]
}
nodes_that_worked() { cat "$run"/out/work-* | cut -d@ -f2 | sort -u | xargs; }
attempts() { cat "$run"/out/work-* 2>/dev/null | wc -l; }
has_begun() { [ "$(attempts)" -gt 0 ]; }
labelled() { find "$run/out/labels" -name '*.h5' 2>/dev/null | wc -l; }

# --- Jobs
field() { scontrol show job -o "$1" 2>/dev/null | tr ' ' '\n' | sed -n "s/^$2=//p" | head -n 1; } # JOB NAME
state() { field "$1" JobState; }
until_true() { # SECONDS CONDITION...
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || { echo "wrong: gave up waiting for: $*"; failed=yes; return 1; }
    sleep 0.2
  done
}
is_state() { [ "$(state "$job")" = "$1" ]; }
is_over() { [[ $(state "$job") =~ ^(COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL|PREEMPTED)$ ]]; }
has_labels() { [ "$(labelled)" -ge "$1" ]; }
log_has() { cat "$run"/foothold-*.log 2>/dev/null | grep -q "$1"; }
check_complete() { # SECONDS
  until_true "$1" is_over
  check "the job completes" is_state COMPLETED
  check "with exit code 0" [ "$(field "$job" ExitCode)" = 0:0 ]
}

# --- Cases
two_nodes() {
  make_run two_nodes "tasks = 4"
  add_videos 12 "work 300"
  check "the dry run prints the command" \
    grep -q -- "sbatch --ntasks=4 --cpus-per-task=1 --signal=B:USR1@120 --ntasks-per-node=2" \
    <(cd "$run" && "$source_folder/slurm/submit.sh" --dry-run run.conf --ntasks-per-node=2)
  submit CONFIG --ntasks-per-node=2 --nodelist=n3,n4
  check_complete 30
  check "both nodes worked" [ "$(nodes_that_worked)" = "n3 n4" ]
  check "on every video once" [ "$(attempts)" = 12 ]
  check_labels
}

plain_sbatch() {
  make_run plain_sbatch
  add_videos 2 "work 100"
  echo reject >"$run/videos/bad.mp4"
  job=$(cd "$source_folder" && sbatch --parsable --output="$run/foothold-%j.log" --nodelist=n3 --ntasks=2 \
    slurm/label_corpus.sbatch "$run/run.conf")
  until_true 30 is_over
  check "rejected videos give exit code 4" [ "$(field "$job" ExitCode)" = 4:0 ]
  check "and the others their labels" [ "$(labelled)" = 2 ]
}

array() {
  make_run array "tasks = 1"
  add_videos 12 "work 500"
  submit --array 3 CONFIG --nodes=1 --nodelist=n3
  until_true 30 array_is_over
  check "the labels are there" [ "$(labelled)" = 12 ]
  check "on every video worked one job" [ "$(attempts)" = 12 ]
  check "several jobs worked" [ "$(find "$run/out/ledger/records" -name '*.jsonl' -size +0 | wc -l)" -ge 2 ]
  check_labels
}
array_is_over() { [ -z "$(squeue -h -j "$job" 2>/dev/null)" ]; }

killed_rank() {
  make_run killed_rank "tasks = 4"
  add_videos 8 "work 300"
  add_videos 1 "kill once"
  submit CONFIG --ntasks-per-node=2 --nodelist=n3,n4
  check_complete 60
  check "both nodes worked" [ "$(nodes_that_worked)" = "n3 n4" ]
  check "one attempt was lost" [ "$(attempts)" = 10 ]
  check "the job was not requeued: others did the work" [ "$(field "$job" Restarts)" = 0 ]
  check_labels
}

time_limit() {
  make_run time_limit "tasks = 2" "time_limit = 00:01:00"
  add_videos 6 "work 300"
  add_videos 2 wait_for_signal
  add_videos 6 "work 300"
  submit CONFIG --nodes=1 --nodelist=n3
  check_complete 120
  check "the warning drained the job" log_has "drained, requeueing"
  check "which was requeued" [ "$(field "$job" Restarts)" -ge 1 ]
  check "no work was lost" [ "$(attempts)" = 14 ]
  check_labels
}

cancelled() {
  make_run cancelled "tasks = 2"
  add_videos 16 "work 500"
  submit CONFIG --nodes=1 --nodelist=n3
  until_true 20 has_labels 4
  scancel "$job"
  until_true 20 is_over
  check "the job is cancelled" is_state CANCELLED
  check "before its end" [ "$(labelled)" -lt 16 ]
  sleep 3
  check "and does not come back" is_state CANCELLED
  submit CONFIG --nodes=1 --nodelist=n3
  check_complete 30
  check_labels
}

requeued() {
  make_run requeued "tasks = 2"
  add_videos 16 "work 500"
  submit CONFIG --nodes=1 --nodelist=n3
  until_true 20 has_labels 4
  scontrol requeue "$job"
  check_complete 40
  check "the job was requeued" [ "$(field "$job" Restarts)" = 1 ]
  check_labels
}

preempted() {
  make_run preempted "tasks = 2"
  add_videos 16 "work 500"
  submit CONFIG --nodes=1 --nodelist=n4
  until_true 20 has_labels 4
  local higher
  higher=$(sbatch --parsable --output=/dev/null --partition=high --nodes=1 --exclusive --wrap "sleep 3")
  check_complete 60
  check "the other job ran" [ "$(state "$higher")" = COMPLETED ]
  check "the job was requeued" [ "$(field "$job" Restarts)" = 1 ]
  check "and had drained: no work was lost" [ "$(attempts)" = 16 ]
  check_labels
}

lost_node() {
  make_run lost_node "tasks = 4"
  add_videos 4 "work 500"
  add_videos 6 "wait_for_file node_is_back"
  submit CONFIG --ntasks-per-node=2 --nodelist=n1,n2
  until_true 20 has_labels 4
  cluster_kill_node n2
  # Slurm notices after SlurmdTimeout (and up to twice that) and requeues the job, which waits for its two nodes.
  until_true 60 is_state PENDING
  check "Slurm knows that the node is lost" cluster_wait_for_node n2 "down*" 5
  check "the job is not done" [ "$(labelled)" = 4 ]
  touch "$run/out/node_is_back"
  cluster_start_node n2
  check "the node returns" cluster_wait_for_node n2 idle 30
  check_complete 60
  check "the job was requeued" [ "$(field "$job" Restarts)" = 1 ]
  check "at most the videos of four ranks were begun again" [ "$(attempts)" -le 14 ]
  check_labels
}

# A video that takes longer than the drain may is given back.
given_back() {
  make_run given_back "tasks = 1" "drain_s = 4"
  add_videos 1 "wait_for_file go"
  submit CONFIG --nodes=1 --nodelist=n3
  until_true 20 has_begun
  scancel --batch --signal=USR1 "$job"
  until_true 30 is_state PENDING
  touch "$run/out/go"
  check_complete 60
  check "the rank gave its video back" log_has "drained with work unfinished"
  check "without a lost attempt" [ "$(find "$run/out/ledger/claims" -type f | grep -c '\.2$')" = 0 ]
  check_labels
}

# A rank that does nothing any more is ended.
not_drained() {
  make_run not_drained "tasks = 1" "drain_s = 3"
  add_videos 1 "wait_for_file go"
  submit CONFIG --nodes=1 --nodelist=n3
  until_true 20 has_begun
  kill -STOP "$(cut -d@ -f1 "$run"/out/work-*)"
  scancel --batch --signal=USR1 "$job"
  until_true 30 is_state PENDING
  touch "$run/out/go"
  check_complete 60
  check "the requeue ended it" log_has "not drained in time"
  check_labels
}

# The program itself, on rendered clips.
real_labels() {
  make_run real_labels "tasks = 2"
  export LABEL_CORPUS=$FOOTHOLD_BIN/label_corpus
  "$FOOTHOLD_BIN/foothold" synth "$run/synth" --clips 4 --synthetic.num_frames 30 >"$run/synth.log" 2>&1
  find "$run/synth" -name '*.mp4' -exec cp {} "$run/videos" \;
  submit CONFIG --nodes=1 --nodelist=n3
  until_true 120 has_labels 1
  scontrol requeue "$job"
  check_complete 200
  check "the job was requeued" [ "$(field "$job" Restarts)" = 1 ]
  check_labels "$run/videos"
}

# Two rounds of the closed loop: six jobs, of which each waits for the one before.
closed_loop() {
  [ -x "$FOOTHOLD_BIN/train_student" ] || { echo "NOT TESTED: this build is without LibTorch"; return; }
  make_run closed_loop "tasks = 1"
  unset LABEL_CORPUS
  "$FOOTHOLD_BIN/foothold" synth "$run/videos" --clips 4 --synthetic.num_frames 16 --synthetic.width 96 \
    --synthetic.height 64 >"$run/synth.log" 2>&1
  echo "no video" >"$run/videos/broken.mp4"  # Code 4 of the labelling must not end the chain.
  {
    printf '[loop]\noutput = %s\n[perception]\nname = synthetic\n[predict]\nimage_side_px = 48\n' "$run/loop"
    printf '[data]\nwidth = 48\nheight = 32\nmin_confidence = 0\nheld_out_share = 0.4\n'
    printf '[train]\nnetwork = tiny\nglobal_batch = 4\nsteps = 3\n'
  } >>"$run/run.conf"
  (cd "$run" && FOOTHOLD_SRUN_MPI=none "$source_folder/slurm/closed_loop.sh" run.conf --nodes=1 --nodelist=n3) >"$run/submitted"
  check "six jobs are submitted" [ "$(wc -l <"$run/submitted")" = 6 ]
  job=$(sed -n '$s/.*job //p' "$run/submitted")
  check_complete 200
  check "both rounds are in the table" [ "$(grep -c '^| [12] | 5 | 4 |' "$run/loop/loop.md")" = 2 ]
  check "nothing is left to do" grep -q "nothing is left" <("$source_folder/slurm/closed_loop.sh" "$run/run.conf")
}

start_case() { # FUNCTION
  cases+=("$1")
  (
    failed=no
    "$1"
    if [ "$failed" = yes ]; then
      echo "--- job"; scontrol show job "$job"
      echo "--- log"; tail -n 40 "$run"/foothold-*.log
    fi
    echo "$failed" >"$work/$1.failed"
    echo "took $SECONDS s"
  ) >"$work/$1.log" 2>&1 &
  pids[$1]=$!
}
declare -A pids

cluster_start "$work/cluster" || { tail -n 20 "$work"/cluster/*.log; echo "wrong: Slurm does not start"; exit 1; }
started=$SECONDS
for case in lost_node time_limit two_nodes cancelled plain_sbatch; do start_case "$case"; done
# Whose jobs on n4 are to be preempted, comes after who needs n4 in peace.
wait "${pids[two_nodes]}"
start_case preempted
if [ -n "${FOOTHOLD_TEST_ALL:-}" ]; then
  for case in array requeued given_back not_drained real_labels closed_loop; do start_case "$case"; done
  wait "${pids[preempted]}"
  start_case killed_rank
fi
wait

result=0
for case in "${cases[@]}"; do
  if [ "$(cat "$work/$case.failed" 2>/dev/null)" = no ]; then
    echo "ok: $case, $(tail -n 1 "$work/$case.log")"
  else
    result=1
    echo "FAILED: $case"
    cat "$work/$case.log"
  fi
done
echo "all cases took $((SECONDS - started)) s"
exit "$result"
