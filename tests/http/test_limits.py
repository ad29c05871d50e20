"""Sizes, deadlines, and clients that go away."""
import gzip
import json
import os
import re
import signal
import socket
import time
import unittest

import harness

ONE = next(bases for _, bases in harness.records("tiny/windows.fa"))


def body_of(n, **more):
    return json.dumps({"sequences": [ONE] * n, **more}).encode()


class Limits(harness.Case):
    settings = {"limits.json_bytes": 200000, "limits.items": 20, "limits.passes": 30, "limits.header_ms": 1500,
                "limits.body_ms": 2500}

    def test_a_body_that_says_it_is_too_large_is_refused_unread(self):
        answer = self.post("/api/v1/predict", b" " * 200001, {"Content-Type": "application/json"})
        self.assertProblem(answer, 413, "over-limit")
        self.assertEqual(answer.json()["limit"], {"name": "json_bytes", "maximum": 200000, "actual": 200001})

    def test_expect_100_continue_is_answered_before_the_body(self):
        reply = self.daemon.raw(b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n"
                                b"Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n")
        self.assertTrue(reply.startswith(b"HTTP/1.1 413"), reply[:80])

    def test_a_chunked_body_is_counted_as_it_comes(self):
        def chunks():
            for _ in range(60):
                yield b" " * 10000
        answer = self.request("POST", "/api/v1/predict", chunks(), {"Content-Type": "application/json"})
        self.assertProblem(answer, 413, "over-limit")

    def test_a_small_body_that_unpacks_to_a_large_one_is_refused(self):
        bomb = gzip.compress(b" " * 50_000_000)
        self.assertLess(len(bomb), 200000)
        before = self.daemon.resident()
        answer = self.post("/api/v1/predict", bomb, {"Content-Type": "application/json", "Content-Encoding": "gzip"})
        self.assertProblem(answer, 413, "over-limit")
        self.assertLess(self.daemon.resident() - before, 30_000_000)

    def test_items_and_passes_are_bounded_with_a_way_out(self):
        answer = self.post("/api/v1/predict", body_of(21))
        self.assertEqual((answer.status, answer.json()["limit"]["name"]), (413, "items"))
        answer = self.post("/api/v1/predict", body_of(16, ensemble="strands"))
        self.assertEqual(answer.json()["limit"], {"name": "passes", "maximum": 30, "actual": 32})
        self.assertEqual(answer.json()["links"], {"jobs": "/api/v1/jobs"})
        self.assertEqual(self.post("/api/v1/predict", body_of(15, ensemble="strands")).status, 200)

    def test_a_dry_run_tells_the_cost(self):
        before = self.daemon.metric("mfd_run_passes_count")
        answer = self.post("/api/v1/predict", body_of(3, dry_run=True))
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.json()["cost"]["passes"] if "cost" in answer.json() else answer.json()["passes"], 6)
        self.assertEqual(self.daemon.metric("mfd_run_passes_count"), before)

    def test_headers_that_trickle_are_cut_off(self):
        with self.daemon.socket() as s:
            start = time.monotonic()
            s.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n")
            reply = self.trickle(s, b"X: y\r\n")
        self.assertLess(time.monotonic() - start, 10)
        self.assertIn(b" 408 ", reply)
        self.assertIn(b"/problems/request-timeout", reply)

    def test_a_body_that_trickles_is_cut_off(self):
        with self.daemon.socket() as s:
            start = time.monotonic()
            s.sendall(b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                      b"Content-Length: 1000\r\n\r\n")
            reply = self.trickle(s, b" ")
        self.assertLess(time.monotonic() - start, 10)
        self.assertIn(b" 408 ", reply)

    @staticmethod
    def trickle(s, piece):
        s.settimeout(0.2)
        reply = b""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                s.sendall(piece)
                part = s.recv(65536)
                if not part:
                    break
                reply += part
            except socket.timeout:
                pass
            except OSError:
                break
        return reply

    def test_a_connection_that_says_nothing_is_closed(self):
        start = time.monotonic()
        self.assertEqual(self.daemon.raw(b""), b"")
        self.assertLess(time.monotonic() - start, 10)

    def test_half_a_body_is_no_request(self):
        reply = self.daemon.raw(b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
                                b"Content-Type: application/json\r\n\r\n{", shut=True)
        self.assertIn(reply[:12], (b"", b"HTTP/1.1 408"))
        self.assertEqual(self.get("/livez").status, 200)


class Secure(Limits):
    """The same under TLS."""
    tls = True


