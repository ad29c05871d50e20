"""score --output: an annotated VCF that bcftools takes, and runs that go on after an interrupt."""

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from daemon import TRACKS, Daemon, number
from fake import Fake, problem
from tool import MFD, Case, mfd, on_terminal

HEADER = ('##fileformat=VCFv4.2\n##contig=<ID=chr20>\n'
          '##INFO=<ID=DP,Number=1,Type=Integer,Description="x">\n'
          '##INFO=<ID=MFD_L2,Number=1,Type=Float,Description="of another run">\n'
          '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">\n'
          '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n')
RECORDS = ("chr20\t100\trs1\tA\tC\t9\tPASS\tDP=3;MFD_L2=9\tGT\t0|1\n"
           "chr20\t200\t.\tT\tC,*,G\t.\t.\t.\tGT\t1|2\n"
           "chr20\t200\t.\tA\tAT\t.\t.\tDP=1\tGT\t0|0\n")


def effect(chrom, pos, ref, alt, track, part):
    variant = json.dumps({"chrom": chrom, "pos": pos, "ref": ref, "alt": alt}, sort_keys=True)
    return number(variant + "effect", track + part)


def info(line):
    return dict(pair.partition("=")[::2] for pair in line.split("\t")[7].split(";"))


def many(n):
    return HEADER + "".join("chr20\t%d\t.\tA\tC,G\t.\t.\t.\tGT\t0|1\n" % (i + 1) for i in range(n))


class Folder(Case):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name, text=None):
        path = os.path.join(self.folder.name, name)
        if text is not None:
            with open(path, "w") as file:
                file.write(text)
        return path

    def read(self, name):
        with open(self.path(name), "rb") as file:
            data = file.read()
        return (gzip.decompress(data) if name.endswith(".gz") else data).decode()


