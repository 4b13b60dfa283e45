"""Egret against DuckDB on the same CloudTrail files: time, memory and answers.

Makes an incident with `egret simulate`, then measures whole processes, two threads each, in turns
(A B A B): ingesting the files, five questions on what each side ingested, and the same questions and
two that statistics can prune, with the same SQL, on the Parquet files that Egret wrote. Prints a Markdown table,
writes target/compare/result.json and fails when Egret is slower, takes too much memory or answers
otherwise.

Exit codes: 0 Egret holds; 1 it does not (0 with --report-only); 2 could not run.
"""

import argparse
import csv
import dataclasses
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCENARIO = "s3-bulk-read"
QUERIES = ["q1", "q2", "q3", "q4", "q5"]
# Asked of Egret's own files only: few row groups hold a hit, and the others should not be read.
PRUNED = ["q6", "q7"]
# Columns whose sums must agree as well as the number of rows, where a query has them.
SUMMED = ["n", "objects", "bytes"]
RATIO_MAX = 1.0
RATIO_PRUNED_MAX = 1 / 3
RSS_BYTES_MAX = 1 << 30
CPUS = 2


class CannotRun(Exception):
    """Something that the comparison needs is missing or failed."""


@dataclasses.dataclass(frozen=True)
class Run:
    """What one process took, its children included."""

    wall_s: float
    cpu_s: float
    rss_bytes: int


@dataclasses.dataclass(frozen=True)
class Pair:
    """One measurement of both sides: runs in the order taken, and whether the answers agree."""

    name: str
    title: str
    egret: list
    duckdb: list
    egret_answer: dict
    duckdb_answer: dict

    def ratio(self):
        """Egret's wall time over DuckDB's: the median over the turns, each turn its own ratio."""
        return statistics.median(self.ratios())

    def ratios(self):
        return [a.wall_s / b.wall_s for a, b in zip(self.egret, self.duckdb, strict=True)]

    def failures(self):
        """What is not as it must be, in words."""
        found = []
        most = RATIO_PRUNED_MAX if self.name.split()[0] in PRUNED else RATIO_MAX
        if self.ratio() > most:
            found.append(f"{self.name}: takes {self.ratio():.2f} times DuckDB's time, expected at most {most:.2f}")
        peak = max(run.rss_bytes for run in self.egret)
        if peak >= RSS_BYTES_MAX:
            found.append(f"{self.name}: peak memory {mib(peak):.0f} MiB, expected less than {mib(RSS_BYTES_MAX):.0f} MiB")
        if self.egret_answer != self.duckdb_answer:
            found.append(f"{self.name}: answers differ: egret {self.egret_answer}, duckdb {self.duckdb_answer}")
        return found


def mib(size_bytes):
    return size_bytes / (1 << 20)


