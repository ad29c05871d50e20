"""Nothing in the tree names a place on somebody's machine."""
import re
import sys

import tree

PLACES = re.compile(r"/(?:home|Users|root|work)/[A-Za-z0-9._-]+|/tmp/[a-z]+_jobs")
# text: what has one of these names, or no suffix at all
TEXT = (".c", ".h", ".py", ".js", ".mjs", ".css", ".html", ".sh", ".build", ".txt", ".md", ".yaml",
        ".yml", ".json", ".sql", ".service", ".socket", ".conf", ".toml", ".tsv", ".1", ".5", ".8",
        "Dockerfile", "LICENSE", "run", "start", "install-deps")


def main():
    root, problems = sys.argv[1], []
    texts = tree.files(root, *TEXT)
    for path in texts:
        if path.endswith("tests/lint/paths.py"):
            continue
        for number, line in enumerate(tree.read(root, path).splitlines(), 1):
            place = PLACES.search(line)
            if place:
                problems.append("%s:%d: %s" % (path, number, place.group()))
    tree.finish(problems, len(texts), "files")


main()