class Vcf(Folder):
    def test_every_allele_has_its_values_and_the_rest_stays(self):
        with Fake(Daemon()) as f:
            source, to = self.path("in.vcf", HEADER + RECORDS), self.path("out.vcf")
            self.check(mfd("score", source, "-o", to, server=f.url), 4, "4 ok, 1 skipped")
            lines = self.read("out.vcf").splitlines()
            records = [l for l in lines if l[0] != "#"]
            plain = RECORDS.splitlines()
            for ours, theirs in zip(records, plain):
                a, b = ours.split("\t"), theirs.split("\t")
                self.assertEqual(a[:7] + a[8:], b[:7] + b[8:])
            first, second = info(records[0]), info(records[1])
            best = max(TRACKS, key=lambda t: abs(effect("chr20", 100, "A", "C", t, "total")))
            self.assertEqual(list(first), ["DP", "MFD_STATUS", "MFD_TRACK", "MFD_EFFECT", "MFD_BIO",
                                           "MFD_TECH", "MFD_L2", "MFD_SHARE"])
            self.assertEqual((first["DP"], first["MFD_STATUS"], first["MFD_TRACK"]), ("3", "ok", best))
            for field, part in (("EFFECT", "total"), ("BIO", "biological"), ("TECH", "technical")):
                expected = effect("chr20", 100, "A", "C", best, part)
                self.assertAlmostEqual(float(first["MFD_" + field]), expected, places=4)
            l2 = sum(effect("chr20", 100, "A", "C", t, "total") ** 2 for t in TRACKS) ** 0.5
            self.assertAlmostEqual(float(first["MFD_L2"]), l2, delta=1e-4)
            bio, tech = (sum(abs(effect("chr20", 100, "A", "C", t, part)) for t in TRACKS)
                         for part in ("biological", "technical"))
            self.assertAlmostEqual(float(first["MFD_SHARE"]), bio / (bio + tech), delta=1e-6)
            self.assertEqual(second["MFD_STATUS"], "flipped,star-allele,flipped")
            self.assertEqual(second["MFD_EFFECT"].split(",")[1], ".")
            self.assertEqual(len([l for l in lines if "ID=MFD_L2" in l]), 1)
            self.assertTrue(any(l.startswith('##mfd=<Model="demo"') for l in lines))

    def test_top_names_tracks_in_order(self):
        with Fake(Daemon()) as f:
            result = mfd("score", "-", "-f", "vcf", "--top", "3", server=f.url,
                         stdin=(HEADER + RECORDS).encode())
            line = [l for l in self.check(result, 4).out.splitlines() if l[0] != "#"][0]
            named = [t.split(":") for t in info(line)["MFD_TOP"].split("|")]
            sizes = [abs(float(t[1])) for t in named]
            every = sorted((abs(effect("chr20", 100, "A", "C", t, "total")) for t in TRACKS),
                           reverse=True)
            for a, b in zip(sizes, every[:3]):
                self.assertAlmostEqual(a, b, delta=1e-4)
            self.assertEqual({len(t) for t in named}, {4})

    @unittest.skipUnless(shutil.which("bcftools") and shutil.which("tabix"), "no bcftools")
    def test_bcftools_and_tabix_take_it(self):
        with Fake(Daemon()) as f:
            source, to = self.path("in.vcf", HEADER + RECORDS), self.path("out.vcf.gz")
            self.check(mfd("score", source, "--top", "2", "-o", to, server=f.url), 4)
            p = subprocess.run(["bcftools", "query", "-f", "%POS %INFO/MFD_EFFECT %INFO/MFD_TOP\n", to],
                               capture_output=True, text=True)
            self.assertEqual((p.returncode, p.stderr), (0, ""))
            self.assertEqual(len(p.stdout.splitlines()), 3)
            p = subprocess.run(["bcftools", "norm", "-m-", "-Ov", to], capture_output=True, text=True)
            self.assertEqual(p.returncode, 0, p.stderr)
            self.assertEqual(len(re.findall("^chr20", p.stdout, re.M)), 5)
            subprocess.run(["tabix", to], check=True)
            p = subprocess.run(["tabix", to, "chr20:200-200"], capture_output=True, text=True)
            self.assertEqual(len(p.stdout.splitlines()), 2)

    def test_a_vcf_without_header_and_with_short_lines_gets_what_it_lacks(self):
        with Fake(Daemon()) as f:
            text = "chr20\t5\t.\tA\tC\nchr20\t6\t.\tA\tC\t.\t.\tX\r\n"
            out = self.check(mfd("score", "-f", "vcf", server=f.url, stdin=text.encode()), 0).out
            lines = out.splitlines()
            self.assertTrue(lines[0].startswith("##fileformat=VCF"))
            self.assertEqual([len(l.split("\t")) for l in lines if l[:2] != "##"], [8, 8, 8])
            self.assertTrue(lines[-1].split("\t")[7].startswith("X;MFD_STATUS=ok"))

    def test_what_a_vcf_cannot_say_is_a_usage_error(self):
        with Fake(Daemon()) as f:
            for arguments in (["score", "chr20-1-A-C", "-f", "vcf"], ["predict", "chr20", "-f", "vcf"],
                              ["score", "-", "-f", "vcf", "--scores", "strand"],
                              ["score", "-", "-f", "vcf", "--columns", "lab"]):
                self.check(mfd(*arguments, server=f.url, stdin=RECORDS.encode()), 2)

    def test_names_are_percent_encoded(self):
        daemon = Daemon()
        def answer(request):
            reply = daemon(request)
            reply.body = reply.body.replace(b'"T', b'"T;=,:|% ')
            return reply
        with Fake(answer) as f:
            out = mfd("score", "-", "-f", "vcf", server=f.url, stdin=RECORDS.encode()).out
            track = info([l for l in out.splitlines() if l[0] != "#"][0])["MFD_TRACK"]
            self.assertRegex(track, r"^T%3B%3D%2C%3A%7C%25%20\d$")


