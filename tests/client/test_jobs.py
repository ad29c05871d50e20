"""mfd jobs against mfdd, with the demo model and genome."""

import gzip
import json
import os
import subprocess
import unittest

from live import Live, harness
from proxy import SHUT, Proxy, header
from tool import MFD, mfd

REGION = "chr20:42,984,161-42,984,444"  # the promoter of HNF4A
TRACK = "DREAM_HepG2_HNF4A"
VARIANTS = ("chr20-42984264-G-A", "chr20-42984261-C-T")
VCF = "".join(line + "\n" for line in (
    "##fileformat=VCFv4.3", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
    "20\t42984264\t.\tG\tA\t.\t.\t.", "20\t42984261\t.\tC\tT\t.\t.\t."))


class Jobs(Live):
    command = ("jobs",)

    def submit(self, *arguments, **more):
        name = self.ask("submit", *arguments, **more).out.strip()
        self.assertRegex(name, "^[0-9a-f]{16}$")
        return name

    def result(self, name):
        self.ask("wait", name)
        return self.ask("result", name).raw

    def direct(self, path, request, fmt):
        return self.daemon.request("POST", "%s?format=%s" % (path, fmt), request).body

    def file(self, name, content):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as f:
            f.write(content)
        return path

    def test_a_result_is_what_the_server_would_have_answered(self):
        for arguments, path, request in (
                (("predict", REGION, "-t", TRACK, "-e", "none"), "predict",
                 {"intervals": [REGION], "tracks": {"ids": [TRACK]}, "ensemble": "none"}),
                (("features", REGION, "-e", "none"), "features", {"intervals": [REGION], "ensemble": "none"}),
                (("score", *VARIANTS, "-t", TRACK, "--scores", "effect,swap"), "variants/score",
                 {"variants": VARIANTS, "tracks": {"ids": [TRACK]}, "scores": ["effect", "swap"]})):
            for fmt in ("tsv", "ndjson"):
                self.assertEqual(self.result(self.submit(*arguments, "-f", fmt)),
                                 self.direct("/api/v1/" + path, request, fmt))

    def test_a_vcf_and_a_request_of_any_kind_are_sent_as_they_are(self):
        wanted = self.direct("/api/v1/variants/score", {"variants": VARIANTS, "tracks": {"ids": [TRACK]}}, "tsv")
        plain = self.file("calls.vcf", VCF.encode())
        packed = self.file("calls.vcf.gz", gzip.compress(VCF.encode()))
        for arguments in (("score", plain), ("score", "--vcf", packed)):
            self.assertEqual(self.result(self.submit(*arguments, "-t", TRACK)), wanted)
        self.assertEqual(self.result(self.submit("score", "-", "-t", TRACK, stdin=VCF.encode())), wanted)
        fields = self.daemon.request("GET", "/api/v1/models/chr20/fields").json()["fields"]
        request = {"intervals": [REGION], "tracks": {"ids": [TRACK]}, "over": [fields[0]["name"]]}
        path = self.file("request.json", json.dumps(request).encode())
        self.assertEqual(self.result(self.submit("predict/marginal", path, "-f", "json")),
                         self.direct("/api/v1/predict/marginal", request, "json"))

    def test_what_a_list_may_ask_a_vcf_may(self):
        calls = self.file("calls.vcf", VCF.encode())
        contrast = {"a": {"proc_target": "CTCF"}, "b": {"proc_target": "MAX", "Biosample_term_name": ["K562", "HepG2"]},
                    "like": TRACK, "held": "technical"}
        for options, request in (
                (("-w", "proc_target=CTCF,MAX", "-w", "Biosample_term_name=HepG2", "--aggregate", "mean"),
                 {"tracks": {"where": {"proc_target": ["CTCF", "MAX"], "Biosample_term_name": ["HepG2"]}, "aggregate": "mean"}}),
                (("-t", TRACK, "--over", "Library_lab,Processing_pipeline", "--distribution", "uniform", "--levels"),
                 {"tracks": {"ids": [TRACK]}, "over": ["Library_lab", "Processing_pipeline"], "distribution": "uniform",
                  "levels": True}),
                (("--a", "proc_target=CTCF", "--b", "proc_target=MAX", "--b", "Biosample_term_name=K562,HepG2", "--like",
                  TRACK, "--held", "technical", "-c", "total,technical"), {**contrast, "components": ["total", "technical"]}),
                (("--set", "proc_target=MAX", "--like", TRACK, "--bias", "1.5", "--scores", "effect,reference",
                  "--features", "technical"),
                 {"virtual_tracks": [{"id": "what if", "metadata": {"proc_target": "MAX"}, "like": TRACK, "bias": 1.5}],
                  "scores": ["effect", "reference"], "features": ["technical"]})):
            with self.subTest(options=options):
                wanted = self.direct("/api/v1/variants/score", {"variants": VARIANTS, **request}, "tsv")
                self.assertEqual(self.result(self.submit("score", calls, *options)), wanted)
                self.assertEqual(self.result(self.submit("score", *VARIANTS, *options)), wanted)

    def test_a_large_vcf_that_is_packed_already_arrives(self):
        lines = b"".join(b"20\t%d\t%s\tN\tA\t.\t.\t.\n" % (42984000 + i, os.urandom(40).hex().encode())
                         for i in range(2000))
        packed = self.file("large.vcf.gz", gzip.compress(VCF.encode() + lines))
        name = self.submit("score", packed, "-t", TRACK, "-e", "none")
        self.ask("wait", name, code=4)
        path = os.path.join(self.folder.name, "out.tsv")
        self.assertEqual(self.ask("result", name, "-o", path).out, "")
        self.assertIn("submit", self.ask("result", name, "-f", "json", code=2).err)
        with open(path, "rb") as f:
            self.assertEqual(len({line.split(b"\t")[0] for line in f}), 2003)

    def score(self, *arguments, code=0, **more):
        return self.check(mfd("score", *arguments, server=self.url, timeout=300, **more), code)

    def test_score_computes_a_file_as_a_job_and_answers_as_without(self):
        lines = "".join("20\t%d\tv%d\t%s\tA\t.\t.\t.\n" % (42984000 + i, i, "ACGT"[i % 4]) for i in range(120))
        calls = self.file("score.vcf", (VCF + lines + "9\t1\t.\tA\tC\t.\t.\t.\n").encode())
        before = self.ask("list").rows()
        for fmt in ("tsv", "ndjson", "json", "vcf"):
            arguments = (calls, "-t", TRACK, "-e", "none", "-f", fmt)
            wanted = self.score(*arguments, code=4)
            told = self.score(*arguments, "--job", code=4)
            self.assertEqual(told.raw, wanted.raw)
            self.assertRegex(told.err, "job [0-9a-f]{16}")
            self.assertIn(wanted.err.splitlines()[-1], told.err)
        direct = self.daemon.request("POST", "/api/v1/variants/score", {"variants": VARIANTS}).json()
        whole = json.loads(self.score(*VARIANTS, "--job", "-f", "json", "-c", "total").out)
        self.assertEqual([r["effect"]["total"] for r in whole["results"]],
                         [r["effect"]["total"] for r in direct["results"]])
        self.assertEqual(self.ask("list").rows(), before)  # each is forgotten once it is here
        to = os.path.join(self.folder.name, "effects.vcf.gz")
        self.score(calls, "-t", TRACK, "-e", "none", "--job", "-o", to, code=4)
        with gzip.open(to) as file:
            self.assertEqual(file.read(), self.score(calls, "-t", TRACK, "-e", "none", "-f", "vcf", code=4).raw)

    def test_a_job_may_be_larger_than_a_request_and_is_cut_where_it_is_too_large(self):
        small = harness.Daemon("--demo", settings={"limits.items": 5, "limits.job_items": 70})
        self.addCleanup(small.stop)
        self.addCleanup(setattr, self, "url", self.url)
        lines = "".join("chr20-%d-G-T\n" % p for p in range(42984000, 42984100)).encode()
        arguments = ("-", "-t", TRACK, "-e", "none")
        wanted = self.score(*arguments, code=4, stdin=lines)
        self.url = "http://127.0.0.1:%d" % small.port
        told = self.score(*arguments, "--job", code=4, stdin=lines)
        self.assertEqual(told.out, wanted.out)
        self.assertEqual(told.err.count("mfd: job "), 2)

    def broken(self, *cuts, code=0):
        """Some scores by way of connections that break; what was sent, answered and said."""
        proxy = Proxy(self.daemon.port)
        self.addCleanup(proxy.close)
        self.addCleanup(setattr, self, "url", self.url)
        lines = "".join("chr20-%d-%s-%s\n" % (p, r, a) for p in range(42984000, 42984040)
                        for r in "ACGT" for a in "ACGT" if r != a).encode()
        arguments = ("-", "-w", "Biosample_term_name=HepG2", "-e", "none", "-f", "ndjson", "--retries", "3")
        wanted = self.score(*arguments, code=4, stdin=lines)
        self.url, proxy.cuts = proxy.url, list(cuts)
        told = self.score(*arguments, "--job", code=code, stdin=lines)
        self.url = "http://127.0.0.1:%d" % self.daemon.port
        posts = [h for h in proxy.heads if h.startswith("POST /api/v1/jobs ")]
        reads = [h for h in proxy.heads if h.startswith("GET /api/v1/jobs/") and "/result HTTP" in h]
        return wanted, told, posts, reads

    def test_a_result_whose_connection_breaks_is_read_on(self):
        before = self.ask("list").rows()
        result = "GET /api/v1/jobs/"
        wanted, told, posts, reads = self.broken((result, 60000), 50000, code=4)
        self.assertEqual(told.raw, wanted.raw)
        self.assertEqual(told.err.count("going on"), 2)
        self.assertEqual((len(posts), len(reads)), (1, 3))
        self.assertIsNone(header(reads[0], "range"))
        a, b = (int(header(h, "range")[6:-1]) for h in reads[1:])
        self.assertTrue(40000 < a < 60000 and 40000 < b - a < 50000, (a, b))
        self.assertEqual(header(reads[1], "if-range"), header(reads[2], "if-range"))
        self.assertEqual(self.ask("list").rows(), before)

    def test_a_result_that_cannot_be_had_is_kept_and_not_computed_again(self):
        wanted, told, posts, reads = self.broken(("GET /api/v1/jobs/", 60000), *[SHUT] * 4, code=3)
        self.assertTrue(wanted.raw.startswith(told.raw) and len(told.raw) > 30000)
        self.assertEqual(len(posts), 1)
        name = told.err.split("mfd jobs show ")[1][:16]
        self.assertEqual(len(self.ask("result", name).raw.splitlines()), len(wanted.raw.splitlines()))
        self.ask("delete", name)

    def test_a_job_is_made_once_however_often_it_is_submitted(self):
        before = self.ask("list").rows()
        wanted, told, posts, _ = self.broken(("POST /api/v1/jobs ", 10), ("POST /api/v1/jobs ", 10), code=4)
        self.assertEqual(told.raw, wanted.raw)
        self.assertEqual(len(posts), 3)
        self.assertEqual(len({header(h, "idempotency-key") for h in posts}), 1)
        self.assertRegex(header(posts[0], "idempotency-key"), "^[0-9a-f]{32}$")
        self.assertEqual(self.ask("list").rows(), before)

    def begin(self, url, *arguments):
        """A run that is killed once its job is made; the job's name."""
        with subprocess.Popen([MFD, "score", *arguments, "--job"], env={"MFD_SERVER": url}, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as p:
            name = next(line for line in p.stderr if line.startswith("mfd: job ")).split()[-1]
            p.kill()
            p.wait()
        return name

    def test_a_run_that_is_killed_finds_its_job_again(self):
        lines = "".join("20\t%d\tv%d\t%s\tA\t.\t.\t.\n" % (42984000 + i, i, "ACGT"[i % 4]) for i in range(300))
        calls, before = self.file("killed.vcf", (VCF + lines).encode()), self.ask("list").rows()
        for ending in ("tsv", "vcf.gz"):
            to = os.path.join(self.folder.name, "killed." + ending)
            arguments = (calls, "-t", TRACK, "-e", "none", "-o", to)
            name = self.begin(self.url, *arguments)
            self.assertFalse(os.path.exists(to))
            told = self.score(*arguments, "--job", code=4)
            self.assertIn("going on with the job", told.err)
            self.assertIn("mfd: job %s\n" % name, told.err)
            with open(to, "rb") as f:
                content = f.read()
            self.score(*arguments, code=4)
            with open(to, "rb") as f:
                self.assertEqual(f.read(), content)
            self.assertEqual(self.ask("list").rows(), before)

    def test_a_job_that_was_cancelled_or_is_of_another_request_is_not_gone_on_with(self):
        held = harness.Daemon("--demo", settings={"jobs.at_once": 0})
        self.addCleanup(held.stop)
        url = "http://127.0.0.1:%d" % held.port
        calls, to = self.file("again.vcf", VCF.encode()), os.path.join(self.folder.name, "again.tsv")
        arguments = (calls, "-t", TRACK, "-o", to)
        first = self.begin(url, *arguments)
        self.assertEqual(self.begin(url, *arguments), first)
        second = self.begin(url, *arguments, "--fresh")
        self.assertNotEqual(second, first)
        self.assertEqual(held.request("DELETE", "/api/v1/jobs/" + second).json()["state"], "cancelled")
        third = self.begin(url, *arguments)
        self.assertNotIn(third, (first, second))
        self.assertEqual(self.begin(url, *arguments), third)
        other = held.request("POST", "/api/v1/jobs", {"operation": "variants/score", "request": {"variants": VARIANTS}},
                             {"Idempotency-Key": "of another"}).json()["id"]
        with open(to + ".resume", encoding="ascii") as f:
            note = json.load(f)
        with open(to + ".resume", "w", encoding="ascii") as f:
            json.dump({**note, "job": "of another"}, f)
        fourth = self.begin(url, *arguments)
        self.assertNotIn(fourth, (first, second, third, other))
        self.assertEqual(self.begin(url, *arguments), fourth)

    def test_a_job_that_fails_is_told_and_kept(self):
        held = harness.Daemon("--demo", settings={"jobs.at_once": 0})
        self.addCleanup(held.stop)
        url = "http://127.0.0.1:%d" % held.port
        p = subprocess.Popen([MFD, "score", "--job", *VARIANTS, "-t", TRACK], env={"MFD_SERVER": url},
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(p.kill)
        name = p.stderr.readline().split()[-1]
        self.assertEqual(held.request("DELETE", "/api/v1/jobs/" + name).status // 100, 2)
        out, said = p.communicate(timeout=60)
        self.assertEqual((p.returncode, out), (1, ""), said)
        self.assertIn("cancelled", said)
        self.assertIn("mfd jobs show " + name, said)

    def test_jobs_are_listed_shown_ended_and_forgotten(self):
        name = self.submit("predict", REGION)
        row = next(r for r in self.ask("list").rows() if r["id"] == name)
        self.assertEqual((row["operation"], row["items"]), ("predict", "1"))
        self.ask("wait", name)
        self.assertIn("state\tdone", self.ask("show", name).out)
        self.ask("cancel", name)
        self.assertIn("state\tdone", self.ask("show", name).out)
        self.ask("delete", name)
        self.assertIn("no job", self.ask("show", name, code=1).err)

    def test_what_has_not_ended_is_cancelled(self):
        held = harness.Daemon("--demo", settings={"jobs.at_once": 0})
        self.addCleanup(held.stop)
        self.addCleanup(setattr, self, "url", self.url)
        self.url = "http://127.0.0.1:%d" % held.port
        name = self.submit("predict", REGION)
        self.ask("cancel", name)
        self.assertIn("cancelled", self.ask("wait", name, code=1).err)
        self.assertIn("cancelled", self.ask("result", name, code=1).err)
        other = self.submit("predict", REGION)
        self.ask("delete", name, other)
        self.assertEqual(self.ask("list").rows(), [])

    def test_what_makes_no_sense_is_a_usage_error(self):
        for arguments in (("submit",), ("submit", "dance", "x"), ("wait",), ("frob", "x"),
                          ("submit", "predict", REGION, "--over", "Library_lab"),
                          ("submit", "score", *VARIANTS, "--levels"), ("submit", "score", *VARIANTS, "--a", "x=y")):
            self.ask(*arguments, code=2)
        self.assertIn("no operation", self.ask("submit", "dance", self.file("r.json", b"{}"), code=1).err)
        self.assertIn("cannot read '/nonexistent.json': No such file", self.ask("submit", "ism", "/nonexistent.json", code=1).err)


if __name__ == "__main__":
    unittest.main()
