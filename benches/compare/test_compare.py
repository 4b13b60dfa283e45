"""Tests of the comparison: its SQL on small hand-made files, its accounts and its verdict.

`egret` is stood in for by a DuckDB view that has the event table's column names, so both spellings
of each query run over the same rows and must give the same answer.
"""

import contextlib
import gzip
import io
import json
import pathlib
import re
import stat
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import compare  # noqa: E402
import duckdb_run  # noqa: E402

ROLE = "arn:aws:iam::111122223333:role/Ops"


def event(number, **members):
    """A CloudTrail record in AWS's shape; `members` replace or add to it."""
    record = {
        "eventVersion": "1.11",
        "eventTime": "2025-07-10T08:00:00Z",
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        "requestID": f"R{number}",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "eventType": "AwsApiCall",
        "eventCategory": "Data",
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "203.0.113.9",
        "userAgent": "aws-cli/2",
        "readOnly": True,
        "managementEvent": False,
        "recipientAccountId": "111122223333",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": "arn:aws:sts::111122223333:assumed-role/Ops/ana",
            "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
            "sessionContext": {"sessionIssuer": {"arn": ROLE, "userName": "Ops"}, "attributes": {"mfaAuthenticated": "false"}},
        },
        "requestParameters": {"bucketName": "payroll", "key": f"2025/Confidential-{number}.csv"},
        "responseElements": None,
        "additionalEventData": {"bytesTransferredOut": 1000.0 + number, "bytesTransferredIn": 0},
    }
    record.update(members)
    return record


RECORDS = [
    [event(1), event(2, eventTime="2025-07-10T09:30:00Z"), event(3, eventTime="2025-07-11T00:00:00Z")],
    [
        # Outside the three days, and another actor.
        event(4, eventTime="2025-07-20T08:00:00Z", userIdentity={"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/bo",
                                                                 "accessKeyId": "AKIAIOSFODNN7EXAMPLE"}),
        # A service: no key, no identity ARN, no address, no object.
        event(5, eventName="AssumeRole", eventSource="sts.amazonaws.com", sourceIPAddress="ec2.amazonaws.com",
              userIdentity={"type": "AWSService", "invokedBy": "ec2.amazonaws.com"},
              requestParameters={"roleArn": ROLE}, additionalEventData=None),
        # Denied, nothing sent, a quote and a line break in the key.
        event(6, errorCode="AccessDenied", requestParameters={"bucketName": "payroll", "key": "it's\n\"secret\""},
              additionalEventData={"bytesTransferredOut": 0}),
    ],
]

# The event table's names for what DuckDB's file holds.
VIEW = """
CREATE VIEW events AS SELECT 'aws.cloudtrail' AS "event.dataset", event_time AS "@timestamp", event_id AS "event.id",
  event_name AS "event.action", event_source AS "event.provider",
  CASE WHEN error_code IS NULL THEN 'success' ELSE 'failure' END AS "event.outcome", source_address AS "source.address", bucket AS "aws.s3.bucket.name",
  object_key AS "aws.s3.object.key", bytes_out AS "source.bytes", access_key AS "aws.cloudtrail.user_identity.access_key_id",
  identity_arn AS "aws.cloudtrail.user_identity.arn",
  issuer_arn AS "aws.cloudtrail.user_identity.session_context.session_issuer.arn"
FROM read_parquet($parquet)
"""

STAND_IN = """\
#!{python}
import json, pathlib, shutil, sys
sys.path[:0] = {path!r}
import duckdb, duckdb_run
command, arguments = sys.argv[1], sys.argv[2:]
after = lambda name: pathlib.Path(arguments[arguments.index(name) + 1])
if command == "simulate":
    shutil.copytree({logs!r}, after("--out") / "logs")
elif command == "ingest":
    case = after("--case")
    (case / "evidence").mkdir(parents=True)
    (case / "events").mkdir()
    duckdb_run.main([{sql!r} + "/ingest.duckdb.sql", "--set", "output=" + str(case / "raw.parquet"),
                     "--set", "files=" + arguments[0] + "/**/*.json.gz"])
    connection = duckdb.connect()
    connection.execute(duckdb_run.bind({view!r}, {{"parquet": str(case / "raw.parquet")}}))
    connection.execute("COPY events TO '" + str(case / "events" / "part.parquet") + "' (FORMAT parquet)")
    for read, quarantined in {manifest!r}:
        line = dict(read=read, stored=read - quarantined, duplicate=0, quarantined=quarantined)
        open(case / "evidence" / "manifest.jsonl", "a").write(json.dumps(line) + "\\n")
elif command == "sql":
    connection = duckdb.connect()
    connection.execute(duckdb_run.bind({view!r}, dict(parquet=str(after("--case") / "raw.parquet"))))
    connection.execute("COPY (" + arguments[0] + ") TO '/dev/stdout' (FORMAT csv, HEADER)")
elif command == "--version":
    print("egret 0.0.0")
else:
    sys.exit(f"unexpected command {{command}}")
"""


