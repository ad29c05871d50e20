"""Twenty kills during a job, twenty during changes of the registry, and disks without room: nothing is lost,
nothing is done twice, nothing is there by half."""
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

import harness

JOBS, MODELS = "/api/v1/jobs", "/api/v1/models"
KILLS = 20
PARTS = 200  # of the job that is killed
SEED = int(os.environ.get("SEED", str(time.time_ns() % 1000000)))
GONE = (OSError, harness.http.client.HTTPException)  # what a client sees of a kill


def predict(n, **more):
    places = (2000 + i * 37 % 55000 for i in range(n))
    return {"intervals": ["region1:%d-%d" % (p, p) for p in places], "ensemble": "none", **more}


def kill(daemon):
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()
    daemon.reader.join(5)
    daemon.process.stderr.close()


class Case(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="mfd-state-")
        self.addCleanup(shutil.rmtree, self.directory, True)
        self.random = random.Random(SEED)
        print("SEED=%d" % SEED, flush=True)

    def start(self, settings=None, **more):
        return harness.Daemon(models={"tiny": "tiny"}, genomes={"region": "region.fa"}, settings=settings,
                              state=self.directory, **more)

    @staticmethod
    def job(daemon, name):
        return daemon.request("GET", JOBS + "/" + name).json()

    def submit(self, daemon, request, **more):
        answer = daemon.request("POST", JOBS, {"operation": "predict", "request": request, **more})
        self.assertEqual(answer.status, 202, answer.body)
        return answer.json()["id"]

    def finish(self, daemon, name):
        daemon.wait_until(lambda: self.job(daemon, name)["state"] not in ("queued", "running"), 0.02)
        return self.job(daemon, name)

    @staticmethod
    def result(daemon, name):
        return daemon.request("GET", "%s/%s/result" % (JOBS, name)).body


