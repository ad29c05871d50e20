"""tests/http/RULES.md names tests that exist, and has a row for every path of the contract, every type of problem and
every limit.   rules.py SOURCE-ROOT"""
import ast
import os
import re
import sys

root = sys.argv[1]
problems = []


def read(path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


def tests_of(name):
    """Class and Class.test of a file of tests/http."""
    for node in ast.parse(read("tests/http/" + name)).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        for test in node.body if isinstance(node, ast.ClassDef) else []:
            if isinstance(test, ast.FunctionDef) and test.name.startswith("test_"):
                yield "%s.%s" % (node.name, test.name)


files = [name for name in os.listdir(os.path.join(root, "tests/http")) if re.fullmatch(r"test_\w+\.py", name)]
known = {"%s::%s" % (name, test) for name in files for test in tests_of(name)}
text = read("tests/http/RULES.md")
rows = [line.strip("| \n").split(" | ") for line in text.splitlines() if line.startswith("| ")]
rows = [row for row in rows if row[0] not in ("rule of the surface", "type", "limit", "---")]
for rule, tests in rows:
    named = re.findall(r"`(test_\w+\.py::[^`]+)`", tests)
    problems += ["%s: there is no %s" % (rule, test) for test in named if test not in known]
    if not named and not re.fullmatch(r"— .+", tests):
        problems.append("%s: neither a test nor why there is none" % rule)
told = {word for rule, _ in rows for word in re.findall(r"`([^`]+)`", rule)}
for what, wanted in (("path", re.findall(r"^  (/[^:]*):$", read("proto/openapi.yaml"), re.M)),
                     ("type of problem", re.findall(r'^    \{ "([a-z-]+)", \d{3}, ', read("proto/problem.c"), re.M)),
                     ("limit", re.findall(r"^    X\((\w+), ", read("proto/limits.h"), re.M))):
    problems += ["the %s %s has no row" % (what, name) for name in wanted if name not in told]
    if len(wanted) < 30:
        problems.append("only %d of %s found" % (len(wanted), what))
print("\n".join(problems))
print("%d rules, %d tests and classes known, %d problems" % (len(rows), len(known), len(problems)))
sys.exit(1 if problems else 0)