def measure(command, stdout=None, accepted=(0,)):
    """Runs a command to its end on two processors and says what it took.

    Both sides get the same processors, so neither wins by taking more of the machine.
    """
    processors = sorted(os.sched_getaffinity(0))[:CPUS]
    with open(stdout or os.devnull, "wb") as out:
        start = time.perf_counter()
        child = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: os.sched_setaffinity(0, processors),
        )
        talk = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stderr.close()
    if child.returncode not in accepted:
        tail = talk.decode(errors="replace").strip().splitlines()[-15:]
        raise CannotRun(f"`{' '.join(map(str, command))}` ended with {child.returncode}:\n" + "\n".join(tail))
    return Run(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def in_turns(turns, egret, duckdb):
    """Runs both sides alternately; drift of the machine hits both alike."""
    left, right = [], []
    for turn in range(turns):
        left.append(egret(turn))
        right.append(duckdb(turn))
    return left, right


def duckdb_command(sql, values, csv_file=None, events=None):
    side = "egret" if events else "duckdb"
    command = [sys.executable, HERE / "duckdb_run.py", HERE / "sql" / f"{sql}.{side}.sql", "--threads", CPUS]
    if events:
        command += ["--events", events]
    for name, value in values.items():
        for text in [value] if isinstance(value, str) else value:
            command += ["--set", f"{name}={text}"]
    if csv_file:
        command += ["--csv", csv_file]
    return command


def egret_query(egret, case, query, values):
    from duckdb_run import bind

    text = bind((HERE / "sql" / f"{query}.egret.sql").read_text(), values)
    # Comments go: the statement is one argument and reads better without them in a ledger.
    text = " ".join(line for line in text.splitlines() if not line.startswith("--"))
    return [egret, "sql", text, "--case", case, "-t", "csv"]


def answer(csv_file):
    """Number of rows, and the sums that both sides must agree on."""
    # A row can hold a whole request; the default cap is for spreadsheets.
    csv.field_size_limit(1 << 30)
    result = {"rows": 0}
    with open(csv_file, newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines)
        summed = [name for name in SUMMED if name in (reader.fieldnames or [])]
        result.update({name: 0 for name in summed})
        for row in reader:
            result["rows"] += 1
            for name in summed:
                result[name] += int(row[name] or 0)
    return result


def title_of(query):
    first = (HERE / "sql" / f"{query}.egret.sql").read_text().splitlines()[0]
    return first.removeprefix("-- ").rstrip(".")


def trail_folders(logs):
    """The folders that hold CloudTrail, one an account."""
    folders = sorted(path for path in logs.glob("AWSLogs/**/CloudTrail") if path.is_dir())
    if not folders:
        raise CannotRun(f"no CloudTrail folder under {logs}; expected AWSLogs/<account>/CloudTrail")
    return folders


def trail_files(folders):
    return sorted(path for folder in folders for path in folder.rglob("*.json.gz"))


def raw_size_bytes(files):
    """Size once decompressed; reading also brings the files into the page cache, for both sides."""
    import gzip

    total = 0
    for path in files:
        with gzip.open(path) as stream:
            while chunk := stream.read(1 << 20):
                total += len(chunk)
    return total


def accounted(case):
    """Totals of the evidence manifest."""
    totals = {"read": 0, "stored": 0, "duplicate": 0, "quarantined": 0}
    with open(case / "evidence" / "manifest.jsonl", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            for name in totals:
                totals[name] += record[name]
    return totals


def folder_bytes(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def built_egret():
    print("building egret, release profile", file=sys.stderr)
    done = subprocess.run(["cargo", "build", "--release", "--locked", "-p", "egret"], cwd=ROOT, check=False)
    if done.returncode != 0:
        raise CannotRun("`cargo build --release -p egret` failed")
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "egret"


def simulated(egret, folder, options):
    """Logs of the asked size and seed; made once, then used again."""
    stamp = folder / "made.json"
    wanted = {"scenario": SCENARIO, "events": options.events, "days": options.days, "seed": options.seed}
    if not (stamp.exists() and json.loads(stamp.read_text()) == wanted):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        print(f"simulating {options.events} events", file=sys.stderr)
        measure([egret, "simulate", SCENARIO, "--out", folder, "--seed", options.seed,
                 "--days", options.days, "--events", options.events])
        stamp.write_text(json.dumps(wanted))
    return folder / "logs"


def compare(egret, options, work):
    logs = simulated(egret, work / "data", options)
    folders = trail_folders(logs)
    files = trail_files(folders)
    raw_bytes = raw_size_bytes(files)
    gz_bytes = sum(path.stat().st_size for path in files)
    case, parquet = work / "case", work / "duckdb.parquet"

    def ingest_egret(turn):
        print(f"ingest, turn {turn + 1}: egret", file=sys.stderr)
        shutil.rmtree(case, ignore_errors=True)
        # 1 says that records went to quarantine; the counts below show whether that is so.
        return measure([egret, "ingest", *folders, "--case", case, "--quiet"], accepted=(0, 1))

    def ingest_duckdb(turn):
        print(f"ingest, turn {turn + 1}: duckdb", file=sys.stderr)
        parquet.unlink(missing_ok=True)
        patterns = [str(folder / "**" / "*.json.gz") for folder in folders]
        return measure(duckdb_command("ingest", {"files": patterns, "output": str(parquet)}))

    egret_runs, duckdb_runs = in_turns(options.runs, ingest_egret, ingest_duckdb)

    answers = work / "facts.csv"
    measure(duckdb_command("facts", {"parquet": str(parquet)}, answers))
    with open(answers, newline="", encoding="utf-8") as lines:
        facts = next(csv.DictReader(lines))
    missing = [name for name, value in facts.items() if not value]
    if missing:
        raise CannotRun(f"the data offers no value for {', '.join(missing)}; simulate more events")
    totals = accounted(case)
    pairs = [
        Pair("ingest", "CloudTrail to Parquet", egret_runs, duckdb_runs,
             {"read": totals["read"], "quarantined": totals["quarantined"]},
             {"read": int(facts["events"]), "quarantined": 0})
    ]

    values = {name: value for name, value in facts.items() if name != "events"}
    for query in QUERIES:
        print(f"{query}: {title_of(query)}", file=sys.stderr)
        ours, theirs = work / f"{query}.egret.csv", work / f"{query}.duckdb.csv"
        egret_command = egret_query(egret, case, query, values)
        other_command = duckdb_command(query, {**values, "parquet": str(parquet)}, theirs)
        # Once each uncounted, so that neither pays for first touching its files.
        measure(egret_command, ours)
        measure(other_command)
        pairs.append(Pair(
            query, title_of(query),
            *in_turns(options.query_runs, lambda _: measure(egret_command, ours), lambda _: measure(other_command)),
            answer(ours), answer(theirs)))
    store = str(case / "events" / "**" / "*.parquet")
    for query in QUERIES + PRUNED:
        print(f"{query} on the same files: {title_of(query)}", file=sys.stderr)
        ours, theirs = work / f"{query}.egret.csv", work / f"{query}.same.csv"
        egret_command = egret_query(egret, case, query, values)
        other_command = duckdb_command(query, values, theirs, events=store)
        measure(egret_command, ours)
        measure(other_command)
        pairs.append(Pair(
            f"{query} same files", title_of(query),
            *in_turns(options.query_runs, lambda _: measure(egret_command, ours), lambda _: measure(other_command)),
            answer(ours), answer(theirs)))
    start_s = statistics.median(
        measure([sys.executable, "-c", "import duckdb; duckdb.connect()"]).wall_s for _ in range(3))
    data = {
        "events": int(facts["events"]), "files": len(files), "gz_bytes": gz_bytes, "raw_bytes": raw_bytes,
        "duplicates": totals["duplicate"], "values": values,
        "egret_store_bytes": folder_bytes(case / "events"), "duckdb_parquet_bytes": parquet.stat().st_size,
        "duckdb_start_s": start_s,
    }
    return pairs, data


def median(runs, name):
    return statistics.median(getattr(run, name) for run in runs)


def table(pairs, data):
    """What was measured, as Markdown. Medians over the turns; the spread is that of the ratio."""
    lines = [
        f"{data['events']:,} CloudTrail events in {data['files']:,} files: {data['gz_bytes'] / 1e6:.1f} MB gzip, "
        f"{data['raw_bytes'] / 1e6:.1f} MB raw. {CPUS} processors each.",
        "",
        "| job | egret wall s | duckdb wall s | ratio (spread) | CPU s, egret / duckdb | peak MiB, egret / duckdb | rows |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for pair in pairs:
        ratios = pair.ratios()
        rows = pair.egret_answer.get("rows", pair.egret_answer.get("read"))
        lines.append(
            f"| {pair.name}: {pair.title} | {median(pair.egret, 'wall_s'):.2f} | {median(pair.duckdb, 'wall_s'):.2f} "
            f"| {pair.ratio():.2f} ({min(ratios):.2f}–{max(ratios):.2f}) "
            f"| {median(pair.egret, 'cpu_s'):.2f} / {median(pair.duckdb, 'cpu_s'):.2f} "
            f"| {mib(median(pair.egret, 'rss_bytes')):.0f} / {mib(median(pair.duckdb, 'rss_bytes')):.0f} | {rows:,} |")
    ingest_s = median(pairs[0].egret, "wall_s")
    lines += [
        "",
        f"egret ingests {data['events'] / ingest_s:,.0f} events/s, {data['gz_bytes'] / 1e6 / ingest_s:.1f} MB/s gzip, "
        f"{data['raw_bytes'] / 1e6 / ingest_s:.0f} MB/s raw; the store takes {data['egret_store_bytes'] / 1e6:.1f} MB, "
        f"DuckDB's file of 33 columns {data['duckdb_parquet_bytes'] / 1e6:.1f} MB.",
        f"Each DuckDB figure holds {data['duckdb_start_s']:.2f} s for starting Python and loading the library.",
    ]
    return "\n".join(lines)


def result(pairs, data, failures, egret):
    """Everything measured, for whoever wants to look closer or compare over time."""
    import importlib.metadata

    version = subprocess.run([str(egret), "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return {
        "schema": "egret.compare/1",
        "egret": version,
        "duckdb": importlib.metadata.version("duckdb"),
        "machine": {"system": platform.system(), "architecture": platform.machine(), "processors": CPUS},
        "data": data,
        "jobs": [
            {"name": pair.name, "title": pair.title, "ratio": pair.ratio(), "ratios": pair.ratios(),
             "egret": [dataclasses.asdict(run) for run in pair.egret],
             "duckdb": [dataclasses.asdict(run) for run in pair.duckdb],
             "egret_answer": pair.egret_answer, "duckdb_answer": pair.duckdb_answer}
            for pair in pairs
        ],
        "failures": failures,
    }


def options_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--events", type=int, default=1_000_000, help="size of the simulated trail")
    parser.add_argument("--days", type=int, default=40, help="days that it spans; the last query looks at thirty")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--runs", type=int, default=3, help="turns of the ingest")
    parser.add_argument("--query-runs", type=int, default=5, help="turns of each query")
    parser.add_argument("--egret", type=pathlib.Path, help="a built egret; without, it is built")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "target" / "compare", help="where data and results go")
    parser.add_argument("--report-only", action="store_true", help="exit 0 whatever was measured")
    return parser.parse_args(arguments)


def main(arguments):
    options = options_of(arguments)
    try:
        egret = options.egret or built_egret()
        options.work.mkdir(parents=True, exist_ok=True)
        pairs, data = compare(egret, options, options.work)
    except (CannotRun, OSError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    failures = [failure for pair in pairs for failure in pair.failures()]
    print(table(pairs, data))
    for failure in failures:
        print(f"\nfailed: {failure}")
    report = options.work / "result.json"
    report.write_text(json.dumps(result(pairs, data, failures, egret), indent=2) + "\n")
    return 1 if failures and not options.report_only else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
