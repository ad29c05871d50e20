"""mfd against mfdd itself, with the demo model and genome."""

import os
import sys
import tempfile

from tool import Case, mfd

ROOT = os.environ["ROOT"]
sys.path.insert(1, os.path.join(ROOT, "tests/http"))
import harness  # noqa: E402


class Live(Case):
    command = () # what every call of `ask` begins with

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.daemon = harness.Daemon("--demo", settings={"limits.request_ms": 600000})  # sanitizers are slow
        cls.url = "http://127.0.0.1:%d" % cls.daemon.port

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()
        cls.daemon.stop()

    def ask(self, *arguments, code=0, **more):
        return self.check(mfd(*self.command, *arguments, server=self.url, timeout=300, **more), code)
