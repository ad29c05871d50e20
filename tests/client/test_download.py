"""mfd jobs result --output over connections that break: the file is the server's, to the byte, and no byte
that has arrived is asked for again."""

import gzip
import os
import sys
import tempfile
import unittest

from fake import Answer, Fake, problem
from proxy import SHUT, Proxy, header
from tool import Case, mfd

ROOT = os.environ["ROOT"]
sys.path.insert(1, os.path.join(ROOT, "tests/http"))
import harness  # noqa: E402

REGION = "chr20:42,984,161-42,984,444"  # the promoter of HNF4A, in three bins


class Download(Case):
    @classmethod
    def setUpClass(cls):
        cls.daemon = harness.Daemon("--demo")
        url = "http://127.0.0.1:%d" % cls.daemon.port
        cls.job = mfd("jobs", "submit", "predict", REGION, "-f", "tsv", server=url).out.strip()
        assert mfd("jobs", "wait", cls.job, server=url).code == 0
        cls.wanted = cls.daemon.request("GET", "/api/v1/jobs/%s/result" % cls.job).body
        assert len(cls.wanted) > 60000, len(cls.wanted)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.proxy = Proxy(self.daemon.port)
        self.addCleanup(self.proxy.close)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def fetch(self, *more, code=0, to="out.tsv", job=None, server=None):
        return self.check(mfd("jobs", "result", job or self.job, "-o", self.path(to), "--retries", "0", *more,
                              server=server or self.proxy.url), code)

    def break_off(self, to="out.tsv"):
        """A first attempt that leaves a part; the bytes of the result that it has."""
        self.proxy.cuts = [40000, SHUT]
        self.fetch(code=3, to=to)
        self.assertEqual(sorted(os.listdir(self.folder.name)), [to + ".part", to + ".resume"])
        self.proxy.heads.clear()

    def check_rest(self, head, first):
        self.assertEqual(header(head, "range"), "bytes=%d-" % first)
        self.assertEqual(header(head, "if-range"), '"%s"' % self.job)

    def test_a_connection_that_breaks_is_opened_again_for_the_rest(self):
        self.proxy.cuts = [30000, 20000]
        said = self.fetch().err
        self.assertEqual(said.count("going on"), 2)
        self.assertEqual(self.read("out.tsv"), self.wanted)
        self.assertEqual(os.listdir(self.folder.name), ["out.tsv"])
        first, second, third = self.proxy.heads
        self.assertIsNone(header(first, "range"))
        a, b = (int(header(h, "range")[6:-1]) for h in (second, third))
        self.assertTrue(25000 < a < 30000 and 15000 < b - a < 20000, (a, b))
        self.check_rest(second, a)

    def test_a_later_run_asks_for_the_rest(self):
        self.break_off()
        begun = self.read("out.tsv.part")
        self.assertTrue(self.wanted.startswith(begun) and 30000 < len(begun) < 40000)
        with open(self.path("out.tsv.part"), "ab") as file:
            file.write(b"of a run that was killed before it could note this")
        self.assertIn("going on after %d bytes" % len(begun), self.fetch().err)
        self.check_rest(self.proxy.heads[0], len(begun))
        self.assertEqual(len(self.proxy.heads), 1)
        self.assertEqual(self.read("out.tsv"), self.wanted)
        self.assertEqual(os.listdir(self.folder.name), ["out.tsv"])

    def test_a_compressed_file_goes_on_too(self):
        self.break_off("out.tsv.gz")
        self.fetch(to="out.tsv.gz")
        self.assertGreater(int(header(self.proxy.heads[0], "range")[6:-1]), 30000)
        self.assertEqual(gzip.decompress(self.read("out.tsv.gz")), self.wanted)

    def test_fresh_and_another_job_begin_at_the_beginning(self):
        self.break_off()
        self.fetch("--fresh")
        self.assertIsNone(header(self.proxy.heads[0], "range"))
        self.assertEqual(self.read("out.tsv"), self.wanted)
        os.remove(self.path("out.tsv"))
        self.break_off("b.tsv")
        self.fetch(code=1, to="b.tsv", job="0" * 16)
        self.assertIsNone(header(self.proxy.heads[0], "range"))

    def test_a_result_that_has_changed_starts_anew(self):
        old, new = b"old " * 9000, b"new " * 3000  # shorter than what there is of the old one
        tagged = lambda tag: {"ETag": '"%s"' % tag}
        for later in (Answer(new, headers=tagged("2")), problem(416, "range-not-satisfiable", "short")):
            answers = [Answer(old, headers=tagged("1"), cut=20000), problem(500, "internal", "x"), later,
                       Answer(new, headers=tagged("2"))]
            with Fake(answers) as f:
                self.fetch(code=1, server=f.url)
                self.assertEqual(self.read("out.tsv.part"), old[:20000])
                self.assertIn("starting over", self.fetch(server=f.url).err)
                sent = [(r["headers"].get("range"), r["headers"].get("if-range")) for r in f.requests]
                self.assertEqual(sent[:3], [(None, None)] + [("bytes=20000-", '"1"')] * 2)
                self.assertEqual(sent[3:], [] if later.status == 200 else [(None, None)])
            self.assertEqual(self.read("out.tsv"), new)
            os.remove(self.path("out.tsv"))

    def test_a_wrong_rest_is_refused_and_what_is_there_is_kept(self):
        old = b"old " * 9000
        wrong = Answer(old[100:], 206, headers={"ETag": '"1"', "Content-Range": "bytes 100-35999/36000"})
        with Fake([Answer(old, headers={"ETag": '"1"'}, cut=20000), wrong]) as f:
            self.assertIn("byte 20000", self.fetch(code=1, server=f.url).err)
            self.assertEqual(self.read("out.tsv.part"), old[:20000])

    def test_what_has_no_tag_is_not_gone_on_with(self):
        with Fake([Answer(b"x" * 9000, cut=5000)]) as f:
            self.fetch(code=3, server=f.url)
            self.assertEqual(os.listdir(self.folder.name), [])


if __name__ == "__main__":
    unittest.main()
