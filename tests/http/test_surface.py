"""What the page on the HTTP surface says and no other test holds: entity tags, conditions on writes, shapes, logs."""
import hashlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import unittest

import harness

PREDICT, MODELS = "/api/v1/predict", "/api/v1/models/"


class Tags(harness.Case):
    """Entity tags and the conditions made of them."""
    models = {"tiny@1": "tiny"}

    def test_what_a_model_says_of_itself_is_not_sent_twice(self):
        track = self.get(MODELS + "tiny/tracks?limit=1").json()["tracks"][0]["id"]
        targets = ["tracks", "tracks?limit=3", "tracks?limit=3&cursor=a2", "tracks?q=CTCF", "tracks?facet=Library_lab",
                   "tracks?proc_target=CTCF", "tracks/" + track, "fields", "fields/frip", "fields/proc_target"]
        tags = []
        for target in targets:
            tags.append(self.get(MODELS + "tiny/" + target).headers["etag"])
            answer = self.get(MODELS + "tiny/" + target, {"If-None-Match": tags[-1]})
            self.assertEqual((answer.status, answer.raw, answer.headers["etag"]), (304, b"", tags[-1]), target)
            self.assertEqual(answer.headers["cache-control"], "no-cache")
        self.assertEqual(len(set(tags)), len(tags), "two answers have one tag")

    def test_a_tag_is_of_what_is_asked_not_of_how(self):
        for one, other in (("tiny/tracks?limit=3&q=CTCF", "tiny/tracks?q=CTCF&limit=3"), ("tiny/tracks", "tiny@1/tracks"),
                           ("tiny/tracks", "tiny/tracks?limit=100"), ("tiny/fields", "tiny/fields?format=json"),
                           ("tiny/tracks?proc_target=CTCF&proc_target=H3K4me3", "tiny/tracks?proc_target=H3K4me3&proc_target=CTCF")):
            first, second = self.get(MODELS + one), self.get(MODELS + other)
            self.assertEqual((first.headers["etag"], first.body), (second.headers["etag"], second.body), other)

    def test_what_is_refused_is_refused_whatever_the_client_has(self):
        for target, slug in (("tracks?proc_targe=CTCF", "unknown-column"), ("tracks/nope", "track-not-found"),
                             ("fields/nope", "not-found"), ("tracks?limit=0", "invalid-parameter")):
            answer = self.get(MODELS + "tiny/" + target, {"If-None-Match": "*"})
            self.assertEqual(answer.slug, slug)
            self.assertNotIn("etag", answer.headers)

    def test_a_model_that_was_replaced_has_other_tags(self):
        def tags():
            answers = [self.get(MODELS + "moved" + t) for t in ("", "/tracks", "/fields", "/features")]
            answers.append(self.get("/api/v1/variants/region1-4846-T-TG/score?model=moved"))
            return [a.headers["etag"] for a in answers]
        for case in ("order2", "tiny"):
            self.request("PUT", MODELS + "moved@1", {"path": harness.bundle(case)})
            if case == "order2":
                before = tags()
        self.assertEqual(set(before) & set(tags()), set())
        self.request("DELETE", MODELS + "moved")
        answer = self.get(MODELS + "tiny/tracks", {"If-None-Match": before[1]})
        self.assertEqual(answer.status, 200)

    def test_every_write_to_a_model_heeds_if_match(self):
        self.request("PUT", MODELS + "kept@1", {"path": harness.bundle("order2")})
        for method, target, body in (("POST", "kept/unload", None), ("POST", "kept/load", None),
                                     ("POST", "kept/default", None), ("POST", "tiny/default", None),
                                     ("PUT", "kept@1", {"path": harness.bundle("order2")}), ("DELETE", "kept", None)):
            name = target.partition("/")[0]
            before = self.get(MODELS + name)
            answer = self.request(method, MODELS + target, body, {"If-Match": '"old"'})
            self.assertProblem(answer, 412, "precondition-failed", before.headers["etag"].strip('"'))
            self.assertEqual(self.get(MODELS + name).json(), before.json())
            answer = self.request(method, MODELS + target, body, {"If-Match": before.headers["etag"]})
            self.assertIn(answer.status, (200, 204), (method, target, answer.body))


