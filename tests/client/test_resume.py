"""score into a file, interrupted in the middle in every way and gone on with: the same to the byte, and as
bcftools and tabix want it. With the argument `genomes`, on the 24,990 variants of the 1000 Genomes Project
that ../shared holds, and chromosome 20 out of Debian's vt-examples."""

import gzip
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from urllib.parse import urlencode

from fake import Answer, Fake
from tool import MFD, Case, mfd

ROOT = os.environ["ROOT"]
sys.path.insert(1, os.path.join(ROOT, "tests/http"))
import harness  # noqa: E402

VARIANTS = os.path.join(ROOT, "tests/golden/data/chr20/variants.vcf")
GENOMES = os.path.join(ROOT, "../shared/data/variants/kgp_chr20_1-4Mb.reference.sites.vcf.gz")
CHROMOSOME = "/usr/share/doc/vt/examples/ref/20.fa.gz"
TOOLS = all(map(shutil.which, ("bcftools", "bgzip", "samtools", "tabix")))


def run(*command):
    p = subprocess.run(command, capture_output=True, text=True)
    assert (p.returncode, p.stderr) == (0, ""), (command, p.stderr)
    return p.stdout


class Gate:
    """As the `answers` of a Fake: hands requests on to a daemon, and holds them back when asked to."""

    def __init__(self, port):
        self.port, self.left, self.held, self.open = port, None, None, threading.Event()

    def hold(self, posts):
        """Hold what comes after so many POSTs; the event is set once something is held."""
        self.left, self.held, self.open = posts, threading.Event(), threading.Event()
        return self.held

    def release(self):
        self.left = None
        self.open.set()

    def __call__(self, request):
        if request["method"] == "POST" and self.left is not None:
            if self.left == 0:
                self.held.set()
                self.open.wait(harness.PATIENCE)
                return Answer(b"", 503) # nobody is there any more to read it
            self.left -= 1
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request(request["method"], request["path"] + "?" + urlencode(request["query"]), request["body"],
                           {k: request["headers"][k] for k in ("accept", "content-type") if k in request["headers"]})
        reply = connection.getresponse()
        answer = Answer(reply.read(), reply.status, reply.headers["Content-Type"])
        connection.close()
        return answer


