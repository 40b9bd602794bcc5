#!/usr/bin/env bash
# Installs LibTorch, which the learned parts of Foothold are built on (docs/networks.md), into a Python
# virtual environment of this checkout. Does nothing, without asking the network, when it is there.
#   scripts/install_torch.sh          CPU only: torch without most of its dependencies, 1.3 GB
#   scripts/install_torch.sh --full   with all of them: for a GPU, and for "import torch"; 4.7 GB
# FOOTHOLD_VENV chooses the environment (default: .venv in the repository).
set -euo pipefail
cd "$(dirname "$0")/.."

version=2.11.0
toolkit=13.0.2  # The CUDA release that this torch asks for.
venv=${FOOTHOLD_VENV:-$PWD/.venv}
kind=cpu
if [ "${1:-}" = "--full" ]; then
  kind=full
elif [ $# -gt 0 ]; then
  echo "usage: scripts/install_torch.sh [--full]" >&2
  exit 2
fi

# Written last, so that an interrupted installation is done again.
stamp="$venv/foothold-torch-$version"
if [ -f "$stamp-full" ] || [ -f "$stamp-$kind" ]; then
  echo "install_torch: torch $version is installed in $venv"
  exit 0
fi

if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
  echo "install_torch: python3 has no venv module; install python3-venv (scripts/install_deps.sh does)" >&2
  exit 1
fi
[ -x "$venv/bin/python3" ] || python3 -m venv "$venv"

echo "install_torch: installing torch $version ($kind) in $venv"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
pip() { "$venv/bin/python3" -m pip install --quiet --disable-pip-version-check --no-cache-dir "$@" >>"$log" 2>&1; }
# PyPI has no CPU-only wheel. libtorch_cpu.so itself needs no more of CUDA than the runtime and CUPTI.
install() {
  if [ "$kind" = full ]; then
    pip "torch==$version"
  else
    pip --no-deps "torch==$version" && pip "cuda-toolkit[cudart,cupti]==$toolkit"
  fi
}
if ! install; then
  tail -n 30 "$log" >&2
  echo "install_torch: pip failed (above); check the network and free disk space" >&2
  echo "install_torch: Foothold builds without the learned parts too: FOOTHOLD_TORCH=OFF" >&2
  exit 1
fi
touch "$stamp-$kind"
echo "install_torch: done"
