"""The manual page and the completion keep up with the program."""

import os
import re
import shutil
import subprocess
import unittest

from daemon import Daemon
from fake import Fake
from tool import MFD, Case, mfd

ROOT = os.environ["ROOT"]
PAGE = os.path.join(ROOT, "client/man/mfd.1")
COMPLETION = os.path.join(ROOT, "client/completion/mfd.bash")


class Page(Case):
    def setUp(self):
        with open(PAGE) as file:
            self.page = file.read()

    def test_every_command_and_option_is_described_and_nothing_else(self):
        names, options = set(), set()
        for line in mfd("help", "--list").out.splitlines():
            if not line.startswith("-"):
                names.add(line.split("\t")[0])
        for name in names:
            self.assertRegex(self.page, r"(?m)^\.Cm %s|^\.It Cm %s" % (name, name))
            options |= set(re.findall(r"^--([a-z-]+)", mfd("help", "--list", name).out, re.M))
        described = set(re.findall(r"^\.It Fl (?:\w , )?-([a-z-]+)", self.page, re.M))
        self.assertEqual(described, options)

    def test_letters_of_options_are_right(self):
        described = dict(re.findall(r"^\.It Fl (\w) , -([a-z-]+)", self.page, re.M))
        shown = {}
        for line in mfd("help", "--list").out.splitlines():
            if not line.startswith("-"):
                text = mfd(line.split("\t")[0], "--help").out
                shown.update(re.findall(r"^  -(\w), --([a-z-]+)", text, re.M))
        self.assertEqual(described, shown)

    def test_the_page_is_clean_to_mandoc_and_groff(self):
        for command in (["mandoc", "-T", "lint", "-W", "warning", PAGE],
                        ["groff", "-ww", "-mdoc", "-Tutf8", PAGE]):
            if not shutil.which(command[0]):
                self.skipTest("%s is not installed" % command[0])
            p = subprocess.run(command, capture_output=True)
            said = p.stderr if command[0] == "groff" else p.stdout + p.stderr
            self.assertEqual((p.returncode, said.decode()), (0, ""))


@unittest.skipUnless(shutil.which("bash"), "no bash")
class Completion(Case):
    def complete(self, line, server="http://127.0.0.1:9"):
        words = re.findall(r"[=:]|[^ =:]+", line) + ([""] if line.endswith((" ", "=")) else [])
        words[0] = MFD
        script = ("compopt() { :; }; source '%s'; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _mfd; "
                  "printf '%%s\\n' \"${COMPREPLY[@]}\"" % COMPLETION)
        p = subprocess.run(["bash", "-c", script, "-", *words], capture_output=True, text=True,
                           env={**os.environ, "MFD_SERVER": server}, timeout=30)
        self.assertEqual(p.stderr, "")
        return p.stdout.split()

    def test_commands_options_and_choices(self):
        self.assertEqual(self.complete("mfd sc"), ["score"])
        self.assertEqual(set(self.complete("mfd f")), {"fields", "features"})
        self.assertEqual(self.complete("mfd score --ens"), ["--ensemble="])
        self.assertEqual(self.complete("mfd models --ens"), [])
        self.assertEqual(self.complete("mfd score --ensemble p"), ["published"])
        self.assertEqual(self.complete("mfd score --ensemble="), ["none", "strands", "published"])
        self.assertEqual(self.complete("mfd score -f t"), ["table", "tsv"])

    def test_names_come_from_the_server(self):
        with Fake(Daemon()) as f:
            self.assertEqual(self.complete("mfd models d", f.url), ["demo"])
            self.assertEqual(self.complete("mfd predict --model ", f.url), ["a", "demo"])
            self.assertEqual(self.complete("mfd predict -w pr", f.url), ["proc_target="])
            self.assertEqual(len(self.complete("mfd predict --tracks T", f.url)), 8)
            self.assertEqual(self.complete("mfd --server %s predict --columns l" % f.url), ["lab"])
            self.assertEqual(self.complete("mfd --server=%s fields l" % f.url), ["lab"])

    def test_a_server_that_is_not_there_offers_nothing(self):
        self.assertEqual(self.complete("mfd predict --model "), [])

    def test_the_script_is_clean_to_shellcheck(self):
        if not shutil.which("shellcheck"):
            self.skipTest("shellcheck is not installed")
        p = subprocess.run(["shellcheck", "-s", "bash", COMPLETION], capture_output=True, text=True)
        self.assertEqual(p.stdout, "")


if __name__ == "__main__":
    unittest.main()
