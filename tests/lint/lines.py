"""No source over 500 lines, unless it stands here with a reason; no reason for a file that is short."""
import sys

import tree

LIMIT = 500
LONGER = {
    "tests/unit/checkpoint/test_checkpoint.c": "all that a checkpoint may get wrong, case after case",
}


def main():
    root, problems = sys.argv[1], []
    sources = tree.files(root, ".c", ".h", ".py", ".js", ".mjs", ".sh", ".build")
    for path in sources:
        n = tree.read(root, path).count("\n")
        if n > LIMIT and path not in LONGER:
            problems.append("%s has %d lines, more than %d" % (path, n, LIMIT))
    for path in LONGER:
        if path not in sources or tree.read(root, path).count("\n") <= LIMIT:
            problems.append("%s no longer needs its place in tests/lint/lines.py" % path)
    tree.finish(problems, len(sources), "files")


main()
