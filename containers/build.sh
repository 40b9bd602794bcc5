#!/bin/sh
# The build stage of both recipes: compiles the programs of the source folder and puts them, with the body
# model, into /opt/foothold. Has the packages of scripts/install_deps.sh.
set -eu
source_folder=$(cd "$(dirname "$0")/.." && pwd)
cmake -S "$source_folder" -B /tmp/build -G Ninja \
  -DCMAKE_BUILD_TYPE=Release -DFOOTHOLD_TESTS=OFF -DFOOTHOLD_CUDA=OFF
cmake --build /tmp/build --target foothold label_corpus
cmake --install /tmp/build --prefix /opt/foothold
mkdir -p /opt/foothold/bin
strip -o /opt/foothold/bin/foothold /tmp/build/bin/foothold
strip -o /opt/foothold/bin/label_corpus /tmp/build/bin/label_corpus
