"""What README.md and mfd(1) show is what the demo answers: every `$ mfd` or `$ curl` with an answer below it is
run, and the answers compared word by word, numbers within two units of their last digit, or of the
sixth decimal (processors differ)."""

import os
import re
import subprocess
import sys
import unittest

from tool import MFD

ROOT = os.environ["ROOT"]
sys.path.insert(1, os.path.join(ROOT, "tests/http"))
import harness  # noqa: E402

NUMBER = re.compile(r"[+-]?\d+(\.\d+)?$")


def read(*path):
    with open(os.path.join(ROOT, *path)) as file:
        return file.read()


def blocks_of_readme():
    """Runs of lines that are indented by four."""
    for block in re.findall(r"(?m)(?:^(?:    .*)?\n)+", read("README.md")):
        yield [line[4:] for line in block.splitlines()]


def blocks_of_page():
    for block in re.findall(r"(?ms)^\.Bd -literal\n(.*?)^\.Ed", read("client/man/mfd.1")):
        yield block.replace("\\e", "\\").splitlines()


def examples(blocks):
    """(command, lines of the answer), both as they stand there."""
    for block in blocks:
        command, answer = "", []
        for line in block + ["$ end"]:
            if line.startswith("$ "):
                if answer:
                    yield command, answer
                command, answer = line[2:], []
            elif command.endswith("\\") or command.count("'") % 2:
                command = command.rstrip("\\") + "\n"[:command.count("'") % 2] + line.strip()
            elif command and line.strip():
                answer.append(line)


def same(shown, said):
    """Is a word that is shown the word that was said?"""
    if not (NUMBER.match(shown) and NUMBER.match(said)):
        return shown == said
    digits = len(shown.partition(".")[2])
    return abs(float(shown) - float(said)) <= 2.01 * 10 ** -min(digits, 6) if digits else shown == said


def line_same(shown, said):
    """The same for lines; "..." stands for any words."""
    if not shown:
        return not said
    if shown[0] == "...":
        return any(line_same(shown[1:], said[i:]) for i in range(len(said) + 1))
    return bool(said) and same(shown[0], said[0]) and line_same(shown[1:], said[1:])


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = harness.Daemon("--demo")

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()

    def run_all(self, blocks, least):
        n = 0
        server = "http://127.0.0.1:%d" % self.daemon.port
        for command, answer in examples(blocks):
            if not re.match(r"mfd |curl ", command):
                continue
            n += 1
            script = 'mfd() { "$MFD" --format table "$@"; }\n' + command.replace("http://127.0.0.1:8080", server)
            p = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=harness.PATIENCE,
                               env={**os.environ, "MFD": MFD, "MFD_SERVER": server, "LC_ALL": "C.UTF-8"})
            self.assertEqual((p.returncode, p.stderr), (0, ""), command)
            said = [l.split() for l in p.stdout.splitlines() if l.strip()]
            with self.subTest(command):
                self.assertEqual(len(answer), len(said), p.stdout)
                for shown, words in zip(answer, said):
                    self.assertTrue(line_same(shown.split(), words), "%s\n%s" % (shown, p.stdout))
        self.assertGreaterEqual(n, least)

    def test_those_of_the_readme(self):
        self.run_all(blocks_of_readme(), 6)

    def test_those_of_the_manual_page(self):
        self.run_all(blocks_of_page(), 4)

    def test_the_comparison_can_fail(self):
        for shown, said in (("a 1.00", "a 1.03"), ("a", "a b"), ("a b", "a"), ("x ... z", "x y"), ("12", "13"),
                            ("1.0", "x")):
            self.assertFalse(line_same(shown.split(), said.split()), (shown, said))
        for shown, said in (("a 1.00", "a 1.02"), ("x ... z", "x z"), ("x ...", "x y z"), ("-0.5", "-0.5000")):
            self.assertTrue(line_same(shown.split(), said.split()), (shown, said))


if __name__ == "__main__":
    unittest.main()