class OnFiles(unittest.TestCase):
    """Tests over the two files of `RECORDS`."""

    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)
        self.logs = self.folder / "logs"
        day = self.logs / "AWSLogs" / "111122223333" / "CloudTrail" / "eu-central-1" / "2025" / "07" / "10"
        day.mkdir(parents=True)
        for number, records in enumerate(RECORDS):
            with gzip.open(day / f"111122223333_CloudTrail_{number}.json.gz", "wt") as file:
                json.dump({"Records": records}, file)
        self.parquet = self.folder / "duckdb.parquet"

    def ingest(self):
        duckdb_run.main([str(HERE / "sql" / "ingest.duckdb.sql"), "--set", f"output={self.parquet}",
                         "--set", f"files={self.logs}/**/*.json.gz"])

    def rows(self, sql):
        import duckdb

        return duckdb.connect().execute(duckdb_run.bind(sql, {"parquet": str(self.parquet)})).fetchall()

    def test_ingest_keeps_every_record_in_thirty_three_columns(self):
        self.ingest()
        self.assertEqual(len(self.rows("DESCRIBE FROM read_parquet($parquet)")), 33)
        self.assertEqual(
            self.rows("SELECT count(*), count(bucket), count(object_key), sum(bytes_out), count(identity_arn) "
                      "FROM read_parquet($parquet)"),
            [(6, 5, 5, 1001 + 1002 + 1003 + 1004, 5)],
        )
        self.assertEqual(
            self.rows("SELECT error_code, object_key, source_address, mfa, issuer_user FROM read_parquet($parquet) "
                      "WHERE request_id = 'R6'"),
            [("AccessDenied", "it's\n\"secret\"", "203.0.113.9", "false", "Ops")],
        )

    def test_values_for_the_queries_follow_from_the_data(self):
        self.ingest()
        facts = self.folder / "facts.csv"
        duckdb_run.main([str(HERE / "sql" / "facts.duckdb.sql"), "--csv", str(facts), "--set", f"parquet={self.parquet}"])
        self.assertEqual(
            facts.read_text().splitlines()[1],
            "6,payroll,2025-07-09T00:00:00Z,2025-07-12T00:00:00Z,AKIAIOSFODNN7EXAMPLE,"
            "00000000-0000-4000-8000-000000000004,%confidential%,"
            "2025-07-10T00:00:00Z,2025-08-09T00:00:00Z",
        )

    def stand_in(self, manifest):
        program = self.folder / "egret"
        path = [str(HERE), *(entry for entry in sys.path if entry)]
        program.write_text(STAND_IN.format(python=sys.executable, path=path, logs=str(self.logs), sql=str(HERE / "sql"),
                                           manifest=manifest, view=VIEW))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return program

    def compared(self, manifest, *more):
        work = self.folder / "work"
        out, talk = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(talk):
            code = compare.main(["--egret", str(self.stand_in(manifest)), "--work", str(work), "--events", "6",
                                 "--runs", "1", "--query-runs", "1", *more])
        report = work / "result.json"
        return code, out.getvalue(), json.loads(report.read_text()) if report.exists() else talk.getvalue()

    def test_both_spellings_of_a_query_give_the_same_answer(self):
        code, markdown, report = self.compared([(3, 0), (3, 0)], "--report-only")
        self.assertEqual(code, 0, report)
        answers = {job["name"]: (job["egret_answer"], job["duckdb_answer"]) for job in report["jobs"]}
        expected = {
            "ingest": {"read": 6, "quarantined": 0},
            "q1": {"rows": 4, "bytes": 1001 + 1002 + 1003},
            "q2": {"rows": 1},
            "q3": {"rows": 3, "n": 6, "bytes": 4010},
            "q4": {"rows": 4},
            "q5": {"rows": 4, "n": 6, "objects": 5, "bytes": 4010},
        }
        expected |= {f"{name} same files": answer for name, answer in expected.items() if name != "ingest"}
        expected |= {"q6 same files": {"rows": 1}, "q7 same files": {"rows": 0}}
        self.assertEqual(answers, {name: (answer, answer) for name, answer in expected.items()})
        self.assertFalse([failure for failure in report["failures"] if "answers differ" in failure])
        self.assertIn("| q2: Everything that one access key did", markdown)
        self.assertEqual(report["egret"], "egret 0.0.0")

    def test_a_lost_record_fails_the_comparison(self):
        code, markdown, report = self.compared([(3, 0), (2, 1)])
        self.assertEqual(code, 1)
        wanted = ("ingest: answers differ: egret {'read': 5, 'quarantined': 1}, "
                  "duckdb {'read': 6, 'quarantined': 0}")
        self.assertIn(wanted, report["failures"])
        self.assertIn(f"failed: {wanted}", markdown)

    def test_nothing_is_reported_when_egret_cannot_run(self):
        out, talk = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(talk):
            code = compare.main(["--egret", str(self.folder / "absent"), "--work", str(self.folder / "work")])
        self.assertEqual((code, out.getvalue()), (2, ""))
        self.assertIn("No such file or directory", talk.getvalue())
        self.assertFalse((self.folder / "work" / "result.json").exists())


