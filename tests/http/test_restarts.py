"""Jobs over restarts of the daemon, retention, and disks without room."""
import hashlib
import os
import shutil
import signal
import sqlite3
import tempfile
import unittest

import harness
from test_jobs import JOBS, SLOW, envelope, predict


class Restarts(unittest.TestCase):
    """What a daemon leaves, the next one goes on with."""
    models, genomes = {"tiny": "tiny"}, {"region": "region.fa"}

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="mfd-state-")
        self.addCleanup(self.directory.cleanup)

    def start(self, **more):
        options = {"models": self.models, "genomes": self.genomes, "settings": {**SLOW}, **more}
        return harness.Daemon(state=self.directory.name, **options)

    @staticmethod
    def job(daemon, name):
        return daemon.request("GET", JOBS + "/" + name).json()

    def finish(self, daemon, name):
        daemon.wait_until(lambda: self.job(daemon, name)["state"] not in ("queued", "running"), 0.02)
        return self.job(daemon, name)

    def run_one(self, daemon, request, **more):
        return daemon.request("POST", JOBS, envelope("predict", request, **more)).json()["id"]

    def test_a_stopped_daemon_leaves_its_job_to_the_next(self):
        request = predict(2560)
        daemon = self.start()
        name, behind = self.run_one(daemon, request, format="ndjson"), self.run_one(daemon, predict(1))
        daemon.wait_until(lambda: self.job(daemon, name)["progress"]["done"] >= 256, 0.02)
        daemon.stop()
        daemon = self.start()
        started = self.job(daemon, name)
        self.assertGreaterEqual(started["progress"]["done"], 256)
        job = self.finish(daemon, name)
        self.assertEqual((job["state"], job["summary"]["ok"]), ("done", 2560))
        self.assertEqual(self.finish(daemon, behind)["state"], "done")
        resumed = daemon.request("GET", JOBS + "/" + name + "/result").body
        again = self.run_one(daemon, request, format="ndjson")
        self.finish(daemon, again)
        self.assertEqual(resumed, daemon.request("GET", JOBS + "/" + again + "/result").body)
        daemon.stop()

    def test_a_copy_taken_while_it_runs_goes_on_by_itself(self):
        """As mfdd(8) says: the database first, by SQLite's own copying, then the two folders."""
        daemon = self.start(models={})
        with open(harness.bundle("tiny"), "rb") as f:
            daemon.request("PUT", "/api/v1/models/sent", f.read(), {"Content-Type": "application/octet-stream"})
        name = self.run_one(daemon, predict(2560), format="ndjson")
        daemon.wait_until(lambda: self.job(daemon, name)["progress"]["done"] >= 256, 0.02)
        copy = self.directory.name + "-copy"
        self.addCleanup(shutil.rmtree, copy, True)
        os.mkdir(copy)
        with sqlite3.connect(self.directory.name + "/mfd.db") as live, sqlite3.connect(copy + "/mfd.db") as kept:
            live.backup(kept)
        for folder in ("models", "jobs"):
            shutil.copytree(os.path.join(self.directory.name, folder), os.path.join(copy, folder))
        self.finish(daemon, name)
        whole = daemon.request("GET", JOBS + "/" + name + "/result").body
        daemon.request("DELETE", "/api/v1/models/sent")
        daemon.stop()
        daemon = harness.Daemon(state=copy, genomes=self.genomes, settings=SLOW)
        self.assertEqual(self.finish(daemon, name)["state"], "done")
        self.assertEqual(daemon.request("GET", JOBS + "/" + name + "/result").body, whole)
        daemon.stop()

    def test_a_job_whose_model_is_gone_says_so(self):
        daemon = self.start(settings={"jobs.at_once": 0})
        name = self.run_one(daemon, predict(3))
        daemon.stop()
        daemon = self.start(models={"tiny": "order2"})
        job = self.finish(daemon, name)
        self.assertEqual(job["state"], "done", "the registry still has it, and it serves")
        daemon.stop()
        daemon = self.start(settings={"jobs.at_once": 0})
        name = self.run_one(daemon, predict(3))
        self.assertEqual(daemon.request("DELETE", "/api/v1/models/" + self.job(daemon, name)["model"]).status, 204)
        daemon.stop()
        daemon = self.start(models={"other": "order2"})
        job = self.finish(daemon, name)
        self.assertEqual((job["state"], job["problem"]["type"]), ("failed", "/problems/model-gone"))
        self.assertIn("tiny@", job["problem"]["detail"])
        answer = daemon.request("GET", JOBS + "/" + name + "/result")
        self.assertEqual((answer.status, answer.slug), (409, "result-incomplete"))
        daemon.stop()

    def test_a_job_whose_request_means_another_genome_now_says_so(self):
        daemon = self.start(settings={"jobs.at_once": 0})
        name, named = self.run_one(daemon, predict(3)), self.run_one(daemon, predict(3, genome="region"))
        daemon.stop()
        daemon = self.start(genomes={"other": "region.fa"})
        job = self.finish(daemon, name)
        self.assertEqual((job["state"], job["problem"]["type"]), ("failed", "/problems/model-gone"))
        self.assertEqual(self.finish(daemon, named)["problem"]["type"], "/problems/genome-not-found")
        daemon.stop()

    def half(self, daemon, request, **more):
        """A job that has a part of its result, when its daemon has stopped."""
        name = self.run_one(daemon, request, **more)
        daemon.wait_until(lambda: self.job(daemon, name)["progress"]["done"] >= 256, 0.02)
        daemon.stop()
        return name

    def write_genome(self, path, change=lambda bases: bases):
        """A copy of the region's FASTA with its index; its digest as the daemon names it."""
        with open(os.path.join(harness.DATA, "region.fa"), encoding="ascii") as f:
            head, _, bases = f.read().partition("\n")
        with open(path, "w", encoding="ascii") as f:
            f.write(head + "\n" + change(bases))
        shutil.copy(os.path.join(harness.DATA, "region.fa.fai"), path + ".fai")
        digest = hashlib.sha256()
        for name in (path, path + ".fai"):
            with open(name, "rb") as f:
                digest.update(f.read())
        return digest.hexdigest()

    def test_a_genome_that_is_replaced_ends_the_jobs_that_began_with_it(self):
        path = self.directory.name + "/copy.fa"
        before = self.write_genome(path)
        name = self.half(self.start(genomes={"region": path}), predict(2560), format="ndjson")
        after = self.write_genome(path, lambda bases: bases.translate(str.maketrans("ACac", "CAca")))
        daemon = self.start(genomes={"region": path})
        job = self.finish(daemon, name)
        self.assertEqual((job["state"], job["problem"]["type"]), ("failed", "/problems/genome-changed"))
        for word in ("'region'", before, after):
            self.assertIn(word, job["problem"]["detail"])
        fresh = self.run_one(daemon, predict(3))
        self.assertEqual(self.finish(daemon, fresh)["state"], "done")
        self.write_genome(path)
        late = self.run_one(daemon, predict(3))  # the daemon has the other one open
        self.assertEqual(self.finish(daemon, late)["problem"]["type"], "/problems/genome-changed")
        daemon.stop()

    def rewrite_in_place(self, path):
        """Other bases in the very file that is open: its size, its index and its headers stay right."""
        with open(path, "r+", encoding="ascii") as f:
            text = f.read()
            at = text.index("\n") + 1
            f.seek(at)
            f.write(text[at:].translate(str.maketrans("ACac", "CAca")))

    def test_a_genome_that_is_rewritten_is_read_no_more(self):
        path = self.directory.name + "/copy.fa"
        self.write_genome(path)
        daemon = self.start(genomes={"region": path})
        whole = self.run_one(daemon, predict(2560), format="ndjson")
        self.assertEqual(self.finish(daemon, whole)["state"], "done")
        name = self.run_one(daemon, predict(2560), format="ndjson")
        daemon.wait_until(lambda: self.job(daemon, name)["progress"]["done"] >= 256, 0.02)
        self.rewrite_in_place(path)
        job = self.finish(daemon, name)
        self.assertEqual((job["state"], job["problem"]["type"]), ("failed", "/problems/genome-changed"))
        self.assertIn(path, job["problem"]["detail"])
        result = JOBS + "/%s/result"
        had = daemon.request("GET", result % name, headers={"Range": "bytes=0-"}).body
        self.assertGreater(len(had), 1000)
        self.assertTrue(daemon.request("GET", result % whole).body.startswith(had), "bases of the other content")
        for path, body in (("predict", predict(3)), ("ism", {"intervals": ["region1:9000-9001"]}),
                           ("variants/score", {"variants": ["region1-9000-A-C", "region1-9000-C-A"]})):
            answer = daemon.request("POST", "/api/v1/" + path, body)
            self.assertEqual((answer.status, answer.slug), (500, "genome-changed"), answer.body)
            self.assertNotIn("retry-after", answer.headers)
        daemon.stop()

    def md5(self, daemon):
        def told():
            return daemon.request("GET", "/api/v1/genomes").json()["genomes"][0]["contigs"][0]["md5"]
        daemon.wait_until(told, 0.02)
        return told()

    def test_digests_of_a_genome_are_never_those_of_another_that_took_its_place(self):
        path, other = self.directory.name + "/copy.fa", self.directory.name + "/other.fa"
        self.write_genome(path)
        self.write_genome(other, lambda bases: bases.translate(str.maketrans("ACac", "CAca")))
        os.utime(path, (1e9, 1e9))  # not written in one tick of the clock
        wanted = []
        for name in (path, other):
            with open(name, encoding="ascii") as f:
                wanted.append(hashlib.md5(f.read().partition("\n")[2].replace("\n", "").upper().encode()).hexdigest())
        daemon = self.start(genomes={"region": path})
        os.replace(other, path)
        self.assertEqual(self.md5(daemon), wanted[0], "of what is open")
        daemon.stop()
        daemon = self.start(genomes={"region": path})
        self.assertEqual(self.md5(daemon), wanted[1])
        self.rewrite_in_place(path)
        answer = daemon.request("GET", "/sequence/%s?start=10&end=20" % wanted[1])
        self.assertEqual((answer.status, answer.slug), (500, "genome-changed"))
        daemon.stop()

    def test_a_genome_that_is_copied_does_not(self):
        path, other = self.directory.name + "/copy.fa", self.directory.name + "/moved.fa"
        self.write_genome(path)
        name = self.half(self.start(genomes={"region": path}), predict(2560), format="ndjson")
        os.remove(path)
        self.write_genome(other)
        daemon = self.start(genomes={"region": other})
        self.assertEqual(self.finish(daemon, name)["state"], "done")
        again = self.run_one(daemon, predict(2560), format="ndjson")
        self.finish(daemon, again)
        results = [daemon.request("GET", JOBS + "/" + x + "/result").body for x in (name, again)]
        self.assertEqual(results[0], results[1])
        daemon.stop()

    def test_a_job_goes_on_with_the_model_it_began_with(self):
        daemon = self.start()
        before = self.job(daemon, self.run_one(daemon, predict(1)))["model"]
        name = self.half(daemon, predict(2560), format="ndjson")
        daemon = self.start(models={"tiny": "order2"})
        self.assertNotEqual(self.job(daemon, self.run_one(daemon, predict(1)))["model"], before)
        self.assertEqual(self.finish(daemon, name)["state"], "done")
        again = self.run_one(daemon, predict(2560, model=before), format="ndjson")
        self.finish(daemon, again)
        results = [daemon.request("GET", JOBS + "/" + x + "/result").body for x in (name, again)]
        self.assertEqual(results[0], results[1])
        daemon.stop()

    def test_a_bundle_that_is_overwritten_ends_the_jobs_that_began_with_it(self):
        path = self.directory.name + "/one.mfd"
        shutil.copy(harness.bundle("tiny"), path)
        name = self.half(self.start(models={"one": path}), predict(2560), format="ndjson")
        shutil.copy(harness.bundle("order2"), path)
        daemon = self.start(models={"one": path})
        job = self.finish(daemon, name)
        self.assertEqual((job["state"], job["problem"]["type"]), ("failed", "/problems/model-gone"))
        self.assertIn("one@", job["problem"]["detail"])
        daemon.stop()

    def test_what_expires_is_swept(self):
        daemon = self.start(settings={"jobs.keep_s": 1})
        name = self.run_one(daemon, predict(1))
        daemon.wait_until(lambda: daemon.request("GET", JOBS + "/" + name).status == 404, 0.1)
        self.assertEqual(os.listdir(self.directory.name + "/jobs"), [])
        daemon.stop()

    def test_what_a_crash_left_is_removed(self):
        daemon = self.start()
        name = self.run_one(daemon, predict(1))
        self.finish(daemon, name)
        daemon.stop()
        jobs = self.directory.name + "/jobs/"
        for orphan in ("upload-x1y2z3", "0123456789abcdef.in", "0123456789abcdef.out"):
            with open(jobs + orphan, "w", encoding="ascii"):
                pass
        daemon = self.start()
        self.assertEqual(os.listdir(jobs), [name + ".out"])
        daemon.stop()

    def test_another_version_of_the_server_starts_over(self):
        daemon = self.start()
        name = self.run_one(daemon, predict(2560), format="tsv")
        daemon.wait_until(lambda: self.job(daemon, name)["progress"]["done"] >= 256, 0.02)
        daemon.stop()
        with sqlite3.connect(self.directory.name + "/mfd.db") as db:
            db.execute("UPDATE jobs SET server = 'older'")
        db.close()
        with open("%s/jobs/%s.out" % (self.directory.name, name), "r+b") as f:
            f.write(b"rounded otherwise")
        daemon = self.start()
        self.assertEqual(self.finish(daemon, name)["summary"]["ok"], 2560)
        body = daemon.request("GET", JOBS + "/" + name + "/result").body
        self.assertTrue(body.startswith(b"index\t"), body[:40])
        daemon.stop()

    def test_a_vcf_whose_daemon_is_killed_is_the_same_to_the_byte(self):
        contig, bases = next(harness.records("region.fa"))
        rows = ["%s\t%d\trs%d\t%s\t%s\t.\tPASS\tDP=%d" % (contig, 10000 + i, i, bases[9999 + i].upper(), ",".join(
            b for b in "ACGT" if b != bases[9999 + i].upper()), i) for i in range(900)]
        rows.insert(400, "%s\t11000\tbad\tA\t<DEL>\t.\t.\t." % contig)
        body = ("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "\n".join(rows) + "\n").encode()

        def submit(daemon):
            answer = daemon.request("POST", JOBS + "?format=vcf&components=total,biological,technical&top=2&ensemble=strands",
                                    body, {"Content-Type": "text/vcf"})
            self.assertEqual(answer.status, 202, answer.body)
            return answer.json()["id"]

        daemon, seen = self.start(), 0
        name = submit(daemon)
        for _ in range(3):
            daemon.wait_until(lambda: self.job(daemon, name)["progress"]["done"] > seen, 0.01)
            daemon.process.kill()
            daemon.stop(sign=None, code=-signal.SIGKILL)
            daemon = self.start()
            job = self.job(daemon, name)
            self.assertIn(job["state"], ("queued", "running"), "killed too late to be a test")
            self.assertGreater(job["progress"]["done"], seen)
            seen = job["progress"]["done"]
        self.assertEqual(self.finish(daemon, name)["state"], "done")
        killed = daemon.request("GET", JOBS + "/" + name + "/result").body
        daemon.stop()
        calm = harness.Daemon(models=self.models, genomes=self.genomes)
        again = submit(calm)
        self.assertEqual(self.finish(calm, again)["state"], "done")
        self.assertEqual(calm.request("GET", JOBS + "/" + again + "/result").body, killed)
        self.assertEqual(sum(not line.startswith(b"#") for line in killed.splitlines()), len(rows))
        calm.stop()

    def test_a_job_waits_while_the_disk_has_no_room(self):
        daemon = self.start(settings={**SLOW, "limits.job_disk_bytes": 300000})
        name = self.run_one(daemon, predict(2560), format="tsv")
        daemon.wait_until(lambda: "stuck" in self.job(daemon, name), 0.02)
        job = self.job(daemon, name)
        self.assertEqual((job["state"], job["stuck"]["type"]), ("running", "/problems/disk-full"))
        self.assertLessEqual(job["result"]["available"], 300000)
        refused = daemon.request("POST", JOBS, envelope("predict", predict(20000)))
        self.assertEqual((refused.status, refused.slug), (507, "disk-full"))
        daemon.stop()
        daemon = self.start()
        job = self.finish(daemon, name)
        self.assertEqual((job["state"], job["summary"]["ok"]), ("done", 2560))
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
