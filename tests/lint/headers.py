"""Every header compiles alone, and twice: `headers.py ROOT COMPILER...`."""
import subprocess
import sys

import tree

FLAGS = ["-std=gnu17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c", "-"]


def main():
    root, compiler, problems = sys.argv[1], sys.argv[2:], []
    headers = tree.files(root, ".h")
    for path in headers:
        program = '#include "%s"\n#include "%s"\n' % (path, path)
        run = subprocess.run(compiler + ["-I", root] + FLAGS, input=program, text=True,
                             stderr=subprocess.PIPE, check=False)
        if run.returncode:
            problems.append("%s does not compile alone:\n%s" % (path, run.stderr))
    tree.finish(problems, len(headers), "headers")


main()
