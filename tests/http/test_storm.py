"""Everything at once: predictions, scores, averages, jobs, keys, models that come, go and change, reloads, scrapes
and clients that hang up. Every answer is the one that was given in calm, or a refusal that the contract names."""
import json
import os
import random
import signal
import socket
import tempfile
import threading
import unittest

import harness

CLIENTS, TURNS, SEED = 8, 60, 20240731
MODELS, PREDICT, SCORE = "/api/v1/models/", "/api/v1/predict", "/api/v1/variants/score"
MARGINAL, JOBS, KEYS = "/api/v1/predict/marginal", "/api/v1/jobs", "/api/v1/keys"
WINDOWS = [bases for _, bases in harness.records("tiny/windows.fa")]
CASES = ("order2", "padded")  # what the moving model may be made of
BUSY = {503: ("queue-full", "model-not-ready"), 404: ("model-not-found",)}


def intervals(i, n=3):
    return {"intervals": ["region1:%d-%d" % (3000 + 997 * i, 3000 + 997 * i + 128 * n)], "ensemble": "none"}


def variants(i):
    sites = ({"chrom": "region1", "pos": 4000 + 61 * i + j, "ref": r, "alt": a}
             for j in range(2) for r, a in ("AC", "CA", "GT", "TG"))
    return {"variants": list(sites), "ensemble": ("none", "strands")[i % 2]}


# What is asked of the model that stays.
STEADY = ([(PREDICT, {"sequences": WINDOWS[i:i + 1 + i % 3], "ensemble": ("none", "strands")[i % 2],
                      "components": ["total", "biological", "technical"]}) for i in range(4)] +
          [(PREDICT, intervals(i)) for i in range(4)] + [(SCORE, variants(i)) for i in range(4)] +
          [(MARGINAL, {**intervals(i), "over": ["Library_lab"]}) for i in range(2)] +
          [("/api/v1/features", intervals(i)) for i in range(2)])