class Told(harness.Case):
    """What every answer and every line of the log carries."""
    settings = {"limits.items": 5}

    def test_every_answer_carries_the_names_of_its_request(self):
        tag = self.get(MODELS + "tiny").headers["etag"]
        many = {"intervals": ["region1:3001"] * 6}
        for i, (method, target, body, headers, status) in enumerate((
                ("GET", "/livez", None, {}, 200), ("HEAD", "/livez", None, {}, 200), ("OPTIONS", "/livez", None, {}, 204),
                ("GET", MODELS + "tiny", None, {"If-None-Match": tag}, 304), ("GET", "/nope", None, {}, 404),
                ("DELETE", "/livez", None, {}, 405), ("GET", "/livez", None, {"Accept": "image/png"}, 406),
                ("GET", "/livez", None, {"Host": "evil.example"}, 421), ("POST", PREDICT, many, {}, 413),
                ("POST", PREDICT, {"intervals": ["region1:3001"]}, {"Accept": "application/x-ndjson"}, 200),
                ("POST", "/v2/models/tiny/infer", {}, {}, 400))):
            name, trace = "asked-%d" % i, "%032x" % (i + 1)
            answer = self.request(method, target, body, {**headers, "X-Request-Id": name,
                                                         "traceparent": "00-%s-00f067aa0ba902b7-01" % trace})
            self.assertEqual((answer.status, answer.headers["x-request-id"]), (status, name), target)
            self.assertEqual(answer.headers["traceparent"].split("-")[1], trace)
            line = self.daemon.logged(name)
            self.assertEqual((line["trace_id"], line["status"], line["method"]), (trace, status, method))

    def test_a_line_of_the_log_tells_who_asked_what_and_how_it_went(self):
        body = json.dumps({"intervals": ["region1:3001"]})
        agent = 'odd"agent\\ \u00e9'.encode()
        answer = self.request("POST", PREDICT + "?format=tsv", body, {
            "Content-Type": "application/json", "X-Request-Id": "whole", "User-Agent": agent})
        line = self.daemon.logged("whole")
        self.assertEqual({k: line[k] for k in ("level", "message", "method", "path", "route", "status", "bytes_in", "bytes_out",
                                               "client", "remote", "agent")},
                         {"level": "info", "message": "request", "method": "POST", "path": PREDICT, "route": PREDICT,
                          "status": 200, "bytes_in": len(body), "bytes_out": len(answer.raw), "client": "ip:127.0.0.1",
                          "remote": "127.0.0.1", "agent": agent.decode()})
        self.assertGreater(line["ms"], 0)
        self.assertEqual(sum(entry.get("request_id") == "whole" for entry in self.daemon.log), 1)
        self.assertNotIn("none", {entry["level"] for entry in self.daemon.log})  # as lines that are no JSON are read

    def test_long_answers_of_every_kind_are_compressed_for_who_takes_it(self):
        body = {"intervals": ["region1:3001-4000"] * 5, "components": ["total", "technical"]}
        variants = {"variants": ["region1-4846-T-C", "region1-4846-T-G", "region1-4846-T-A"]}
        md5 = self.digested()[0]["md5"]
        for method, target, sent in (
                ("GET", MODELS + "tiny", None), ("GET", MODELS + "tiny/tracks", None), ("GET", MODELS + "tiny/fields", None),
                ("GET", "/openapi.json", None), ("GET", "/metrics", None), ("GET", "/service-info", None),
                ("GET", "/sequence/" + md5, None), ("POST", PREDICT, body), ("POST", PREDICT + "?format=tsv", body),
                ("POST", PREDICT + "?format=bedgraph", body), ("POST", "/api/v1/variants/score?format=tsv", variants)):
            plain = self.request(method, target, sent)
            packed = self.request(method, target, sent, {"Accept-Encoding": "gzip"})
            self.assertEqual(packed.headers.get("content-encoding"), "gzip", target)
            self.assertNotIn("content-encoding", plain.headers)
            self.assertIn("Accept-Encoding", plain.headers["vary"])
            self.assertLess(len(packed.raw), len(plain.raw))
            if target != "/metrics":  # which changes
                self.assertEqual(packed.body, plain.body)
            if "etag" in plain.headers:  # another representation, of the same thing
                self.assertNotEqual(packed.headers["etag"], plain.headers["etag"])
                for tag in (plain.headers["etag"], packed.headers["etag"]):
                    self.assertEqual(self.get(target, {"If-None-Match": tag, "Accept-Encoding": "gzip"}).status, 304)

    def digested(self):
        def contigs():
            return [c for g in self.get("/api/v1/genomes").json()["genomes"] for c in g["contigs"]]
        self.daemon.wait_until(lambda: all(c["md5"] for c in contigs()))
        return contigs()

    def test_pages_of_others_are_told_nothing_unless_that_was_configured(self):
        origin = {"Origin": "https://lab.example"}
        for answer in (self.get("/livez", origin), self.post(PREDICT, {"intervals": ["region1:3001"]}, origin),
                       self.request("OPTIONS", PREDICT, headers={**origin, "Access-Control-Request-Method": "POST"})):
            self.assertEqual([name for name in answer.headers if name.startswith("access-control")], [])
        self.assertProblem(self.post(PREDICT, {"intervals": ["region1:3001"]}, origin), 403, "forbidden")


