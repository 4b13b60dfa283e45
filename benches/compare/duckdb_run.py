"""Runs one SQL file in DuckDB and leaves: the measured process of the other side.

    python3 duckdb_run.py FILE.sql --threads 2 [--csv OUT] [--events GLOB] [--set name=value]...

With `--csv` the file holds one query and its rows are written there; without, a whole statement.
`$name` in the file stands for the value as an SQL text literal, or for a list of them when the name
is set more than once. `--events` makes those Parquet files the table `events`.
"""

import argparse
import pathlib
import re
import sys


def literal(value):
    """Text as an SQL literal, several texts as a list of such."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "[" + ", ".join(map(literal, value)) + "]"


def bind(sql, values):
    """The statement with each `$name` replaced; a JSON path such as `$.Records` stays.

    A name without a value is an error: a query that ran without its filter would look fast.
    """

    def value_of(found):
        name = found.group(1)
        if name not in values:
            raise KeyError(f"`${name}` has no value; expected one of {sorted(values)}")
        return literal(values[name])

    return re.sub(r"\$([a-z_]+)", value_of, sql)


def values_of(pairs):
    """`name=value` texts by name; a list where a name comes back."""
    values = {}
    for pair in pairs:
        name, value = pair.split("=", 1)
        values.setdefault(name, []).append(value)
    return {name: held[0] if len(held) == 1 else held for name, held in values.items()}


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("sql", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--csv")
    parser.add_argument("--events", metavar="GLOB")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    options = parser.parse_args(arguments)
    statement = bind(options.sql.read_text(), values_of(options.set))
    if options.csv:
        statement = f"COPY (\n{statement}\n) TO {literal(options.csv)} (FORMAT csv, HEADER)"

    import duckdb

    connection = duckdb.connect(config={"threads": options.threads})
    connection.execute("SET TimeZone = 'UTC'")
    if options.events:
        # A file has the columns that its records fill.
        files = f"read_parquet({literal(options.events)}, union_by_name = true)"
        connection.execute(f"CREATE VIEW events AS SELECT * FROM {files}")
    connection.execute(statement)


if __name__ == "__main__":
    main(sys.argv[1:])