class Storm(harness.Case):
    settings = {"limits.queue": 24, "batch.target_ms": 20, "jobs.at_once": 2}

    @classmethod
    def setUpClass(cls):
        with tempfile.NamedTemporaryFile("w", suffix=".conf", delete=False) as f:
            f.write("[log]\nlevel = info\n")
        cls.addClassCleanup(os.unlink, f.name)
        cls.arguments = ("--config", f.name)
        super().setUpClass()

    def setUp(self):
        self.calm = [self.post(path, {**body, "model": "tiny"}) for path, body in STEADY]
        for answer in self.calm:
            self.assertEqual(answer.status, 200, answer.body)
        self.moving = {}
        for case in CASES:
            model = self.request("PUT", MODELS + "moving@1", {"path": harness.bundle(case)}).json()
            self.moving[model["digest"]] = [self.post(PREDICT, {**intervals(i), "model": "moving"}).json()["results"]
                                            for i in range(4)]
        self.problems, self.refused, self.counts = [], {}, {}

    # --- what a client may do; each takes a connection and a source of chance

    def steady(self, client, chance):
        i = chance.randrange(len(STEADY))
        answer = self.ask("POST", STEADY[i][0], {**STEADY[i][1], "model": "tiny"}, client)
        if answer:
            self.assertEqual(answer.body, self.calm[i].body)

    def default(self, client, chance):
        """Of the default model, whichever that is."""
        answer = self.ask("POST", PREDICT, intervals(chance.randrange(4)), client)
        if answer:
            self.assertEqual(answer.json()["summary"]["ok"], 1)

    def moved(self, client, chance):
        i = chance.randrange(4)
        answer = self.ask("POST", PREDICT, {**intervals(i), "model": "moving"}, client)
        if answer:
            self.assertEqual(answer.json()["results"], self.moving[answer.json()["provenance"]["digest"]][i])

    def tracks(self, client, chance):
        n = chance.randrange(1, 9)
        self.assertEqual(len(self.ask("GET", MODELS + "tiny/tracks?limit=%d" % n, None, client).json()["tracks"]), n)
        tag = self.ask("GET", MODELS + "tiny", None, client).headers["etag"]
        again = self.request("GET", MODELS + "tiny", headers={"If-None-Match": tag}, connection=client)
        self.assertIn(again.status, (200, 304))  # the default may have changed between the two

    def scrape(self, client, chance):
        for path in ("/metrics", "/readyz", "/api/v1/models", "/service-info")[:chance.randrange(1, 5)]:
            self.ask("GET", path, None, client)

    def change(self, client, chance):
        action = chance.choice(("put", "put", "unload", "load", "delete", "default", "upload"))
        target, body, headers = MODELS + "moving@1", None, {}
        method = {"put": "PUT", "upload": "PUT", "delete": "DELETE"}.get(action, "POST")
        if action in ("load", "unload"):
            target += "/" + action
        if action == "default":
            target = MODELS + chance.choice(("moving@1", "tiny")) + "/default"
        if action == "put":
            body = {"path": harness.bundle(chance.choice(CASES))}
        if action == "upload":
            headers = {"Content-Type": "application/octet-stream"}
            with open(harness.bundle(chance.choice(CASES)), "rb") as f:
                body = f.read()
        self.ask(method, target, body, client, headers, also={409: None})

    def reload(self, client, chance):
        self.daemon.process.send_signal(signal.SIGHUP)
        self.scrape(client, chance)

    def keys(self, client, chance):
        made = self.ask("POST", KEYS, {"name": "storm-%d" % chance.randrange(10 ** 9), "scopes": "read"}, client)
        listed = self.ask("GET", KEYS, None, client).json()["keys"]
        self.assertIn(made.json()["id"], [key["id"] for key in listed])
        self.ask("DELETE", KEYS + "/" + made.json()["id"], None, client)

    def job(self, client, chance):
        i = chance.randrange(len(STEADY))
        path, body = STEADY[i][0], {**STEADY[i][1], "model": "tiny"}
        posted = self.ask("POST", JOBS, {"operation": path[len("/api/v1/"):], "request": body}, client)
        place = posted.headers["location"]
        if chance.random() < 0.3:
            self.ask("DELETE", place, None, client, also={409: None})
            return
        self.daemon.wait_until(lambda: self.ask("GET", place, None, client).json()["state"] not in ("queued", "running"),
                               0.05)
        self.assertEqual(self.ask("GET", place, None, client).json()["state"], "done")
        self.assertEqual(self.ask("GET", place + "/result", None, client).body, self.calm[i].body)

    def hang_up(self, client, chance):
        """In the headers, in the body, while it is computed, or in the middle of the answer."""
        where, body = chance.randrange(4), json.dumps({**intervals(chance.randrange(4), 40), "model": "tiny"})
        head = "POST %s?format=ndjson HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" % PREDICT
        text = (head + "Content-Length: %d\r\n\r\n%s" % (len(body), body)).encode()
        cut = (len(head) // 2, len(text) - len(body) // 2, len(text), len(text))[where]
        with socket.create_connection(("127.0.0.1", self.daemon.port), harness.PATIENCE) as s:
            s.sendall(text[:cut])
            if where == 3:
                s.recv(100)
        del client

    def ask(self, method, target, body, client, headers=None, also=()):
        """The answer, checked against the contract; None where it is a refusal that may be."""
        answer = self.request(method, target, body, headers, connection=client)
        if answer.status < 400:
            return answer
        allowed = {**BUSY, **dict(also)}
        if answer.status not in allowed or (allowed[answer.status] and answer.slug not in allowed[answer.status]):
            raise AssertionError("%s %s: %s" % (method, target, answer.body[:500]))
        if answer.status == 503 and answer.slug == "queue-full":
            self.assertGreaterEqual(int(answer.headers["retry-after"]), 1)
        self.refused[answer.slug] = self.refused.get(answer.slug, 0) + 1
        return None

    def client(self, number):
        chance = random.Random(SEED + number)
        turns = ((self.steady, 8), (self.moved, 5), (self.default, 2), (self.tracks, 2), (self.scrape, 2), (self.change, 4),
                 (self.reload, 1), (self.keys, 1), (self.job, 2), (self.hang_up, 4))
        client = self.daemon.connect()
        try:
            for _ in range(TURNS):
                act = chance.choices([turn for turn, _ in turns], [weight for _, weight in turns])[0]
                self.counts[act.__name__] = self.counts.get(act.__name__, 0) + 1
                act(client, chance)
        except Exception as problem:  # said by the test, not by a thread that nobody hears
            self.problems.append("client %d, %s: %r" % (number, act.__name__, problem))
        finally:
            client.close()

    def test_every_answer_is_right_or_an_honest_refusal(self):
        threads = [threading.Thread(target=self.client, args=(i,)) for i in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertFalse(self.problems, "\n".join(self.problems))
        self.assertEqual(len(self.counts), 10, self.counts)
        # calm again: nothing is left of it
        self.daemon.wait_until(lambda: self.daemon.metric("mfd_queue_tasks") == 0)
        for (path, body), before in zip(STEADY, self.calm):
            self.assertEqual(self.post(path, {**body, "model": "tiny"}).body, before.body)
        self.assertNotIn("error", [entry["level"] for entry in self.daemon.log])


if __name__ == "__main__":
    unittest.main()
