#!/usr/bin/python3
"""Runs tests/integration/test_*.py: run.py [--list] [--from folder] [name part ...]. One line each; exit status 1 if
any failed. `--from` names another folder of such tests; they may import what is here."""

import importlib
import pathlib
import signal
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
LIMIT_SECONDS = 240  # of one test that does not set its own limit_seconds


def collect(folder):
    tests = []
    sys.path.insert(0, str(folder))
    for path in sorted(folder.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        tests += [(f"{path.stem}.{n}", f) for n, f in sorted(vars(module).items()) if n.startswith("test_")]
    return tests


def on_alarm(_number, _frame):
    raise TimeoutError("the test took too long")


def run_one(name, function):
    start = time.monotonic()
    signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(getattr(function, "limit_seconds", LIMIT_SECONDS))
    try:
        function()
        error = None
    except Exception:
        error = traceback.format_exc()
    finally:
        signal.alarm(0)
    print(f"{'ok  ' if error is None else 'FAIL'} {name} ({time.monotonic() - start:.1f} s)", flush=True)
    if error:
        print("".join("    " + line + "\n" for line in error.splitlines()), flush=True)
    return error is None


def main():
    arguments, folder = sys.argv[1:], HERE
    if "--from" in arguments:
        at = arguments.index("--from")
        folder = pathlib.Path(arguments[at + 1]).resolve()
        del arguments[at:at + 2]
    words = [w for w in arguments if not w.startswith("--")]
    tests = [(n, f) for n, f in collect(folder) if not words or any(w in n for w in words)]
    if "--list" in sys.argv:
        print("\n".join(n for n, _ in tests))
        return 0
    if not tests:
        print("no test of that name")
        return 1
    results = [run_one(*test) for test in tests]
    print(f"integration: {sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