class GoingOn(Folder):
    def fail_after(self, daemon, pieces):
        """The daemon, refusing everything after so many pieces."""
        return lambda r: (problem(400, "bad-request", "enough") if len(daemon.sizes) >= pieces
                          and r["method"] == "POST" else daemon(r))

    def run_twice(self, name, *options):
        source = self.path("in.vcf", many(130))
        to = self.path(name)
        with Fake(Daemon(items=64)) as f:
            self.check(mfd("score", source, "-o", self.path("whole-" + name), *options, server=f.url), 0)
            first = Daemon(items=64)
            f.answers = self.fail_after(first, 2)
            result = self.check(mfd("score", source, "-o", to, *options, server=f.url), 1, "enough")
            self.assertIn("128 inputs are done", result.err)
            self.assertFalse(os.path.exists(to))
            with open(to + ".part", "ab") as part: # what came after the checkpoint is not to be trusted
                part.write(b"rubbish\n")
            second = Daemon(items=64)
            f.answers = second
            self.check(mfd("score", source, "-o", to, *options, server=f.url), 0, "going on after 128")
            self.assertEqual(sum(second.sizes), 260 - 128)
        with open(self.path(name), "rb") as gone_on, open(self.path("whole-" + name), "rb") as whole:
            self.assertEqual(gone_on.read(), whole.read()) # the compressed bytes, not only the text
        self.assertFalse(os.path.exists(to + ".part") or os.path.exists(to + ".resume"))

    def test_a_vcf_goes_on(self):
        self.run_twice("out.vcf")
        self.run_twice("scores.vcf", "--scores", "sar,reference")

    def test_a_compressed_vcf_goes_on(self):
        self.run_twice("out.vcf.gz", "--top", "2")

    def test_tables_and_lines_go_on(self):
        self.run_twice("out.tsv", "--top", "1")
        self.run_twice("out.tsv.gz", "--top", "1")
        source = self.path("in.vcf", many(130))
        with Fake(Daemon(items=64)) as f:
            f.answers = self.fail_after(Daemon(items=64), 3)
            self.check(mfd("score", source, "-o", self.path("o.ndjson"), server=f.url), 1)
            f.answers = Daemon(items=64)
            self.check(mfd("score", source, "-o", self.path("o.ndjson"), server=f.url), 0)
        lines = [json.loads(l) for l in self.read("o.ndjson").splitlines()]
        self.assertEqual([l.get("index") for l in lines], [None, *range(260), None])
        self.assertEqual(lines[-1]["summary"]["ok"], 260)

    def test_other_options_another_input_or_fresh_start_over(self):
        source, to = self.path("in.vcf", many(100)), self.path("out.vcf")
        for change in (["--top", "2"], ["--fresh"], ["-e", "none"], "input"):
            with Fake(self.fail_after(Daemon(items=64), 2)) as f:
                self.check(mfd("score", source, "-o", to, server=f.url), 1)
                if change == "input":
                    self.path("in.vcf", many(99))
                again = Daemon(items=64)
                f.answers = again
                options = [] if change == "input" else change
                self.check(mfd("score", source, "-o", to, *options, server=f.url), 0)
                self.assertEqual(sum(again.sizes), 198 if change == "input" else 200)

    def test_effects_named_beside_another_score_are_another_file(self):
        source, to = self.path("in.vcf", many(100)), self.path("out.vcf")
        with Fake(self.fail_after(Daemon(items=64), 2)) as f: # the request is the same: a VCF sums up effects anyway
            self.check(mfd("score", source, "-o", to, "--scores", "sar", server=f.url), 1)
            f.answers = again = Daemon(items=64)
            self.check(mfd("score", source, "-o", to, "--scores", "sar,effect", server=f.url), 0)
            self.assertEqual(sum(again.sizes), 200)
        self.assertIn("MFD_EFFECTS=", self.read("out.vcf").splitlines()[-1])

    def test_another_model_is_refused(self):
        source, to = self.path("in.vcf", many(100)), self.path("out.vcf")
        with Fake(self.fail_after(Daemon(items=64), 2)) as f:
            self.check(mfd("score", source, "-o", to, server=f.url), 1)
            f.answers = Daemon(items=64, digests=["e" * 64] * 9)
            self.check(mfd("score", source, "-o", to, server=f.url), 1, "replaced")

    def test_an_interrupt_leaves_a_run_that_goes_on(self):
        source, to = self.path("in.vcf", many(400)), self.path("out.vcf.gz")
        daemon = Daemon(items=64)
        def slow(request):
            time.sleep(0.05 if request["method"] == "POST" else 0)
            return daemon(request)
        with Fake(slow) as f:
            p = subprocess.Popen([MFD, "score", source, "-o", to, "-S", f.url], stderr=subprocess.PIPE)
            while len(daemon.sizes) < 4:
                time.sleep(0.01)
            p.send_signal(signal.SIGINT)
            _, err = p.communicate(timeout=10)
            self.assertEqual(p.returncode, 130, err)
            self.assertIn(b"goes on from there", err)
            self.assertTrue(os.path.exists(to + ".resume"))
            self.check(mfd("score", source, "-o", to, server=f.url), 0)
            self.assertLess(sum(daemon.sizes), 800 + 2 * 64 + 1)
        self.assertEqual(len([l for l in self.read("out.vcf.gz").splitlines() if l[0] != "#"]), 400)

    def test_standard_input_leaves_nothing_behind(self):
        to = self.path("out.tsv")
        with Fake(self.fail_after(Daemon(items=64), 1)) as f:
            self.check(mfd("score", "-", "-o", to, server=f.url, stdin=many(100).encode()), 1)
        self.assertEqual(os.listdir(self.folder.name), [])