class Patient(harness.Case):
    """No deadline is near: what happens, happens for its own reason."""
    settings = {"limits.header_ms": 600000, "limits.body_ms": 600000, "server.idle_ms": 3600000, "limits.connections": 5}

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.daemon.port), harness.PATIENCE / 3)

    def test_more_connections_than_allowed_wait_their_turn(self):
        self.daemon.wait_until(lambda: self.count() == 1)  # the one that listens
        inside = [self.connect() for _ in range(5)]
        self.daemon.wait_until(lambda: self.count() == 6)
        outside = [self.connect() for _ in range(3)]
        for s in outside:
            s.sendall(LAST)
        for _ in range(20):  # no more are taken
            self.assertEqual(self.count(), 6)
            time.sleep(0.01)
        inside.pop().close()  # and nothing else happens that would have the daemon look again
        for s in outside:
            self.assertTrue(s.recv(65536).startswith(b"HTTP/1.1 200 "))
        for s in inside + outside:
            s.close()

    def test_a_client_that_will_say_no_more_is_let_go(self):
        """The end comes together with the last bytes: the daemon sleeps until both are there."""
        self.daemon.wait_until(lambda: self.count() == 1)
        for data, answers in ((NEXT * 3, 3), (NEXT, 1), (NEXT + NEXT[:15], 1), (NEXT[:15], 0), (NEXT[:-2], 0)):
            with self.connect() as s:
                self.daemon.wait_until(lambda: self.count() == 2)
                self.daemon.process.send_signal(signal.SIGSTOP)
                try:
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                finally:
                    self.daemon.process.send_signal(signal.SIGCONT)
                reply = b"".join(iter(lambda: s.recv(65536), b""))
            self.assertEqual(re.findall(rb"HTTP/1.1 (\d+)", reply), [b"200"] * answers)
            self.daemon.wait_until(lambda: self.count() == 1)

    def count(self):
        """Sockets that the daemon has open."""
        directory, n = "/proc/%d/fd" % self.daemon.process.pid, 0
        for fd in os.listdir(directory):
            try:
                n += os.readlink("%s/%s" % (directory, fd)).startswith("socket:")
            except FileNotFoundError:  # closed meanwhile
                pass
        return n


NEXT = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Deadlines(harness.Case):
    models = {"chr20": "chr20"}
    genomes = {"demo": harness.DEMO + "/genome.fa.gz"}
    settings = {"limits.request_ms": 2000, "limits.passes": 1000000, "limits.items": 1000000,
                "batch.target_ms": 50}

    def test_a_request_that_takes_too_long_is_504(self):
        start = time.monotonic()
        answer = self.post("/api/v1/predict?format=npy", MANY)
        self.assertProblem(answer, 504, "deadline-exceeded", "request_ms")
        self.assertLess(time.monotonic() - start, 20)
        self.assertEqual(self.daemon.metric("mfd_queue_tasks"), 0)

    def test_a_stream_that_takes_too_long_ends_with_the_problem(self):
        client = self.daemon.connect()
        client.request("POST", "/api/v1/predict", json.dumps(MANY),
                       {"Content-Type": "application/json", "Accept": "application/x-ndjson"})
        reply = client.getresponse()
        if reply.status == 504:  # a sanitizer's build may not have a first line in time
            self.assertEqual(json.loads(reply.read())["type"], "/problems/deadline-exceeded")
            return client.close()
        self.assertEqual(reply.status, 200)
        try:
            text = reply.read()
        except Exception as cut:  # http.client.IncompleteRead: the connection was cut, as it should
            text = cut.partial
        client.close()
        last = json.loads(text.splitlines()[-1])
        self.assertEqual(last["problem"]["type"], "/problems/deadline-exceeded")


# cheap to read, long to compute, and the first line soon there
MANY = {"ensemble": "published", "intervals": [
    {"chrom": "20", "start": 40000000 + 1280 * i, "end": 40000000 + 1280 * (i + 1)} for i in range(4000)]}


class Gone(harness.Case):
    models = {"chr20": "chr20"}
    genomes = {"demo": harness.DEMO + "/genome.fa.gz"}
    settings = {"limits.passes": 1000000, "limits.items": 1000000, "limits.request_ms": 600000,
                "batch.target_ms": 50}

    def leave(self, accept, wait):
        """Ask, go away once the work has begun or (wait) the answer, and return the line of the log about it."""
        name = "gone-from-" + accept.rpartition("/")[2]
        with socket.create_connection(("127.0.0.1", self.daemon.port), harness.PATIENCE) as s:
            body = json.dumps(MANY).encode()
            head = ("POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    "Accept: %s\r\nX-Request-Id: %s\r\nContent-Length: %d\r\n\r\n" % (accept, name, len(body)))
            s.sendall(head.encode() + body)
            self.daemon.wait_until(lambda: self.daemon.metric("mfd_queue_tasks") > 0)
            if wait:
                self.assertTrue(s.recv(1000))
        start = time.monotonic()
        while self.daemon.metric("mfd_queue_tasks") or self.daemon.metric("mfd_http_requests_in_flight") > 1:
            self.assertLess(time.monotonic() - start, harness.PATIENCE / 12, "the work goes on without a client")
            time.sleep(0.02)
        return self.daemon.logged(name)

    def test_work_stops_when_the_client_goes_away(self):
        before = self.daemon.metric("mfd_queue_cancelled_total")
        self.assertEqual(self.leave("application/json", False)["status"], 499)
        self.assertGreater(self.daemon.metric("mfd_queue_cancelled_total"), before)

    def test_a_stream_stops_when_the_client_goes_away(self):
        self.assertEqual(self.leave("application/x-ndjson", True)["status"], 200)  # as it had begun


if __name__ == "__main__":
    unittest.main()