class Accounts(unittest.TestCase):
    """What is measured, and when it is not good enough."""

    def test_a_process_is_measured_with_its_memory(self):
        hold = "data = bytearray(96 << 20)\nfor at in range(0, len(data), 4096): data[at] = 1"
        run = compare.measure([sys.executable, "-c", hold])
        self.assertGreater(run.rss_bytes, 96 << 20)
        self.assertLess(run.rss_bytes, 256 << 20)
        self.assertGreater(run.cpu_s, 0)
        self.assertGreater(run.wall_s, 0)

    def test_a_process_that_fails_is_named_with_its_last_words(self):
        with self.assertRaisesRegex(compare.CannotRun, "(?s)ended with 1:.*ValueError: disk full"):
            compare.measure([sys.executable, "-c", "raise ValueError('disk full')"])

    def test_each_bound_is_held(self):
        gib = 1 << 30

        def failures(egret, duckdb, answer=1):
            return compare.Pair("q9", "title", egret, duckdb, {"rows": answer}, {"rows": 1}).failures()

        slow, fast = compare.Run(2.0, 2.0, 10), compare.Run(1.0, 1.0, 10)
        self.assertEqual(failures([fast], [slow]), [])
        self.assertEqual(failures([fast], [fast]), [], "as fast is fast enough")
        self.assertEqual(failures([slow], [fast]), ["q9: takes 2.00 times DuckDB's time, expected at most 1.00"])
        self.assertEqual(failures([fast, slow, fast], [slow] * 3), [], "one slow turn of three is the machine's")
        self.assertEqual(failures([compare.Run(1.0, 1.0, gib), fast], [slow, slow]),
                         ["q9: peak memory 1024 MiB, expected less than 1024 MiB"])
        self.assertEqual(failures([fast], [slow], answer=2),
                         ["q9: answers differ: egret {'rows': 2}, duckdb {'rows': 1}"])

    def test_turns_alternate(self):
        order = []
        compare.in_turns(2, lambda turn: order.append(f"a{turn}"), lambda turn: order.append(f"b{turn}"))
        self.assertEqual(order, ["a0", "b0", "a1", "b1"])

    def test_names_are_bound_as_text_and_paths_into_json_stay(self):
        bound = duckdb_run.bind("x = $bucket AND j ->> '$.key' IN $files", {"bucket": "o'b", "files": ["a", "b"]})
        self.assertEqual(bound, "x = 'o''b' AND j ->> '$.key' IN ['a', 'b']")
        with self.assertRaisesRegex(KeyError, "`\\$bucket` has no value"):
            duckdb_run.bind("x = $bucket", {})
        self.assertEqual(duckdb_run.values_of(["a=1", "b=x=y", "a=2"]), {"a": ["1", "2"], "b": "x=y"})

    def test_queries_name_columns_of_the_catalogue(self):
        catalogue = (HERE / "../../crates/egret-model/src/ecs/catalog.rs").read_text()
        fields = set(re.findall(r'^    [A-Z0-9_]+ "([^"]+)" ', catalogue, re.MULTILINE))
        self.assertIn("@timestamp", fields)
        for query in compare.QUERIES + compare.PRUNED:
            text = (HERE / "sql" / f"{query}.egret.sql").read_text()
            named = set(re.findall(r'"([^"]+)"', text))
            self.assertTrue(named, query)
            self.assertEqual(named - fields, set(), query)


if __name__ == "__main__":
    unittest.main()
