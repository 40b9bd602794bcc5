#!/usr/bin/env bash
# From nothing to labels of a real and a synthetic video, with a report page:
#   scripts/quickstart.sh
# Installs what is missing (as root or with sudo), builds the programs, fetches a pedestrian video that a
# Debian package ships, renders a synthetic clip, labels both over two MPI ranks, checks the label files
# and draws them. Run it again any time: what is done stays done. All output is under build/quickstart/.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${FOOTHOLD_BUILD_DIR:-build}
work=$build/quickstart
jobs=${JOBS:-$(nproc)}
started=$(date +%s)

step() { printf '\n== %s (%d s so far)\n' "$1" "$(($(date +%s) - started))"; }
fail() {
  printf 'quickstart: %s\n' "$1" >&2
  exit 1
}

# vtest.avi of OpenCV's documentation: people walking, static camera. The package is unpacked rather than
# installed, because slim images drop documentation files while installing.
fetch_video() {
  [ -s "$work/vtest.avi" ] && return
  local unpacked=$work/opencv-doc
  rm -rf "$unpacked" && mkdir -p "$unpacked"
  if [ "$(id -u)" -eq 0 ] && getent passwd _apt >/dev/null; then chown _apt "$unpacked" 2>/dev/null || true; fi
  (cd "$unpacked" && apt-get -qq download opencv-doc) || fail "cannot download the Debian package opencv-doc; check the network"
  dpkg-deb -x "$unpacked"/opencv-doc_*.deb "$unpacked"
  local found
  found=$(find "$unpacked" -name 'vtest.avi*' | head -n 1)
  case $found in
    *.gz) gunzip -c "$found" >"$work/vtest.avi.part" ;;
    ?*) cp "$found" "$work/vtest.avi.part" ;;
    *) fail "the package opencv-doc does not hold vtest.avi any more" ;;
  esac
  mv "$work/vtest.avi.part" "$work/vtest.avi"
  rm -rf "$unpacked"
}

# Two ranks on any machine; OpenMPI refuses to run as root, as in containers, unless told twice.
run_ranks() {
  if [ "$(id -u)" -eq 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
  # Containers often forbid the system call behind OpenMPI's fastest shared memory; it warns on every run.
  export OMPI_MCA_btl_vader_single_copy_mechanism=none
  mpirun -n 2 --oversubscribe --bind-to none "$@"
}

step "Installing what is missing"
scripts/install_deps.sh

step "Building the programs"
# A folder that is configured for tests stays so; a folder of another checkout cannot be used again.
if ! grep -qsxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$build/CMakeCache.txt"; then
  mkdir -p "$work" && rm -f "$build/CMakeCache.txt"
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DFOOTHOLD_TESTS=OFF >"$work/configure.log" 2>&1 ||
    { cat "$work/configure.log" >&2; fail "cmake failed"; }
fi
cmake --build "$build" -j "$jobs" --target foothold label_corpus
mkdir -p "$work"

step "Fetching a real video"
fetch_video
echo "$work/vtest.avi"

step "Rendering a synthetic clip with a moving camera"
if [ ! -d "$work/synthetic" ]; then
  rm -rf "$work/synthetic.part"
  "$build/bin/foothold" synth "$work/synthetic.part" --clips 1 --seed 1 --synthetic.num_frames 75
  mv "$work/synthetic.part" "$work/synthetic"
fi
synthetic=$(find "$work/synthetic" -name '*.mp4' | sort | head -n 1)
echo "$synthetic"

step "Labelling both with mpirun -n 2"
printf 'id,path,begin,end\nvtest,%s,0,150\nsynthetic,%s,,\n' \
  "$(realpath "$work/vtest.avi")" "$(realpath "$synthetic")" >"$work/corpus.csv"
threads=$(($(nproc) / 2))
# Labels that an earlier version made here with other options are made again.
{ "$build/bin/foothold" --version && "$build/bin/foothold" config; } >"$work/options.now"
cmp -s "$work/options.now" "$work/options" || rm -rf "$work/out"
mv "$work/options.now" "$work/options"
run_ranks "$build/bin/label_corpus" --corpus "$work/corpus.csv" --output "$work/out" \
  --run.threads "$((threads > 0 ? threads : 1))"

step "Checking the label files"
"$build/bin/foothold" validate "$work/out/labels"

step "Summary"
"$build/bin/foothold" inspect "$work/out/labels"

step "Drawing the report"
"$build/bin/foothold" report "$work/out/labels" -o "$work/report.html"

step "Done"
echo "labels: $work/out/labels"
echo "report: $work/report.html (open it in a browser)"