class Resume(Case):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def start(self, *arguments, settings=None):
        daemon = harness.Daemon(*arguments, settings=settings)
        self.addCleanup(daemon.stop)
        self.gate = Gate(daemon.port)
        fake = Fake(self.gate)
        fake.__enter__()
        self.addCleanup(fake.__exit__)
        self.url = fake.url

    def noted(self, name):
        """Inputs that the run's notes call done."""
        return json.loads(self.read(name + ".resume"))["inputs"]

    def interrupt(self, number, name, posts, *command):
        """Start, and send a signal when so many requests are answered and the next one waits; how many inputs
        the notes call done then."""
        held = self.gate.hold(posts)
        p = subprocess.Popen([MFD, *command, "-o", self.path(name), "-S", self.url], stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True)
        self.assertTrue(held.wait(harness.PATIENCE))
        p.send_signal(number)
        _, err = p.communicate(timeout=harness.PATIENCE)
        self.gate.release()
        self.assertEqual(p.returncode, 130 if number == signal.SIGINT else -number, err)
        if number == signal.SIGINT:
            self.assertIn("goes on from there", err)
        return self.noted(name)

    def interrupt_all(self, name, posts, *command):
        """Twice by signals that nobody can catch and twice by Ctrl-C, then to the end."""
        whole = "whole-" + name
        result = mfd(*command, "-o", self.path(whole), server=self.url, timeout=1000)
        self.assertIn(result.code, (0, 4), result.err)
        before = 0
        for number in (signal.SIGKILL, signal.SIGINT, signal.SIGKILL, signal.SIGINT):
            done = self.interrupt(number, name, posts, *command)
            self.assertGreater(done, before)
            self.assertFalse(os.path.exists(self.path(name)))
            before = done
        if name.endswith(".gz"): # after Ctrl-C what is there can be read
            gzip.decompress(self.read(name + ".part"))
        last = self.check(mfd(*command, "-o", self.path(name), server=self.url, timeout=1000), result.code)
        self.assertIn("going on after %d inputs" % before, last.err)
        self.assertEqual(self.read(name), self.read(whole))
        self.assertEqual(sorted(os.listdir(self.folder.name)), sorted(self.kept + [name, whole]))
        self.kept += [name, whole]

    def test_bytes_do_not_tell_that_a_run_was_interrupted(self):
        self.start("--demo", settings={"limits.items": 30})
        with open(VARIANTS) as file:
            lines = file.readlines()
        records = [l for l in lines if l[0] != "#"]
        with open(self.path("in.vcf"), "w") as file:
            file.writelines(lines[:-len(records)] + 6 * records)
        self.kept = ["in.vcf"]
        for name, options in (("out.vcf.gz", ("-n", "20")), ("out.tsv.gz", ("-n", "9")), ("out.ndjson", ()),
                              ("out.vcf", ())):
            self.interrupt_all(name, 6, "score", self.path("in.vcf"), "-e", "none", "-w",
                               "proc_target=CTCF", *options)

    @unittest.skipUnless(TOOLS, "no bcftools")
    def test_bcftools_and_tabix_take_what_the_daemon_scored(self):
        self.start("--demo")
        to = self.path("out.vcf.gz")
        self.check(mfd("score", VARIANTS, "-e", "none", "-n", "2", "-o", to, server=self.url, timeout=300), 0)
        run("tabix", to)
        self.same_records(VARIANTS, to)
        query = ("-f", "%POS %ID %INFO/MFD_STATUS %INFO/MFD_EFFECT %INFO/MFD_BIO %INFO/MFD_TECH\n")
        rows = [l.split() for l in run("bcftools", "query", *query, to).splitlines()]
        self.assertEqual({r[2] for r in rows}, {"ok"})
        for r in rows:
            self.assertAlmostEqual(float(r[3]), float(r[4]) + float(r[5]), delta=1e-5)
        some = run("bcftools", "query", "-r", "chr20:42984200-42984210", *query, to).splitlines()
        self.assertEqual([s.split() for s in some],
                         [r for r in rows if 42984200 <= int(r[0]) <= 42984210])

    def same_records(self, before, after):
        """Every record is there, in its order, and only INFO differs."""
        columns = ("bcftools", "query", "-f", "%CHROM %POS %ID %REF %ALT %QUAL %FILTER\n")
        self.assertEqual(run(*columns, after), run(*columns, before))
        run("bcftools", "view", "-Ou", "-o", os.devnull, after)

    @unittest.skipUnless("genomes" in sys.argv, "in the slow suite")
    def test_a_thousand_genomes(self):
        fasta = self.path("20.fa.gz")
        with gzip.open(CHROMOSOME) as file, open(fasta, "wb") as to:
            subprocess.run(["bgzip"], input=file.read(), stdout=to, check=True)
        run("samtools", "faidx", fasta)
        self.start("--model", "chr20=" + harness.bundle("chr20"), "--genome", "GRCh37=" + fasta)
        self.kept = [n for n in os.listdir(self.folder.name)]
        begun = time.monotonic()
        self.interrupt_all("out.vcf.gz", 5, "score", GENOMES, "-e", "none")
        print("24,990 variants twice and more in %.1f s" % (time.monotonic() - begun))
        self.same_records(GENOMES, self.path("out.vcf.gz"))
        run("tabix", self.path("out.vcf.gz"))
        with gzip.open(GENOMES, "rt") as file:
            records = [l.split("\t") for l in file if l[0] != "#"]
        inside = [r[:5] for r in records if 2000000 <= int(r[1]) <= 2100000]
        part = run("tabix", self.path("out.vcf.gz"), inside[0][0] + ":2000000-2100000").splitlines()
        self.assertEqual([l.split("\t")[:5] for l in part], inside)
        self.assertTrue(all("MFD_STATUS=" in l for l in part))


if __name__ == "__main__":
    if "genomes" in sys.argv:
        if not TOOLS or not os.path.exists(GENOMES) or not os.path.exists(CHROMOSOME):
            print("skipped: it needs bcftools, samtools, tabix, %s and %s (Debian's vt-examples)"
                  % (GENOMES, CHROMOSOME))
            sys.exit(77)
        unittest.main(argv=[sys.argv[0], "Resume.test_a_thousand_genomes"])
    unittest.main()
