// SPDX-License-Identifier: Apache-2.0
#include "jobs/label_corpus_job.h"

int main(int argc, char** argv) {
  return static_cast<int>(foothold::RunLabelCorpus(argc, argv, foothold::VideoLabeller()));
}
