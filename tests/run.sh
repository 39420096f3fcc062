#!/bin/bash
# Everything CI runs, on a Debian 12 machine: tests/run.sh [step ...], all steps when none is named.
# Steps: format lint release sanitize coverage thread fuzz integration tidy
# Needs no internet but apt. Builds in build/ci-*. Leaves no process behind. The last line is `N passed, N failed`.
set -uo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
OUT=${OTTLA_CI_DIR:-$ROOT/build}
JOBS=${JOBS:-$(nproc)}
STEPS=("$@")
[ ${#STEPS[@]} -eq 0 ] && STEPS=(format lint release sanitize coverage thread fuzz integration tidy)
PASSED=0
FAILED=0
cd "$ROOT" || exit 1
mkdir -p "$OUT"

# A compiler cache is used where there is one.
if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1
fi

# shellcheck source=deploy/packages.sh
. "$ROOT/deploy/packages.sh"

# result NAME STATUS SECONDS: counts one check.
result() {
  if [ "$2" = 0 ]; then
    PASSED=$((PASSED + 1))
    echo "ok   $1 ($3 s)"
  else
    FAILED=$((FAILED + 1))
    echo "FAIL $1 ($3 s)"
  fi
}

# check NAME COMMAND...: output goes to a file, of which the end is shown on failure.
check() {
  local name=$1 start=$SECONDS log status
  shift
  log=$OUT/ci-${name//[^a-z0-9]/-}.log
  "$@" >"$log" 2>&1
  status=$?
  [ $status = 0 ] || { echo "---- $name, last lines of $log"; tail -n 120 "$log"; echo "----"; }
  result "$name" $status $((SECONDS - start))
  return $status
}

# Each failure with what was said about it (a seed is said with it), wherever in the log; then the log's end.
what_failed() {
  grep -hE -A 12 ': Failure$|FAILED|Check failed|runtime error:|ERROR: AddressSanitizer|WARNING: ThreadSanitizer' "$1" | head -n 200
  echo "---- its end"
  grep -vE ' Passed ' "$1" | tail -n 60
}

# Every ctest entry counts as one check.
run_ctest() {
  local name=$1 dir=$2 start=$SECONDS log passed failed
  shift 2
  log=$OUT/ci-ctest-$name.log
  ctest --test-dir "$dir" --output-on-failure --timeout 600 -j "$JOBS" "$@" >"$log" 2>&1
  passed=$(grep -c ' Passed ' "$log")
  failed=$(grep -cE '\*\*\*(Failed|Timeout|Not Run|Exception)' "$log")
  [ "$passed" = 0 ] && [ "$failed" = 0 ] && { echo "ctest ran nothing in $dir" >>"$log"; failed=1; }
  PASSED=$((PASSED + passed))
  FAILED=$((FAILED + failed))
  echo "$([ "$failed" = 0 ] && echo 'ok  ' || echo FAIL) ctest $name: $passed passed, $failed failed ($((SECONDS - start)) s)"
  [ "$failed" = 0 ] || { echo "---- $log"; what_failed "$log"; echo "----"; }
}

# A second run is much quicker with a compiler cache; a launcher that the caller names is left alone.
if command -v ccache >/dev/null; then export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER:-ccache}; fi

configure() {
  local dir=$1
  shift
  cmake -S "$ROOT" -B "$dir" -G Ninja "$@"
}

format() {
  git ls-files -z --cached --others --exclude-standard -- '*.h' '*.cc' | xargs -0 -r clang-format --dry-run --Werror
}

# The threaded parts: real loops, real ZooKeeper client, queues between threads.
THREADED='^(test_net|test_io|test_zk_real|test_base|test_server)$'

release() {
  check "release build" configure_and_build "$OUT/ci-release" || return
  run_ctest release "$OUT/ci-release" -E '^fuzz_'
}

configure_and_build() {
  local dir=$1
  shift
  configure "$dir" "$@" && cmake --build "$dir" -j "$JOBS"
}

# One build serves the sanitizers, the coverage of the simulation and the fuzzers: a build is what costs most.
build_asan() {
  [ "${ASAN_BUILT:-}" = yes ] && return
  check "address,undefined build" configure_and_build "$OUT/ci-asan" -DOTTLA_SANITIZE=address,undefined -DOTTLA_COVERAGE=ON && ASAN_BUILT=yes
}

asan_ctest() {
  LSAN_OPTIONS=suppressions=$ROOT/tests/lsan.supp UBSAN_OPTIONS=print_stacktrace=1 run_ctest "$1" "$OUT/ci-asan" "${@:2}"
}

# All but the simulated clusters, which are the next step.
sanitize() {
  build_asan || return
  asan_ctest sanitize -E '^(fuzz_|bench_|test_sim_cluster$)'
}

# Simulated clusters under address,undefined: which lines of broker/ and controller/ they ran, and how often each kind of
# fault fired. Fewer lines than 75 % or a fault that never fired fail.
coverage() {
  build_asan || return
  find "$OUT/ci-asan" -name '*.gcda' -delete
  GLOG_minloglevel=2 GTEST_COLOR=no asan_ctest simulation -V -R '^test_sim_cluster$'
  grep -oE '(fault [a-z_.]+ [0-9]+|seed [0-9]+ hash .*)$' "$OUT/ci-ctest-simulation.log"
  check "coverage of the simulation" /usr/bin/python3 tests/support/coverage.py "$OUT/ci-asan" --min 75
  grep '^coverage' "$OUT/ci-coverage-of-the-simulation.log"
}

thread() {
  # Each file compiled for itself, which shows that it includes what it uses.
  check "thread configure" configure "$OUT/ci-tsan" -DOTTLA_SANITIZE=thread -DOTTLA_JOINED=OFF || return
  local targets
  targets=$(ninja -C "$OUT/ci-tsan" -t targets all | sed -n 's/^\(bin\/\)\?\(test_net\|test_io\|test_zk_real\|test_base\|test_server\): phony$/\2/p' | sort -u)
  # shellcheck disable=SC2086  # a list of names
  check "thread build" cmake --build "$OUT/ci-tsan" -j "$JOBS" --target $targets ottla-broker || return
  TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions=$ROOT/tests/tsan.supp run_ctest thread "$OUT/ci-tsan" -R "$THREADED"
  check "three brokers, three loops, thread" env OTTLA_BIN="$OUT/ci-tsan/bin" timeout --foreground 900 /usr/bin/python3 tests/integration/three_loops.py
  tail -n 2 "$OUT/ci-three-brokers--three-loops--thread.log"
}

# A fresh seed each time, part of the name of the check: it repeats the run.
fuzz() {
  local binary
  build_asan || return
  for binary in "$OUT"/ci-asan/bin/fuzz_*; do
    [ -x "$binary" ] || continue
    fuzz_one "$binary" --seed "$RANDOM" --seconds 15
  done
}

fuzz_one() { check "$(basename "$1") ${*:2}" timeout --foreground 120 "$@"; }

integration() {
  local bin=$OUT/ci-release/bin start=$SECONDS log=$OUT/ci-integration.log passed failed
  [ -x "$bin/ottla-broker" ] || check "release build" configure_and_build "$OUT/ci-release" || return
  OTTLA_BIN=$bin timeout --foreground 1500 /usr/bin/python3 tests/integration/run.py >"$log" 2>&1
  passed=$(grep -c '^ok  ' "$log")
  failed=$(grep -c '^FAIL' "$log")
  grep -q '^integration: ' "$log" || { failed=$((failed + 1)); echo "integration tests did not come to their end"; }
  PASSED=$((PASSED + passed))
  FAILED=$((FAILED + failed))
  echo "$([ "$failed" = 0 ] && echo 'ok  ' || echo FAIL) integration: $passed passed, $failed failed ($((SECONDS - start)) s)"
  if [ "$failed" != 0 ]; then tail -n 200 "$log"; else grep -E '^ok|^     ' "$log"; fi
}

# Files that differ from the branch's origin, or that the last commit changed; with OTTLA_TIDY_ALL=1 the whole tree,
# which takes an hour.
files_to_tidy() {
  local base
  if [ "${OTTLA_TIDY_ALL:-0}" = 1 ]; then
    git ls-files -- '*.cc'
    return
  fi
  base=$(git merge-base HEAD "${OTTLA_BASE:-origin/main}" 2>/dev/null)
  [ -n "$base" ] && [ "$base" != "$(git rev-parse HEAD)" ] || base=$(git rev-parse HEAD~1 2>/dev/null)
  git diff --name-only --diff-filter=d "${base:-HEAD}" -- '*.cc'
  git ls-files --others --exclude-standard -- '*.cc'
}

tidy() {
  local dir=$OUT/ci-tidy most=${OTTLA_TIDY_MAX:-24} files all
  check "tidy configure" configure "$dir" -DOTTLA_JOINED=OFF || return
  files=$(files_to_tidy | grep -E '^(common|controller|broker|tools)/')
  all=$(wc -l <<<"$files")
  if [ "${OTTLA_TIDY_ALL:-0}" != 1 ] && [ "$all" -gt "$most" ]; then
    echo "tidy: the first $most of $all changed files; OTTLA_TIDY_MAX=$all looks at each"
    files=$(head -n "$most" <<<"$files")
  fi
  [ -n "$files" ] || { echo "ok   tidy: no changed file"; PASSED=$((PASSED + 1)); return; }
  check "clang-tidy on $(echo "$files" | wc -l) files" \
    xargs -P "$JOBS" -n 4 clang-tidy --quiet -p "$dir" <<<"$files"
}

trap 'exit 130' INT
# shellcheck disable=SC2086  # lists of names
install_packages $PACKAGES_BUILD $PACKAGES_RUN $PACKAGES_TEST || { echo "0 passed, 1 failed"; exit 1; }
for step in "${STEPS[@]}"; do
  step_start=$SECONDS
  case $step in
    format) check format format ;;
    lint) for script in tests/lint/*.py; do check "$(basename "$script" .py)" /usr/bin/python3 "$script"; done ;;
    release | sanitize | coverage | thread | fuzz | integration | tidy) "$step" ;;
    *) echo "unknown step: $step"; FAILED=$((FAILED + 1)) ;;
  esac
  echo "== step $step: $((SECONDS - step_start)) s"
done
echo "$((SECONDS / 60)) min $((SECONDS % 60)) s"
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" = 0 ]