class Progress(Folder):
    def test_a_terminal_sees_rate_share_and_time_left_on_a_line_that_fits(self):
        source, to = self.path("in.vcf", many(100)), self.path("out.vcf")
        daemon = Daemon(items=20)
        def slow(request): # a line is drawn five times a second
            time.sleep(0.21 if request["method"] == "POST" else 0)
            return daemon(request)
        with Fake(slow) as f:
            for columns in (120, 30):
                out = on_terminal([MFD, "score", source, "-o", to, "-S", f.url], {"COLUMNS": str(columns)})
                lines = [l for l in out.replace("\033[K", "").split("\r") if l.strip()]
                self.assertGreater(len(lines), 3)
                for line in lines:
                    self.assertLess(len(line), columns)
                    self.assertRegex(line, r"^\d+ done, [\d.]+/s  \[[=> ]*(\] \d+ %(, \d+:\d\d left)?)?")
                self.assertTrue(out.endswith("\r\033[K"), out[-20:]) # and wiped at the end
            quiet = on_terminal([MFD, "score", source, "-o", to, "-S", f.url, "--quiet"], {})
            self.assertEqual(quiet, "")


class Places(Folder):
    def test_an_output_that_cannot_be_written_is_told_before_anything_is_asked(self):
        with Fake(Daemon()) as f:
            self.check(mfd("score", "chr20-1-A-C", "-o", "/nonexistent/x", server=f.url), 1,
                       "/nonexistent/x")
            self.check(mfd("score", "chr20-1-A-C", "-o", "/dev/null", server=f.url), 1, "regular")
            self.assertEqual(f.requests, [])

    def test_the_name_tells_the_format(self):
        with Fake(Daemon()) as f:
            for name, begins in (("a.json", "{"), ("a.ndjson.gz", "{"), ("a.tsv", "index\t"),
                                 ("a", "index\t")):
                self.check(mfd("predict", "chr20", "-o", self.path(name), server=f.url), 0)
                self.assertTrue(self.read(name).startswith(begins))


if __name__ == "__main__":
    unittest.main()
