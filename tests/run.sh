#!/bin/bash
# Everything CI runs, on a Debian 12 machine: tests/run.sh [step ...], all steps when none is named.
# Steps: format lint release sanitize thread fuzz integration tidy
# Needs no internet but apt. Builds in build/ci-*. Leaves no process behind. The last line is `N passed, N failed`.
set -uo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
OUT=${OTTLA_CI_DIR:-$ROOT/build}
JOBS=${JOBS:-$(nproc)}
STEPS=("$@")
[ ${#STEPS[@]} -eq 0 ] && STEPS=(format lint release sanitize thread fuzz integration tidy)
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
  [ $status = 0 ] || { echo "---- $name, last lines of $log"; tail -n 60 "$log"; echo "----"; }
  result "$name" $status $((SECONDS - start))
  return $status
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
  [ "$failed" = 0 ] || { echo "---- $log"; grep -vE ' Passed ' "$log" | tail -n 120; echo "----"; }
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

# One more build of everything at -O1 would cost the most of all steps: unit and simulation tests and fuzzers, no tools.
sanitize() {
  check "address,undefined build" configure_and_build "$OUT/ci-asan" -DOTTLA_SANITIZE=address,undefined || return
  LSAN_OPTIONS=suppressions=$ROOT/tests/lsan.supp UBSAN_OPTIONS=print_stacktrace=1 run_ctest sanitize "$OUT/ci-asan" -E '^(fuzz_|bench_)'
}

thread() {
  check "thread configure" configure "$OUT/ci-tsan" -DOTTLA_SANITIZE=thread || return
  local targets
  targets=$(ninja -C "$OUT/ci-tsan" -t targets all | sed -n 's/^\(bin\/\)\?\(test_net\|test_io\|test_zk_real\|test_base\|test_server\): phony$/\2/p' | sort -u)
  # shellcheck disable=SC2086  # a list of names
  check "thread build" cmake --build "$OUT/ci-tsan" -j "$JOBS" --target $targets || return
  TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 run_ctest thread "$OUT/ci-tsan" -R "$THREADED"
}

# A fresh seed each time; a failure prints the one that repeats it.
fuzz() {
  local dir=$OUT/ci-asan binary
  [ -d "$dir/bin" ] || check "fuzz build" configure_and_build "$dir" -DOTTLA_SANITIZE=address,undefined || return
  for binary in "$dir"/bin/fuzz_*; do
    [ -x "$binary" ] || continue
    check "$(basename "$binary") for 15 s" timeout 120 "$binary" --seed "$RANDOM" --seconds 15
  done
}

integration() {
  local bin=$OUT/ci-release/bin start=$SECONDS log=$OUT/ci-integration.log passed failed
  [ -x "$bin/ottla-broker" ] || check "release build" configure_and_build "$OUT/ci-release" || return
  OTTLA_BIN=$bin timeout 1500 /usr/bin/python3 tests/integration/run.py >"$log" 2>&1
  passed=$(grep -c '^ok  ' "$log")
  failed=$(grep -c '^FAIL' "$log")
  grep -q '^integration: ' "$log" || { failed=$((failed + 1)); echo "integration tests did not come to their end"; }
  PASSED=$((PASSED + passed))
  FAILED=$((FAILED + failed))
  echo "$([ "$failed" = 0 ] && echo 'ok  ' || echo FAIL) integration: $passed passed, $failed failed ($((SECONDS - start)) s)"
  if [ "$failed" != 0 ]; then tail -n 200 "$log"; else grep -E '^ok|^     ' "$log"; fi
}

# Files that differ from the branch's origin, or that the last commit changed: all of them would take an hour.
tidy() {
  local base dir=$OUT/ci-release files
  [ -f "$dir/compile_commands.json" ] || check "tidy configure" configure "$dir" || return
  base=$(git merge-base HEAD "${OTTLA_BASE:-origin/main}" 2>/dev/null)
  [ -n "$base" ] && [ "$base" != "$(git rev-parse HEAD)" ] || base=$(git rev-parse HEAD~1 2>/dev/null)
  files=$({ git diff --name-only --diff-filter=d "${base:-HEAD}" -- '*.cc'; git ls-files --others --exclude-standard -- '*.cc'; } |
    grep -E '^(common|controller|broker|tools)/' | head -n "${OTTLA_TIDY_MAX:-40}")
  [ -n "$files" ] || { echo "ok   tidy: no changed file"; PASSED=$((PASSED + 1)); return; }
  check "clang-tidy on $(echo "$files" | wc -l) changed files" \
    xargs -P "$JOBS" -n 4 clang-tidy --quiet -p "$dir" <<<"$files"
}

# shellcheck disable=SC2086  # lists of names
install_packages $PACKAGES_BUILD $PACKAGES_RUN $PACKAGES_TEST || { echo "0 passed, 1 failed"; exit 1; }
for step in "${STEPS[@]}"; do
  case $step in
    format) check format format ;;
    lint) for script in tests/lint/*.py; do check "$(basename "$script" .py)" /usr/bin/python3 "$script"; done ;;
    release | sanitize | thread | fuzz | integration | tidy) "$step" ;;
    *) echo "unknown step: $step"; FAILED=$((FAILED + 1)) ;;
  esac
done
echo "$((SECONDS / 60)) min $((SECONDS % 60)) s"
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" = 0 ]