class Kills(Case):
    # parts that wait a moment for company make a job long enough to be killed many times
    SETTINGS = {"batch.delay_ms": 60, "batch.passes": 65536, "batch.target_ms": 10000}

    def test_a_job_that_is_killed_again_and_again_gives_the_same_bytes(self):
        request = predict(PARTS * 256)
        daemon = self.start(self.SETTINGS)
        name = self.submit(daemon, request)
        seen, progress = 0, []
        for i in range(KILLS):
            # not before it has made a step, so that it comes to its end, and at any time within the next
            daemon.wait_until(lambda: self.job(daemon, name)["progress"]["done"] > seen or
                              self.job(daemon, name)["state"] == "done", 0.01)
            time.sleep(self.random.random() * 0.15)
            kill(daemon)
            daemon = self.start(self.SETTINGS)
            job = self.job(daemon, name)
            self.assertIn(job["state"], ("queued", "running"), "killed too late to be a test (kill %d)" % i)
            self.assertGreaterEqual(job["progress"]["done"], seen, "what was told to be done is done")
            seen = job["progress"]["done"]
            progress.append(seen)
        job = self.finish(daemon, name)
        self.assertEqual((job["state"], job["summary"]["ok"]), ("done", PARTS * 256), job)
        tormented = self.result(daemon, name)
        daemon.stop()
        daemon = self.start()
        calm = self.submit(daemon, request)
        self.finish(daemon, calm)
        self.assertEqual(tormented, self.result(daemon, calm))
        self.assertGreater(len(set(progress)), KILLS // 2)
        self.assertEqual(sorted(os.listdir(self.directory + "/jobs")),
                         sorted(j["id"] + ".out" for j in daemon.request("GET", JOBS).json()["jobs"]))
        print("killed at %s items of %d" % (progress, PARTS * 256), flush=True)
        daemon.stop()

    def test_submissions_are_there_or_not_there(self):
        accepted, tried = {}, []
        for _ in range(KILLS // 2):
            daemon = self.start({"jobs.at_once": 0, "limits.client_jobs": 10000, "limits.jobs": 10000})
            self.check_jobs(daemon, accepted, tried)
            timer = threading.Timer(self.random.random() * 0.12, kill, [daemon])
            timer.start()
            try:
                while True:
                    key = "k%d" % len(tried)
                    tried.append(key)
                    answer = daemon.request("POST", JOBS, {"operation": "predict", "request": predict(50)},
                                            {"Idempotency-Key": key})
                    accepted[key] = answer.json()["id"]
            except GONE:
                pass
            timer.join()
        daemon = self.start({"limits.client_jobs": 10000, "limits.jobs": 10000})
        for key in tried:  # asked again, each is the one that there is, or new; none is there twice
            answer = daemon.request("POST", JOBS, {"operation": "predict", "request": predict(50)},
                                    {"Idempotency-Key": key})
            self.assertIn(answer.status, (200, 202))
            if key in accepted:
                self.assertEqual((answer.status, answer.json()["id"]), (200, accepted[key]))
        jobs = daemon.request("GET", JOBS + "?limit=1000").json()
        self.assertEqual(len(jobs["jobs"]), min(len(tried), 1000))
        print("%d submissions, %d of them acknowledged before a kill" % (len(tried), len(accepted)), flush=True)
        daemon.stop()

    def check_jobs(self, daemon, accepted, tried):
        there = {job["id"] for job in daemon.request("GET", JOBS + "?limit=1000").json()["jobs"]}
        self.assertLessEqual(set(accepted.values()), there)
        self.assertLessEqual(len(there), len(tried))
        self.assertEqual(sorted(os.listdir(self.directory + "/jobs")), sorted(name + ".in" for name in there))


class Registry(Case):
    """Kills while models come and go; what was answered has happened, what was not has happened or not."""
    CASES = ("order2", "padded", "tiny")

    def setUp(self):
        super().setUp()
        self.bundles = {}
        for case in self.CASES:
            with open(harness.bundle(case), "rb") as f:
                self.bundles[case] = f.read()
        # name: the states it may be in; a state is None or (case, loaded)
        self.models = {name: {None} for name in ("a@1", "a@2", "b@1")}
        self.default = {None}

    def choose(self):
        name = self.random.choice(sorted(self.models))
        act = self.random.choice(("put", "put", "upload", "upload", "load", "unload", "default", "delete"))
        return act, name, self.random.choice(self.CASES)

    def send(self, daemon, act, name, case):
        target = "%s/%s" % (MODELS, name)
        if act == "put":
            return daemon.request("PUT", target, {"path": harness.bundle(case)})
        if act == "upload":
            return daemon.request("PUT", target, self.bundles[case], {"Content-Type": "application/octet-stream"})
        if act == "delete":
            return daemon.request("DELETE", target)
        return daemon.request("POST", target + "/" + act)

    def after(self, act, name, case):
        """What an act that succeeds makes of (state, default)."""
        state, = self.models[name]
        default, = self.default
        if act in ("put", "upload"):
            return (case, True), default
        if act == "delete":
            return None, None if default == name else default
        if act == "default":
            return state, name
        return (state[0], act == "load"), default

    def act(self, daemon):
        act, name, case = self.choose()
        state, = self.models[name]
        try:
            answer = self.send(daemon, act, name, case)
        except GONE:
            if act in ("put", "upload") or state is not None:
                new, default = self.after(act, name, case)
                self.models[name].add(new)
                self.default.add(default)
            return False
        if act not in ("put", "upload") and state is None:
            self.assertEqual(answer.status, 404, (act, name, answer.body))
            return True
        self.assertIn(answer.status, (200, 201, 204), (act, name, answer.body))
        new, default = self.after(act, name, case)
        self.models[name], self.default = {new}, {default}
        return True

    def check(self, daemon):
        listed = {"%s@%s" % (m["name"], m["version"]): m
                  for m in daemon.request("GET", MODELS).json()["models"] if m["name"] != "tiny"}
        for name, states in self.models.items():
            if name not in listed:
                self.assertIn(None, states, name)
                self.models[name] = {None}
                continue
            card = daemon.request("GET", "%s/%s" % (MODELS, name)).json()
            self.assertIn(card["state"], ("ready", "unloaded"), card)
            case = next(c for c in self.CASES if self.digests[c] == card["digest"])
            state = case, card["state"] == "ready"
            self.assertIn(state, states, name)
            self.models[name] = {state}
            tracks = daemon.request("GET", "%s/%s/tracks?limit=1000" % (MODELS, name)).json()["tracks"]
            self.assertEqual(len(tracks), card["tracks"], "the tracks are those of the bundle, all of them")
            if state[1]:
                answer = daemon.request("POST", "/api/v1/predict", predict(1, model=name))
                self.assertEqual(answer.json()["provenance"]["digest"], card["digest"])
        chosen = [name for name, m in listed.items() if m["default"]]
        if chosen or None not in self.default:
            self.assertIn(chosen[0] if chosen else None, self.default)
        self.default = {chosen[0] if chosen else None}
        with sqlite3.connect(self.directory + "/mfd.db") as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchone(), ("ok",))
            paths = {row[0] for row in db.execute("SELECT path FROM models WHERE source = 'upload'")}
            ids = {row[0] for row in db.execute("SELECT id FROM models")}
            for table in ("tracks", "labels", "fields"):
                orphans = {row[0] for row in db.execute("SELECT DISTINCT model FROM " + table)} - ids
                self.assertEqual(orphans, set(), table)
        db.close()
        kept = {os.path.join(self.directory, "models", f) for f in os.listdir(self.directory + "/models")}
        self.assertEqual(kept, paths, "no file too many and none too few")

    def test_what_was_answered_has_happened_and_nothing_by_half(self):
        daemon = self.start()
        self.digests = {}
        for case in self.CASES:
            answer = daemon.request("PUT", MODELS + "/probe@1", {"path": harness.bundle(case)})
            self.digests[case] = answer.json()["digest"]
        daemon.request("DELETE", MODELS + "/probe@1")
        acts = 0
        for _ in range(KILLS):
            timer = threading.Timer(self.random.random() * 0.3, kill, [daemon])
            timer.start()
            while self.act(daemon):
                acts += 1
            timer.join()
            daemon = self.start()
            self.check(daemon)
        print("%d changes between %d kills" % (acts, KILLS), flush=True)
        self.assertGreater(acts, KILLS)
        daemon.stop()


class Disks(Case):
    """Disks that are full, or may not be written; run by root, who can mount one."""

    def mount(self, size):
        if os.geteuid() != 0:
            self.skipTest("only root can mount a small disk")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", self.directory],
                              capture_output=True, text=True)
        if done.returncode:
            self.skipTest("cannot mount a small disk here: " + done.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", self.directory], check=False)

    def fill(self, leave=0):
        """Write until there is no room; then give back `leave` bytes."""
        path = os.path.join(self.directory, "ballast")
        with open(path, "ab", buffering=0) as f:
            try:
                while f.write(b"\0" * 65536):
                    pass
            except OSError:
                pass
            os.truncate(path, max(0, os.path.getsize(path) - leave))
        return path

    def test_a_job_waits_for_room_and_the_daemon_lives(self):
        self.mount("16m")
        settings = {"batch.delay_ms": 50, "batch.passes": 65536, "batch.target_ms": 10000}
        daemon = self.start(settings)
        name = self.submit(daemon, predict(20 * 256), format="tsv")
        daemon.wait_until(lambda: self.job(daemon, name)["progress"]["done"] >= 256, 0.01)
        ballast = self.fill(leave=200000)
        daemon.wait_until(lambda: "stuck" in self.job(daemon, name), 0.05)
        job = self.job(daemon, name)
        self.assertEqual((job["state"], job["stuck"]["type"]), ("running", "/problems/disk-full"), job)
        self.assertIn("No space left on device", job["stuck"]["detail"])
        self.assertEqual(daemon.request("POST", "/api/v1/predict", predict(5)).status, 200, "requests are answered")
        self.fill()
        answer = daemon.request("POST", JOBS, {"operation": "predict", "request": predict(5000)})
        self.assertEqual((answer.status, answer.slug), (507, "disk-full"), answer.body)
        with open(harness.bundle("order2"), "rb") as f:
            answer = daemon.request("PUT", MODELS + "/more@1", f.read(), {"Content-Type": "application/octet-stream"})
        self.assertEqual((answer.status, answer.slug), (507, "disk-full"), answer.body)
        os.remove(ballast)
        job = self.finish(daemon, name)
        self.assertEqual((job["state"], job["summary"]["ok"]), ("done", 20 * 256), job)
        calm = self.submit(daemon, predict(20 * 256), format="tsv")
        self.finish(daemon, calm)
        self.assertEqual(self.result(daemon, name), self.result(daemon, calm))
        daemon.stop()

    def test_a_file_that_may_not_grow_is_a_full_disk(self):
        import resource
        limit = 1 << 20
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        try:
            daemon = self.start()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        name = self.submit(daemon, predict(20 * 256), format="tsv")
        daemon.wait_until(lambda: "stuck" in self.job(daemon, name), 0.05)
        job = self.job(daemon, name)
        self.assertEqual(job["stuck"]["type"], "/problems/disk-full")
        self.assertLessEqual(job["result"]["available"], limit)
        self.assertEqual(daemon.request("DELETE", JOBS + "/" + name).json()["state"], "cancelled")
        daemon.stop()

    def test_a_directory_that_may_not_be_written_is_named(self):
        self.mount("8m")
        # root without its power over permissions: a folder that is made read-only under a daemon
        within = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
        daemon = self.start(within=within)
        ran = self.submit(daemon, predict(3))
        self.finish(daemon, ran)
        before = self.result(daemon, ran)
        for folder in ("jobs", "models"):
            os.chmod(os.path.join(self.directory, folder), 0o555)
        answer = daemon.request("POST", JOBS, {"operation": "predict", "request": predict(5)})
        self.assertEqual(answer.status, 500, answer.body)
        self.assertIn(self.directory + "/jobs", answer.json()["detail"])
        self.assertIn("Permission denied", answer.json()["detail"])
        answer = daemon.request("PUT", MODELS + "/more@1", b"x", {"Content-Type": "application/octet-stream"})
        self.assertEqual(answer.status, 500, answer.body)
        self.assertIn("Permission denied", answer.json()["detail"])
        self.assertEqual(self.result(daemon, ran), before)
        for folder in ("jobs", "models"):
            os.chmod(os.path.join(self.directory, folder), 0o755)
        self.finish(daemon, self.submit(daemon, predict(5)))
        daemon.stop()
        subprocess.run(["mount", "-o", "remount,ro", self.directory], check=True)
        out = subprocess.run([harness.MFDD, "--state-dir", self.directory, "--port", "0"], capture_output=True,
                             text=True, timeout=harness.PATIENCE)
        self.assertEqual(out.returncode, 1)
        self.assertIn(self.directory, out.stderr)
        self.assertIn("choose another with --state-dir", out.stderr)
        subprocess.run(["mount", "-o", "remount,rw", self.directory], check=True)
        daemon = self.start()
        self.assertEqual(self.result(daemon, ran), before)
        daemon.stop()


if __name__ == "__main__":
    outcome = unittest.main(exit=False).result
    for _, why in outcome.skipped:
        print("skipped: " + why)
    raise SystemExit(1 if not outcome.wasSuccessful() else 77 if outcome.skipped else 0)
