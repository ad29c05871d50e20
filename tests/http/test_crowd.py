"""Many at once: the same answers, fair turns, honest refusals, an orderly end."""
import json
import signal
import threading
import time
import unittest

import harness

WINDOWS = [bases for _, bases in harness.records("tiny/windows.fa")]
LONG = [{"chrom": "20", "start": 40000000 + 12800 * i, "end": 40000000 + 12800 * (i + 1)} for i in range(1000)]
DEMO = {"models": {"chr20": "chr20"}, "genomes": {"demo": harness.DEMO + "/genome.fa.gz"}}


def at_once(n, ask):
    """Call ask(i) in n threads; what they returned."""
    answers = [None] * n

    def run(i):
        answers[i] = ask(i)
    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


class Merged(harness.Case):
    settings = {"batch.delay_ms": 20}

    def test_company_does_not_change_an_answer(self):
        def ask(i):
            body = {"sequences": [WINDOWS[i % len(WINDOWS)]] * (1 + i % 3), "ensemble": ("none", "strands")[i % 2],
                    "components": ["total", "biological", "technical"], "scale": "logit"}
            return self.post("/api/v1/predict", body).body
        alone = [ask(i) for i in range(24)]
        before = self.daemon.metric('mfd_run_tasks_total{kind="sequences"}') - self.daemon.metric(
            'mfd_runs_total{kind="sequences"}')
        for _ in range(3):
            self.assertEqual(at_once(24, ask), alone)
        after = self.daemon.metric('mfd_run_tasks_total{kind="sequences"}') - self.daemon.metric(
            'mfd_runs_total{kind="sequences"}')
        self.assertGreater(after, before, "nothing was merged")

    def test_variants_and_bins_merge_too(self):
        with open(harness.DATA + "/variants.vcf", encoding="ascii") as f:
            rows = [line.split("\t") for line in f if not line.startswith("#")]
        variants = ["%s-%s-%s-%s" % (r[0], r[1], r[3], r[4]) for r in rows if "," not in r[4]][:12]

        def ask(i):
            if i % 2:
                return self.post("/api/v1/variants/score", {"variants": variants[i // 2:i // 2 + 3]}).body
            position = int(rows[0][1]) // 1000 * 1000 + 500 * i
            return self.post("/api/v1/predict", {"intervals": ["%s:%d-%d" % (rows[0][0], position, position + 300)]}).body
        alone = [ask(i) for i in range(16)]
        self.assertEqual(at_once(16, ask), alone)


class Fair(harness.Case):
    models, genomes = DEMO["models"], DEMO["genomes"]
    settings = {"limits.passes": 10 ** 9, "limits.request_ms": 600000, "batch.target_ms": 100}

    def test_a_huge_request_holds_nobody_up_for_more_than_a_run(self):
        stop, lines = threading.Event(), []

        def huge():
            client = self.daemon.connect()
            client.request("POST", "/api/v1/predict", json.dumps({"intervals": LONG}),
                           {"Content-Type": "application/json", "Accept": "application/x-ndjson"})
            reply = client.getresponse()
            while not stop.is_set() and (line := reply.readline()):
                lines.append(line)
            client.close()
        thread = threading.Thread(target=huge)
        thread.start()
        try:
            self.daemon.wait_until(lambda: self.daemon.metric("mfd_queue_tasks") > 0)
            waits = []
            for _ in range(10):
                start = time.monotonic()
                self.assertEqual(self.post("/api/v1/predict", {"intervals": ["20:42984160-42984200"]}).status, 200)
                waits.append(time.monotonic() - start)
            self.assertTrue(thread.is_alive(), "the huge request is over too soon")
        finally:
            stop.set()
            thread.join()
        # a run is meant to take 0.1 s; three of them, on a machine with other things to do
        self.assertLess(sorted(waits)[len(waits) // 2], 0.3 * harness.PATIENCE / 60 + 1, waits)

    def test_lists_are_quick_while_engines_are_busy(self):
        stop = threading.Event()

        def busy(i):
            while not stop.is_set():
                self.post("/api/v1/predict?format=npy", {"intervals": LONG[5 * i:5 * i + 5]})
        threads = [threading.Thread(target=busy, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        client, waits = self.daemon.connect(), []
        for _ in range(40):
            start = time.monotonic()
            self.request("GET", "/api/v1/models/chr20/tracks?limit=20", connection=client)
            waits.append(time.monotonic() - start)
        stop.set()
        for thread in threads:
            thread.join()
        client.close()
        self.assertLess(sorted(waits)[20], 0.25 * harness.PATIENCE / 60, waits)


class Full(harness.Case):
    models, genomes = DEMO["models"], DEMO["genomes"]
    settings = {"limits.queue": 8, "limits.passes": 10 ** 9, "limits.request_ms": 600000}

    def test_a_full_queue_says_when_to_come_again(self):
        def ask(i):
            return self.post("/api/v1/predict?format=npy", {"intervals": ["20:%d-%d" % (41000000 + 6400 * i, 41006399 + 6400 * i)]})
        answers = at_once(40, ask)
        statuses = sorted(a.status for a in answers)
        self.assertEqual(set(statuses), {200, 503}, statuses)
        for answer in answers:
            if answer.status == 503:
                self.assertEqual(answer.slug, "queue-full")
                self.assertGreaterEqual(int(answer.headers["retry-after"]), 1)
        self.assertEqual(ask(0).status, 200)
        self.assertEqual(self.daemon.metric("mfd_queue_refused_total"), statuses.count(503))


class Draining(unittest.TestCase):
    def test_sigterm_finishes_what_runs_and_takes_nothing_new(self):
        daemon = harness.Daemon(**DEMO, settings={"limits.request_ms": 600000, "server.drain_ms": 600000})
        idle = daemon.connect()
        daemon.request("GET", "/livez", connection=idle)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(
            daemon.request("POST", "/api/v1/predict?format=npy", {"intervals": LONG[:9]})))
        thread.start()
        daemon.wait_until(lambda: daemon.metric("mfd_queue_tasks") > 0)
        daemon.process.send_signal(signal.SIGTERM)
        daemon.wait_for("stopping.*")
        with self.assertRaises(OSError):
            daemon.request("GET", "/livez")
        daemon.stop(sign=None)
        thread.join()
        self.assertEqual(answers[0].status, 200)
        idle.close()

    def test_what_takes_too_long_is_cut_off(self):
        daemon = harness.Daemon(**DEMO, settings={"server.drain_ms": 500, "limits.passes": 10 ** 9,
                                                  "limits.request_ms": 600000})
        client = daemon.connect()
        client.request("POST", "/api/v1/predict?format=npy", json.dumps({"intervals": LONG}),
                       {"Content-Type": "application/json"})
        daemon.wait_until(lambda: daemon.metric("mfd_queue_tasks") > 0)
        start = time.monotonic()
        daemon.stop()
        self.assertLess(time.monotonic() - start, harness.PATIENCE / 3)
        with self.assertRaises(OSError):
            client.getresponse()
        client.close()


if __name__ == "__main__":
    unittest.main()