class Secrets(harness.Case):
    settings = {"server.require_keys": "yes"}

    def test_of_a_key_its_hash_alone_is_kept(self):
        made = subprocess.run([harness.MFDD, "keys", "add", "--state-dir", self.daemon.state, "--name", "a"],
                              capture_output=True, text=True, check=True).stdout.strip()
        secret = made.split("_")[2].encode()
        kept = b""
        for folder, _, names in os.walk(self.daemon.state):
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    kept += f.read()
        self.assertNotIn(secret, kept)
        self.assertIn(hashlib.sha256(made.encode()).hexdigest().encode(), kept)


class Ready(unittest.TestCase):
    MODELS = {case: case for case in ("tiny", "order2", "wide", "padded")}

    def test_ready_is_said_once_everything_serves(self):
        """Over HTTP and to systemd."""
        with tempfile.TemporaryDirectory() as place, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(place + "/notify")
            s.settimeout(harness.PATIENCE)
            daemon = harness.Daemon(models=self.MODELS, genomes={"region": "region.fa"}, wait="listening",
                                    env={"NOTIFY_SOCKET": place + "/notify"})
            try:
                while (answer := daemon.request("GET", "/readyz")).status != 200:
                    self.assertEqual((answer.status, answer.slug), (503, "model-not-ready"))
                    self.assertGreaterEqual(int(answer.headers["retry-after"]), 1)
                states = [m["state"] for m in daemon.request("GET", "/api/v1/models").json()["models"]]
                self.assertEqual(states, ["ready"] * 4, "ready is said before all models are")
                self.assertTrue(s.recv(1000).startswith(b"READY=1"))
            finally:
                daemon.stop()

    def test_systemd_hears_of_it_no_sooner(self):
        with tempfile.TemporaryDirectory() as place, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(place + "/notify")
            s.settimeout(harness.PATIENCE)
            daemon = harness.Daemon(models=self.MODELS, wait=None, env={"NOTIFY_SOCKET": place + "/notify"})
            try:
                while b"READY=1" not in s.recv(1000):
                    pass
                daemon.wait_for("listening")
                self.assertEqual(daemon.request("GET", "/readyz").status, 200)
            finally:
                daemon.stop()

    def test_who_is_connected_hears_that_it_stops(self):
        """While a request is finished, on a connection that was there before."""
        daemon = harness.Daemon("--demo", settings={"limits.request_ms": 600000, "server.drain_ms": 600000})
        idle, busy = daemon.connect(), daemon.connect()
        daemon.request("GET", "/readyz", connection=idle)
        busy.request("POST", PREDICT + "?format=npy", json.dumps({"intervals": [
            {"chrom": "20", "start": 40000000, "end": 40115200}]}), {"Content-Type": "application/json"})
        daemon.wait_until(lambda: daemon.metric("mfd_queue_tasks") > 0)
        daemon.process.send_signal(signal.SIGTERM)
        daemon.wait_for("stopping.*")
        answer = daemon.request("GET", "/readyz", connection=idle)
        self.assertEqual((answer.status, answer.slug, answer.headers["connection"]), (503, "shutting-down", "close"))
        self.assertEqual(busy.getresponse().status, 200)
        idle.close()
        busy.close()
        daemon.stop(sign=None)


class Digests(unittest.TestCase):
    """Of a genome that takes a while: 63 million bases."""

    def test_who_asks_while_a_genome_is_digested_may_come_again(self):
        daemon = harness.Daemon("--demo", settings={"server.workers": 4})
        try:
            contig, = daemon.request("GET", "/api/v1/genomes").json()["genomes"][0]["contigs"]
            self.assertEqual((contig["md5"], contig["ga4gh"]), (None, None))
            answer = daemon.request("GET", "/sequence/" + "0" * 32)
            self.assertEqual((answer.status, answer.slug), (503, "digests-not-ready"))
            self.assertEqual(daemon.request("GET", "/api/v1/models").status, 200)
            daemon.wait_until(lambda: daemon.request("GET", "/sequence/" + "0" * 32).status == 404, 0.05)
            contig, = daemon.request("GET", "/api/v1/genomes").json()["genomes"][0]["contigs"]
            self.assertEqual(daemon.request("GET", "/sequence/%s/metadata" % contig["ga4gh"]).json()["metadata"]["md5"], contig["md5"])
        finally:
            daemon.stop()

    def test_digesting_does_not_outlive_the_daemon(self):
        daemon = harness.Daemon("--demo")
        self.assertEqual(daemon.request("GET", "/api/v1/genomes").status, 200)
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
