"""Jobs: submission, progress, results by range, cancelling, keys, owners, room."""
import gzip
import os
import subprocess
import tempfile
import unittest

import harness

JOBS = "/api/v1/jobs"
WINDOWS = [bases for _, bases in harness.records("tiny/windows.fa")]
# Parts of a job wait this long for company that does not come: a job of many parts takes its time.
SLOW = {"batch.delay_ms": 150, "batch.passes": 65536, "batch.target_ms": 10000}


def predict(n, **more):
    """n inputs of one window each."""
    places = (2000 + i * 37 % 55000 for i in range(n))
    return {"intervals": ["region1:%d-%d" % (p, p) for p in places], "ensemble": "none", **more}


def envelope(operation, request, **more):
    return dict({"operation": operation, "request": request}, **more)


class Jobs(harness.Case):
    def submit(self, operation, request, headers=None, connection=None, **more):
        answer = self.post(JOBS, envelope(operation, request, **more), headers, connection=connection)
        self.assertEqual(answer.status, 202, answer.body)
        self.assertEqual(answer.headers["location"], JOBS + "/" + answer.json()["id"])
        return answer.json()["id"]

    def job(self, name, headers=None):
        answer = self.get("%s/%s" % (JOBS, name), headers)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json()

    def wait(self, name, *states, headers=None):
        states = states or ("done",)
        self.daemon.wait_until(lambda: self.job(name, headers)["state"] not in ("queued", "running") or
                               self.job(name, headers)["state"] in states, 0.02)
        job = self.job(name, headers)
        self.assertIn(job["state"], states, job)
        return job

    def result(self, name, headers=None, **kwargs):
        return self.get("%s/%s/result" % (JOBS, name), headers, **kwargs)


