#!/usr/bin/python3
"""Random tables through pandas and through ours: every cell must print the same.

    twin_table.py DUMP_TABLE [SEED [TABLES]]

Skips (77) where pandas is not installed or is of another generation than the published code's.
"""
import os
import random
import subprocess
import sys
import tempfile
import warnings

try:
    import pandas as pd
except ImportError:
    print("pandas is not installed")
    sys.exit(77)
if not pd.__version__.startswith("1."):
    print("pandas %s reads tables differently in details" % pd.__version__)
    sys.exit(77)

WORDS = [
    ["1", "2", "003", "-5", "+7", " 12 ", "0", "-0"],
    ["1", "", "2", "NA"],
    ["1.5", "2", "0.1234567890123456789", "1e-5", "1E16", "123456789012345678", "-0.0", "0.00001234"],
    ["true", "False", "TRUE"],
    ["true", "", "false"],
    ["a", "b,c", " x ", "nan", "NULL", "n/a", "None", "<NA>"],
    ["9223372036854775807", "9223372036854775808", "5"],
    ["9223372036854775808", "", "5"],
    ["9223372036854775808", "-5", "5"],
    ["18446744073709551616", "5"],
    ["18446744073709551616", "x", "5"],
    ["9223372036854775808", "1.5"],
    ["inf", "-Infinity", "1", "2.5"],
    ['"q"', '"a\tb"', '"a""b"', 'x"y', '"z"w'],
    ["", "NA"],
    ["2016-01-02", "2017-05-06", ""],
    ["1_000", "2"],
    ["1e400", "1"],
    ["1e-400", "1"],
    ["\u00e9", "\u65e5\u672c"],
    ["0.1", "0.2", "0.30000000000000004", "1e22", "1e23", "123456.789e3", "3.", "7.0000000000000001"],
    ["0.5e", "1"],
    ["1e+", "2"],
    ["1e", "2"],
    [".5", "5."],
    ["0x10", "1"],
    ["1,000", "5"],
]
AGES = [["90 or above", "13", "13.0", "unknown", ""], ["13", "14"], ["13", "14", ""], ["1.5", "2"],
        ["90 or above"], ["unknown", "12"], [""]]
UNITS = [["year", "day", ""], ["year"], [""], ["1", "2"], ["1", ""]]


def by_pandas(path):
    """The steps of the published loader; what it assigns to rows without a unit is lost on the way."""
    md = pd.read_csv(path, sep="\t")
    md = md.rename(columns={c: c.replace(".", "_") for c in md.columns})
    if "proc_age_bin" in md.columns:
        md["proc_age_bin"] = md["proc_age_bin"].map(lambda x: "90" if x == "90 or above" else x)
        wanting = md["proc_age_bin_units"].isna()
        given = md.loc[wanting].apply(lambda row: (5.0, "year"), axis=1, result_type="expand")
        md.loc[wanting, ["proc_age_bin", "proc_age_bin_units"]] = given
        md["proc_age_bin"] = md["proc_age_bin"].fillna(-1)
    return [(c, [str(x) for x in md[c]]) for c in md.columns]


def by_us(dump, path):
    run = subprocess.run([dump, path], capture_output=True, check=True)
    columns = [c.split("\x1f") for c in run.stdout.decode().split("\x1e")[:-1]]
    return [(c[0], c[1:]) for c in columns]


def random_table(rnd):
    words = [rnd.choice(WORDS) for _ in range(rnd.randint(1, 5))]
    header = ["File.accession"] + ["c.%d" % i for i in range(len(words))]
    if rnd.random() < .6:
        header += ["proc_age_bin", "proc_age_bin_units"]
        words += [rnd.choice(AGES), rnd.choice(UNITS)]
    lines = ["\t".join(header)]
    for i in range(rnd.randint(1, 7)):
        row = ["E%d" % i] + [rnd.choice(w) for w in words]
        while len(row) > 1 and row[-1] == "" and rnd.random() < .3:
            row.pop()
        lines.append("\t".join(row))
        if rnd.random() < .1:
            lines.append(rnd.choice(["", " "]))
    end = rnd.choice(["\n", "\r\n", "\r"])
    return end.join(lines) + rnd.choice(["", end])


def main():
    warnings.simplefilter("ignore")
    dump, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    tables, wrong = int(sys.argv[3]) if len(sys.argv) > 3 else 150, 0
    rnd = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "table.tsv")
        for _ in range(tables):
            text = random_table(rnd)
            with open(path, "w", newline="", encoding="utf-8") as f:
                f.write(text)
            want, got = by_pandas(path), by_us(dump, path)
            if want != got:
                wrong += 1
                print("%r\n  pandas %r\n  ours   %r" % (text, want, got))
    print("%d tables, %d differ" % (tables, wrong))
    sys.exit(wrong > 0)


main()
