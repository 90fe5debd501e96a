#!/bin/sh
# Everything that a GPU decides, on this machine: the tests of kernels, the benches of kernels and training,
# then the tests of tests/gpu and tests/nn, which take longest. What it prints also stands in a file with date, adapter and
# driver, for BENCHMARKS.md. Kernels are timed by the GPU's clock, training over a second of steps or more
# whose losses are read back once, so that neither counts the wait for a result.
#
#   tests/gpu/run_on_gpu.sh [FILE]    FILE is gpu-DATE.txt when absent
#
# DENO names another Deno than that of the PATH, GYRUS_PYTHON a Python whose PyTorch is the peer.
# Packages come from DENO_DIR alone: `deno install --frozen` fills it where there is a network.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
file=${1:-gpu-$(date -u +%Y-%m-%d).txt}
case $file in /*) ;; *) file=$PWD/$file ;; esac
deno=${DENO:-deno}
parts=0
failures=0

say() { printf '%s\n' "$@" | tee -a "$file"; }

# section TITLE COMMAND...: runs a command and keeps what it prints.
section() {
  title=$1
  shift
  parts=$((parts + 1))
  say "" "== $title"
  status=$file.status
  { "$@" 2>&1; echo $? >"$status"; } | tee -a "$file"
  read -r code <"$status"
  rm -f "$status"
  if [ "$code" -ne 0 ]; then
    failures=$((failures + 1))
    say "FAILED: $title (exit status $code)"
  fi
}

cd "$root" || exit 1
command -v "$deno" >/dev/null || { echo "run_on_gpu.sh: there is no $deno; set DENO" >&2; exit 1; }
: >"$file" || exit 1
export NO_COLOR=1
offline='--cached-only --no-remote --frozen'

say "Gyrus on a GPU, $(date -u '+%Y-%m-%d %H:%M') UTC"
say "$(uname -srm), $("$deno" --version | head -n 1)"
say "commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
if command -v nvidia-smi >/dev/null; then
  say "$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader)"
fi
# shellcheck disable=SC2086
{
  section "adapter, driver and limits" "$deno" run -A $offline mod.ts doctor
  section "tests of kernels" "$deno" test -A $offline tests/kernels
  section "convolutions, 3x224x224, batch 64" \
    "$deno" bench -A $offline tests/kernels/conv/conv_bench.ts -- 224x64
  for shape in '128 32' '224 64' '224 128'; do
    section "ResNet-18, side and batch $shape" \
      "$deno" run -A $offline tests/nn/training/trainer_bench.ts $shape --profile
  done
  for shape in '128 32' '80x96x80 4'; do
    section "Conv5_FC3, sides and batch $shape" \
      "$deno" run -A $offline tests/nn/training/trainer_bench.ts $shape --conv5 --profile
  done
  section "tests of programs" "$deno" test -A $offline tests/gpu
  section "tests of networks" "$deno" test -A $offline tests/nn
}
say "" "$failures of $parts parts failed; written to $file"
[ "$failures" -eq 0 ]