class Done(Jobs):
    models = {"tiny": "tiny", "plain@1": "baseline"}

    def check(self, path, request, operation, **more):
        """The job's result is the synchronous answer, byte for byte."""
        name = self.submit(operation, request, **more)
        job = self.wait(name)
        target = path + ("?format=" + more["format"] if "format" in more else "")
        direct = self.post(target, request)
        self.assertEqual(direct.status, 200, direct.body)
        whole = self.result(name)
        self.assertEqual((whole.status, whole.body), (200, direct.body))
        self.assertEqual(whole.headers["content-type"], direct.headers["content-type"])
        self.assertEqual(job["result"]["available"], len(direct.body))
        self.assertEqual(job["progress"]["done"], job["progress"]["items"])
        return job

    def test_every_operation_gives_the_bytes_of_its_synchronous_answer(self):
        intervals = {"intervals": [{"chrom": "region1", "start": 3000, "end": 3900}, "region1:1-2"],
                     "ensemble": "strands"}
        variants = {"variants": [{"chrom": "region1", "pos": 4000 + i, "ref": r, "alt": a}
                                 for i in range(4) for r, a in ("AC", "CA", "GT", "TG")], "ensemble": "published"}
        for fmt in ("json", "ndjson", "tsv", "npy", "bedgraph"):
            self.check("/api/v1/predict", intervals, "predict", format=fmt)
        track = self.get("/api/v1/models/tiny/tracks?limit=1").json()["tracks"][0]["id"]
        self.check("/api/v1/predict", predict(600, tracks={"ids": [track]}), "predict", format="bedgraph")
        self.check("/api/v1/predict", predict(600), "predict")
        self.check("/api/v1/predict", {"sequences": WINDOWS, "ensemble": "none"}, "predict")
        self.check("/api/v1/features", predict(3), "features", format="ndjson")
        for fmt in ("json", "tsv", "npy"):
            job = self.check("/api/v1/variants/score", variants, "variants/score", format=fmt)
        for fmt in ("json", "ndjson", "tsv", "npy"):
            self.check("/api/v1/ism", {"intervals": ["region1:3001-3150", "nowhere:1", "region1:1-5"],
                                       "ensemble": "none"}, "ism", format=fmt)
        summary = job["summary"]
        self.assertGreater(summary["ok"], 0)
        self.assertEqual(summary["items"], 16)
        column = self.get("/api/v1/models/tiny/fields").json()["fields"][0]["name"]
        self.check("/api/v1/predict/marginal", predict(2, over=[column]), "predict/marginal")
        self.assertEqual(job["provenance"]["model"], "tiny")
        infer = {"inputs": [{"name": "sequence", "datatype": "BYTES", "shape": [2], "data": WINDOWS[:2]}],
                 "parameters": {"ensemble": "none"}}
        self.check("/v2/models/plain/versions/1/infer", infer, "infer", parameters={"model": "plain", "version": "1"})

    def test_binary_outputs_of_infer_come_with_the_length_of_their_json(self):
        infer = {"inputs": [{"name": "sequence", "datatype": "BYTES", "shape": [2], "data": WINDOWS[:2]}],
                 "outputs": [{"name": "logits", "parameters": {"binary_data": True}}]}
        name = self.submit("infer", infer, parameters={"model": "tiny"})
        self.wait(name)
        direct, whole = self.post("/v2/models/tiny/infer", infer), self.result(name)
        self.assertEqual(whole.body, direct.body)
        for header in ("inference-header-content-length", "content-type"):
            self.assertEqual(whole.headers[header], direct.headers[header])

    def test_every_operation_that_there_is_can_be_a_job(self):
        answer = self.post(JOBS, envelope("nothing", {}), check=False)
        self.assertProblem(answer, 400, "invalid-value")
        self.assertEqual(answer.json()["pointer"], "/operation")
        named = set(answer.json()["detail"].split("there is ")[1].rstrip(".").split(", "))
        posts = {path[len("/api/v1/"):] for path, item in harness.CONTRACT.document["paths"].items()
                 if path.startswith("/api/v1/") and "413" in item.get("post", {}).get("responses", {})}
        self.assertEqual(named, posts | {"infer"})

    def test_a_vcf_is_posted_as_it_is(self):
        records = ["region1\t%d\t.\tA\tC\t.\t.\t." % (3000 + i) for i in range(700)]
        text = "\n".join(["##fileformat=VCFv4.3", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"] + records) + "\n"
        query = "?ensemble=none&scores=effect&format=tsv"
        direct = self.post("/api/v1/variants/score" + query, text.encode(), {"Content-Type": "text/vcf"})
        for body, headers in ((text.encode(), {"Content-Type": "text/vcf"}),
                              (gzip.compress(text.encode()), {"Content-Type": "application/gzip"}),
                              (gzip.compress(text.encode()), {"Content-Type": "text/vcf",
                                                              "Content-Encoding": "gzip"})):
            answer = self.post(JOBS + query + "&operation=variants/score", body, headers)
            self.assertEqual(answer.status, 202, answer.body)
            self.assertEqual(self.wait(answer.json()["id"])["progress"]["items"], 700)
            self.assertEqual(self.result(answer.json()["id"]).body, direct.body)

    def test_a_refusal_tells_of_jobs_and_a_job_takes_it(self):
        request = predict(1001)
        refused = self.post("/api/v1/predict", request)
        self.assertEqual(refused.status, 413)
        answer = self.post(refused.json()["links"]["jobs"], envelope("predict", request))
        self.assertEqual(answer.status, 202)
        self.wait(answer.json()["id"])
        scan = {"intervals": ["region1:3001-3600"], "ensemble": "none", "tracks": {"aggregate": "mean"}}
        refused = self.post("/api/v1/ism", scan)
        self.assertEqual((refused.status, refused.json()["limit"]["name"]), (413, "ism_bases"))
        longer = self.post(refused.json()["links"]["jobs"], envelope("ism", scan)).json()["id"]
        self.wait(longer)
        self.assertEqual(len(self.result(longer).json()["results"][0]["bases"]), 600)
        results = self.result(answer.json()["id"]).json()
        self.assertEqual([r["index"] for r in results["results"]], list(range(1001)))
        self.assertEqual(results["summary"]["ok"], 1001)

    def test_what_is_wrong_is_said_at_once_and_in_its_place(self):
        for body, slug, pointer in (
                (envelope("predict", predict(1, model="none")), "model-not-found", "/request/model"),
                (envelope("predict", {"sequences": ["ACGT"], "strict": True}), "length-mismatch",
                 "/request/sequences/0"),
                (envelope("predict", {"sequence": []}), "unknown-member", "/request/sequence"),
                (envelope("predict", predict(1), more=1), "unknown-member", "/more"),
                (envelope("predict", []), "wrong-type", "/request"),
                ({"operation": "predict"}, "missing-member", ""),
                (envelope("infer", {}, parameters={"model": 1}), "wrong-type", "/parameters")):
            answer = self.post(JOBS, body)
            self.assertEqual((answer.slug, answer.json().get("pointer")), (slug, pointer), answer.body)
        self.assertProblem(self.post(JOBS, envelope("features", predict(1), format="bedgraph")), 406, "not-acceptable",
                           "ndjson")
        self.assertProblem(self.post(JOBS + "?operation=predict", b"x", {"Content-Type": "text/vcf"}), 415,
                           "unsupported-media-type")
        self.assertProblem(self.post(JOBS, b"x", {"Content-Type": "text/vcf"}), 400, "malformed-vcf")
        self.assertProblem(self.post(JOBS + "?pad=1", envelope("predict", predict(1))), 400, "invalid-parameter")
        self.assertProblem(self.get(JOBS + "/0123456789abcdef"), 404, "not-found")
        self.assertProblem(self.get(JOBS + "?state=ill"), 400, "invalid-parameter", "cancelled")
        left = [f for f in os.listdir(self.daemon.state + "/jobs") if not f.endswith(".out")]
        self.assertEqual(left, [])

    def test_a_dry_run_tells_the_cost_and_makes_no_job(self):
        before = len(self.get(JOBS + "?limit=1000").json()["jobs"])
        answer = self.post(JOBS, envelope("predict", predict(1500, dry_run=True)))
        self.assertEqual((answer.status, answer.json()["cost"]["passes"]), (200, 1500))
        self.assertEqual(len(self.get(JOBS + "?limit=1000").json()["jobs"]), before)

    def test_a_finished_result_is_read_whole_or_by_range(self):
        name = self.submit("predict", predict(40), {"Accept": "text/tab-separated-values"})
        self.wait(name)
        whole = self.result(name)
        self.assertEqual(whole.headers["content-type"].split(";")[0], "text/tab-separated-values")
        n, tag = len(whole.body), whole.headers["etag"]
        for text, first, last in (("0-9", 0, 9), ("%d-" % (n - 5), n - 5, n - 1), ("-7", n - 7, n - 1),
                                  ("10-%d" % (2 * n), 10, n - 1), ("-%d" % (2 * n), 0, n - 1)):
            part = self.result(name, {"Range": "bytes=" + text, "If-Range": tag})
            self.assertEqual((part.status, part.body), (206, whole.body[first:last + 1]), text)
            self.assertEqual(part.headers["content-range"], "bytes %d-%d/%d" % (first, last, n))
        for text in ("bytes=5-4", "bytes=1-2,4-5", "lines=1-2", "bytes=-", "bytes=x-2"):
            self.assertEqual(self.result(name, {"Range": text}).status, 200, text)
        self.assertEqual(self.result(name, {"Range": "bytes=0-9", "If-Range": '"other"'}).status, 200)
        self.assertProblem(self.result(name, {"Range": "bytes=%d-" % n}), 416, "range-not-satisfiable")
        self.assertEqual(self.result(name, {"Range": "bytes=%d-" % n}).headers["content-range"], "bytes */%d" % n)
        self.assertEqual(self.result(name, {"If-None-Match": tag}).status, 304)
        head = self.request("HEAD", "%s/%s/result" % (JOBS, name))
        self.assertEqual((head.status, head.headers["content-length"]), (200, str(n)))

    def test_an_idempotency_key_stands_for_one_request(self):
        key = {"Idempotency-Key": "once"}
        first = self.post(JOBS, envelope("predict", predict(2)), key)
        self.assertEqual(first.status, 202)
        again = self.post(JOBS, envelope("predict", predict(2)), key)
        self.assertEqual((again.status, again.json()["id"]), (200, first.json()["id"]))
        self.assertEqual(again.headers["location"], first.headers["location"])
        for other in (envelope("predict", predict(3)), envelope("features", predict(2)),
                      envelope("predict", predict(2), format="tsv")):
            self.assertProblem(self.post(JOBS, other, key), 422, "idempotency-key-reused", first.json()["id"])
        self.assertProblem(self.post(JOBS, envelope("predict", predict(2)), {"Idempotency-Key": "x" * 256}), 400,
                           "bad-request")
        self.wait(first.json()["id"])
        self.assertEqual(self.request("DELETE", first.headers["location"]).status, 204)
        self.assertEqual(self.post(JOBS, envelope("predict", predict(3)), key).status, 202)

    def test_one_that_ended_is_forgotten_with_its_files(self):
        name = self.submit("predict", predict(2))
        self.wait(name)
        path = os.path.join(self.daemon.state, "jobs", name)
        self.assertFalse(os.path.exists(path + ".in"), "what has been computed is not needed")
        self.assertTrue(os.path.exists(path + ".out"))
        self.assertEqual(os.stat(os.path.dirname(path)).st_mode & 0o777, 0o700, "nobody else's business")
        self.assertEqual(self.request("DELETE", JOBS + "/" + name).status, 204)
        self.assertFalse(os.path.exists(path + ".out"))
        self.assertProblem(self.request("DELETE", JOBS + "/" + name), 404, "not-found")


class Running(Jobs):
    """Jobs that take a while."""
    settings = {**SLOW, "jobs.at_once": 1}

    def test_progress_is_told_and_what_is_there_is_read(self):
        name = self.submit("predict", predict(2560), format="ndjson")
        behind = self.submit("features", predict(1))
        self.daemon.wait_until(lambda: self.job(name)["progress"]["done"] >= 256, 0.02)
        self.assertEqual(self.job(behind)["state"], "queued")
        self.assertProblem(self.result(behind, {"Range": "bytes=0-"}), 409, "result-incomplete")
        job = self.job(name)
        if job["state"] == "running":
            self.assertEqual(self.daemon.metric('mfd_jobs{state="queued"}') +
                             self.daemon.metric('mfd_jobs{state="running"}'), 2)
            refused = self.result(name)
            if refused.status == 409:
                self.assertProblem(refused, 409, "result-incomplete", "of 2560 items")
                self.assertGreater(refused.json()["available_bytes"], 0)
            part = self.result(name, {"Range": "bytes=0-%d" % (job["result"]["available"] - 1)}, check=False)
            self.assertEqual(part.status, 206)
            self.assertEqual(len(part.body), job["result"]["available"])
            self.assertEqual(part.body.count(b"\n"), job["progress"]["done"] + 1)
            self.assertTrue(part.body.endswith(b"\n"))
        self.wait(name)
        whole = self.result(name)
        if job["state"] == "running":
            self.assertTrue(whole.body.startswith(part.body))
            self.assertEqual(whole.headers["etag"], part.headers["etag"])
        self.assertEqual([r["index"] for r in whole.lines()[1:-1]], list(range(2560)))
        self.wait(behind)

    def test_one_that_runs_is_cancelled_and_what_it_had_stays(self):
        name = self.submit("predict", predict(5120), format="tsv")
        behind = self.submit("predict", predict(1))
        waiting = self.submit("predict", predict(1))
        self.daemon.wait_until(lambda: self.job(name)["progress"]["done"] >= 256, 0.02)
        self.assertEqual(self.request("DELETE", JOBS + "/" + waiting).json()["state"], "cancelled")
        answer = self.request("DELETE", JOBS + "/" + name)
        self.assertEqual((answer.status, answer.json()["state"]), (200, "cancelled"))
        self.wait(behind)
        job = self.job(name)
        self.assertLess(job["progress"]["done"], 5120)
        self.assertProblem(self.result(name), 409, "result-incomplete", "cancelled")
        part = self.result(name, {"Range": "bytes=0-"})
        self.assertEqual((part.status, len(part.body)), (206, job["result"]["available"]))
        self.assertEqual(self.request("DELETE", JOBS + "/" + name).status, 204)

    def test_requests_do_not_wait_for_jobs(self):
        name = self.submit("predict", predict(10240))
        self.wait(name, "running")
        for _ in range(3):
            self.assertEqual(self.post("/api/v1/predict", predict(1)).status, 200)
        self.assertEqual(self.job(name)["state"], "running")
        self.request("DELETE", JOBS + "/" + name)


class Held(Jobs):
    """Nothing runs: what waits can be looked at."""
    settings = {"jobs.at_once": 0, "limits.jobs": 5, "limits.client_jobs": 3, "limits.job_items": 3000,
                "limits.job_json_bytes": 300000, "limits.job_vcf_bytes": 100000, "limits.job_whole_passes": 50,
                "limits.job_passes": 4000, "limits.unscored": 20}

    def setUp(self):
        for job in self.get(JOBS).json()["jobs"]:
            for _ in range(2):
                self.request("DELETE", JOBS + "/" + job["id"])

    def test_the_list_is_paged_and_filtered(self):
        names = [self.submit("predict", predict(1)) for _ in range(3)]
        seen, cursor = [], ""
        while cursor is not None:
            page = self.get(JOBS + "?limit=2" + cursor).json()
            seen += [job["id"] for job in page["jobs"]]
            cursor = "&cursor=" + page["next"] if page["next"] else None
        self.assertEqual(seen, names[::-1])
        self.request("DELETE", JOBS + "/" + names[1])
        self.assertEqual([j["id"] for j in self.get(JOBS + "?state=cancelled").json()["jobs"]], [names[1]])
        self.assertEqual([j["id"] for j in self.get(JOBS + "?state=queued").json()["jobs"]], [names[2], names[0]])

    def test_the_number_of_waiting_jobs_is_bounded(self):
        for _ in range(3):
            self.submit("predict", predict(1))
        self.assertProblem(self.post(JOBS, envelope("predict", predict(1))), 429, "too-many-jobs", "client_jobs")
        self.assertEqual(len(os.listdir(self.daemon.state + "/jobs")), 3)

    def test_limits_of_jobs_are_wider_ones(self):
        def limit(answer):
            self.assertEqual(answer.slug, "over-limit", answer.body)
            return answer.json()["limit"]["name"]
        self.assertEqual(limit(self.post(JOBS, envelope("predict", predict(3001)))), "items")
        self.assertEqual(limit(self.post(JOBS, b" " * 300001, {"Content-Type": "application/json"})),
                         "job_json_bytes")
        self.assertEqual(limit(self.post(JOBS, b" " * 100001, {"Content-Type": "text/vcf"})), "job_vcf_bytes")
        bomb = gzip.compress(b"#" * 2000000)
        self.assertLess(len(bomb), 100000)
        self.assertEqual(self.post(JOBS, bomb, {"Content-Type": "application/gzip"}).status, 413)
        every = {"intervals": ["region1:1-7500"] * 60, "ensemble": "strands", "pad": True}
        self.assertEqual(limit(self.post(JOBS, envelope("predict", every))), "job_passes")
        few = {"intervals": ["region1:1-7500"], "ensemble": "strands", "pad": True}
        answer = self.post(JOBS, envelope("predict", few, format="bedgraph"))
        self.assertEqual(limit(answer), "job_whole_passes")
        self.assertIn("another one", answer.json()["detail"])
        track = self.get("/api/v1/models/tiny/tracks?limit=1").json()["tracks"][0]["id"]
        one = {**few, "tracks": {"ids": [track]}}
        self.assertEqual(self.post(JOBS, envelope("predict", one, format="bedgraph")).status, 202)  # it is streamed
        wrong = [self.post(JOBS, envelope("predict", {"intervals": ["chr9:1-2"] * 21})),
                 self.post(JOBS, envelope("predict", {"intervals": [1] * 21})),
                 self.post(JOBS, envelope("variants/score", {"variants": ["chr9-5-A-C"] * 21}))]
        lines = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        wrong.append(self.post(JOBS, (lines + "9\t5\t.\tA\tC\t.\t.\t.\n" * 21).encode(),
                               {"Content-Type": "text/vcf"}))
        self.assertEqual([limit(answer) for answer in wrong], ["unscored"] * 4)
        self.assertIn("contig '9' is not in the genome", wrong[3].json()["detail"])
        told = self.get("/service-info").json()["limits"]
        self.assertEqual(told["job_items"]["value"], 3000)


class Owners(Jobs):
    """Each key sees its own."""
    arguments = ("--set", "server.require_keys=yes")
    settings = {"jobs.at_once": 1}

    @classmethod
    def setUpClass(cls):
        cls.state = tempfile.TemporaryDirectory(prefix="mfd-state-")
        cls.keys = {}
        for name, scopes in (("ann", "predict"), ("bob", "predict"), ("eve", "read"), ("root", "admin")):
            out = subprocess.run([harness.MFDD, "keys", "add", "--state-dir", cls.state.name, "--name", name,
                                  "--scopes", scopes], check=True, capture_output=True, text=True)
            cls.keys[name] = {"X-API-Key": next(w for w in out.stdout.split() if w.startswith("mfd_"))}
        cls.daemon = harness.Daemon(*cls.arguments, models=cls.models, genomes=cls.genomes, settings=cls.settings,
                                    state=cls.state.name)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.state.cleanup()

    def test_each_sees_its_own_and_an_administrator_all(self):
        ann, bob, eve, root = (self.keys[k] for k in ("ann", "bob", "eve", "root"))
        key = {"Idempotency-Key": "same"}
        a = self.submit("predict", predict(1), {**ann, **key})
        b = self.submit("predict", predict(2), {**bob, **key})
        self.wait(a, headers=ann)
        self.wait(b, headers=bob)
        self.assertEqual([j["id"] for j in self.get(JOBS, ann).json()["jobs"]], [a])
        self.assertEqual([j["id"] for j in self.get(JOBS, bob).json()["jobs"]], [b])
        self.assertEqual([j["id"] for j in self.get(JOBS, root).json()["jobs"]], [b, a])
        for method, target in (("GET", "/" + a), ("GET", "/" + a + "/result"), ("DELETE", "/" + a)):
            self.assertProblem(self.request(method, JOBS + target, headers=bob), 404, "not-found")
        self.assertEqual(self.result(a, ann).status, 200)
        self.assertEqual(self.result(a, root).status, 200)
        self.assertProblem(self.post(JOBS, envelope("predict", predict(1)), eve), 403, "forbidden")
        self.assertProblem(self.request("DELETE", JOBS + "/" + a, headers=eve), 403, "forbidden")
        self.assertEqual(self.get(JOBS, eve).json()["jobs"], [])
        self.assertEqual(self.get(JOBS).status, 401)
        self.assertEqual(self.request("DELETE", JOBS + "/" + a, headers=root).status, 204)


if __name__ == "__main__":
    unittest.main()
