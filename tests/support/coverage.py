#!/usr/bin/env python3
"""coverage.py BUILD [--min PERCENT] [--missed [PREFIX]]: which lines of broker/ and controller/ ran.

BUILD was configured with -DOTTLA_COVERAGE=ON and its simulation tests were run. Every object file of the two trees counts,
also those that no test linked: their lines did not run. A line ran when it ran in any object file that holds it (headers).
Prints lines per folder and in all; fails below PERCENT. --missed lists the lines that did not run, of paths with PREFIX."""
import argparse
import collections
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MEASURED = ("broker/", "controller/")
# Files that simulation cannot run, each with its reason.
EXCLUDED = {
    "broker/server/main.cc": "the real process: flags, signals, real seams; tests/integration runs it",
    "broker/server/keeper.cc": "forks, pipes and the real ZooKeeper library; test_keeper and tests/integration run it",
}


def notes(build):
    found = list((build / "CMakeFiles").rglob("*.gcno"))  # only the measured folders are compiled to leave one
    if not found:
        sys.exit(f"no .gcno file below {build}: configure it with -DOTTLA_COVERAGE=ON and build the tests")
    return found


def documents(build):
    """What gcov says, one JSON document for each object file."""
    files = [str(path) for path in notes(build)]
    run = subprocess.run(["gcov", "--json-format", "--stdout", *files], cwd=build, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"gcov: {run.stderr[-2000:]}")
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def repo_path(name, build):
    """The path within the repository; headers are found through links in the build's include roots."""
    path = (build / name).resolve()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else ""


def counts(build):
    """{path: {line: times}}"""
    lines = collections.defaultdict(dict)
    for document in documents(build):
        for source in document["files"]:
            path = repo_path(source["file"], build)
            if not path.startswith(MEASURED) or path in EXCLUDED:
                continue
            for line in source["lines"]:
                known = lines[path]
                known[line["line_number"]] = max(known.get(line["line_number"], 0), line["count"])
    return lines


def share(lines):
    ran = sum(1 for count in lines if count > 0)
    return ran, len(lines), 100.0 * ran / len(lines) if lines else 0.0


def print_folders(lines):
    folders = collections.defaultdict(list)
    for path, of_file in lines.items():
        folders[str(pathlib.PurePath(path).parent)].extend(of_file.values())
    for folder in sorted(folders):
        print("coverage {:<20} {:>6} of {:>6} lines {:6.1f} %".format(folder, *share(folders[folder])))


def print_missed(lines, prefix):
    for path in sorted(lines):
        missed = sorted(number for number, count in lines[path].items() if count == 0)
        if missed and path.startswith(prefix):
            print(f"{path}: {len(missed)} of {len(lines[path])}: {' '.join(map(str, missed))}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--min", type=float, default=0.0)
    parser.add_argument("--missed", nargs="?", const="", metavar="PREFIX")
    args = parser.parse_args()
    lines = counts(args.build.resolve())
    if args.missed is not None:
        print_missed(lines, args.missed)
    print_folders(lines)
    for path, reason in EXCLUDED.items():
        print(f"coverage leaves out {path}: {reason}")
    ran, total, percent = share([count for of_file in lines.values() for count in of_file.values()])
    print(f"coverage of broker/ and controller/ by simulation: {ran} of {total} lines {percent:.1f} %, at least {args.min:.0f} %")
    return 0 if percent >= args.min else 1


if __name__ == "__main__":
    sys.exit(main())
