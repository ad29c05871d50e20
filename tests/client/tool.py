"""Running mfd as a user would."""

import json
import os
import pty
import select
import subprocess
import unittest

MFD = os.environ.get("MFD", "mfd")
LEAKS = "suppressions=%s/leaks.txt:print_suppressions=0" % os.path.dirname(os.path.abspath(__file__))


class Result:
    def __init__(self, process):
        self.code = process.returncode
        self.raw = process.stdout
        self.out, self.err = process.stdout.decode(), process.stderr.decode()

    def rows(self):
        lines = self.out.splitlines()
        names = lines[0].split("\t")
        return [dict(zip(names, line.split("\t"))) for line in lines[1:]]


def mfd(*arguments, server=None, stdin=b"", env=(), timeout=60, cwd=None):
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **dict(env)}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
        if name in os.environ:
            environment[name] = os.environ[name]
    environment["LSAN_OPTIONS"] = LEAKS
    if server:
        environment["MFD_SERVER"] = server
    return Result(subprocess.run([MFD, *arguments], input=stdin, env=environment,
                                 capture_output=True, timeout=timeout, cwd=cwd))


def sent(fake, path):
    """Bodies of the requests that a Fake got there."""
    return [json.loads(r["body"]) for r in fake.requests if r["path"] == path]


def on_terminal(command, env):
    """Output of a command whose stdout is a terminal."""
    master, slave = pty.openpty()
    p = subprocess.Popen(command, stdout=slave, stderr=slave,
                         env={"LC_ALL": "C.UTF-8", "TERM": "xterm", **env})
    os.close(slave)
    out = b""
    while True:
        ready, _, _ = select.select([master], [], [], 10)
        try:
            piece = os.read(master, 65536) if ready else b""
        except OSError:
            piece = b""
        if not piece:
            break
        out += piece
    p.wait(timeout=10)
    os.close(master)
    return out.decode()


class Case(unittest.TestCase):
    def check(self, result, code, stderr=None):
        self.assertEqual(result.code, code, result.err + result.out)
        if stderr is not None:
            self.assertIn(stderr, result.err)
        return result
