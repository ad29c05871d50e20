"""Bundles that are streamed: in chunks, without a length, cut off, too large, and asked for leave first."""
import os
import socket
import struct
import unittest

import harness

MODELS = "/api/v1/models/"
ONE = next(bases for _, bases in harness.records("tiny/windows.fa"))
LIMIT = 70_000_000  # more than is read of a body that is refused
MOST_READ = (64 + 32) << 20  # and as much again while the client is to hear why


def head(name, *lines):
    return ("PUT %s%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n%s\r\n" % (
        MODELS, name, "".join(line + "\r\n" for line in lines))).encode()


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def pieces(data, n=50_000):
    return (data[at:at + n] for at in range(0, len(data), n))


class Streams(harness.Case):
    settings = {"limits.upload_bytes": LIMIT}

    def setUp(self):
        with open(harness.bundle("order2"), "rb") as f:
            self.bundle = f.read()
        self.before = self.get(MODELS + "tiny").json()
        self.directory = os.path.join(self.daemon.state, "models")
        self.assertEqual(os.listdir(self.directory), [])

    def tearDown(self):
        """Whatever has been sent, `tiny` is what it was, serves, and no file is left."""
        self.daemon.wait_until(lambda: os.listdir(self.directory) == [])
        self.assertEqual(self.get(MODELS + "tiny").json(), self.before)
        self.assertEqual(self.post("/api/v1/predict", {"model": "tiny", "sequences": [ONE]}).status, 200)

    def remove(self, name):
        self.assertEqual(self.request("DELETE", MODELS + name).status, 204)

    def test_a_bundle_may_come_in_chunks(self):
        for size in (1000, 65536, len(self.bundle)):
            answer = self.request("PUT", MODELS + "sent", pieces(self.bundle, size),
                                  {"Content-Type": "application/octet-stream"})
            self.assertEqual((answer.status, answer.json()["state"]), (201, "ready"), answer.body)
            with open(os.path.join(self.directory, answer.json()["digest"] + ".mfd"), "rb") as f:
                self.assertEqual(f.read(), self.bundle)
            self.assertEqual(self.post("/api/v1/predict", {"model": "sent", "sequences": [ONE]}).status, 200)
            self.remove("sent")

    def test_one_that_is_cut_off_leaves_nothing(self):
        half = self.bundle[:len(self.bundle) // 2]
        name = "tiny@" + self.before["version"]
        for start, data in ((head(name, "Transfer-Encoding: chunked"), chunk(half)),
                            (head(name, "Transfer-Encoding: chunked"), chunk(half) + b"10000\r\nabc"),
                            (head(name, "Content-Length: %d" % len(self.bundle)), half)):
            for way in ("close", "reset", "shut"):
                with self.daemon.socket() as s:
                    s.sendall(start + data)
                    self.daemon.wait_until(lambda: sum(os.path.getsize(os.path.join(self.directory, f))
                                                       for f in os.listdir(self.directory)) >= len(half))
                    if way == "reset":
                        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    if way == "shut":
                        socket.socket.shutdown(s, socket.SHUT_WR)  # of the stream, also below TLS
                        self.assertNotIn(b" 20", b"".join(iter(lambda: s.recv(65536), b""))[:12])
                self.daemon.wait_until(lambda: os.listdir(self.directory) == [])
            self.assertEqual(self.get(MODELS + "tiny").json(), self.before)

    def test_one_that_is_damaged_leaves_nothing(self):
        answer = self.request("PUT", MODELS + "tiny@" + self.before["version"], pieces(self.bundle[:-1]),
                              {"Content-Type": "application/octet-stream"})
        self.assertProblem(answer, 400, "invalid-value")

    def too_large(self, sends):
        """What is said to a stream without end, and how much of it was sent; the disk is free before that."""
        zeros, sent = bytes(1_000_000), 0
        with self.daemon.socket() as s:
            s.sendall(head("large", "Transfer-Encoding: chunked"))
            try:
                while sent < sends:
                    s.sendall(chunk(zeros))
                    sent += len(zeros)
                    if sent == LIMIT + 5 * len(zeros):
                        self.daemon.wait_until(lambda: os.listdir(self.directory) == [])
                s.sendall(b"0\r\n\r\n")
            except OSError:  # it has heard enough
                pass
            reply = b""
            while not reply.endswith(b"}\n") and (part := s.recv(65536)):
                reply += part
            return reply, sent

    def test_one_above_the_limit_is_refused_and_its_file_is_gone_at_once(self):
        reply, _ = self.too_large(LIMIT + 10_000_000)
        self.assertTrue(reply.startswith(b"HTTP/1.1 413 "), reply[:200])
        self.assertIn(b'"limit":{"name":"upload_bytes","maximum":%d' % LIMIT, reply)

    def test_one_without_end_is_told_and_hung_up_on(self):
        reply, sent = self.too_large(1 << 40)
        self.assertTrue(reply.startswith(b"HTTP/1.1 413 "), reply[:200])
        self.assertIn(b"/problems/over-limit", reply)
        self.assertLess(sent, LIMIT + MOST_READ + 20_000_000)

    def test_leave_is_given_before_the_body_is_sent(self):
        for length in ("Transfer-Encoding: chunked", "Content-Length: %d" % len(self.bundle)):
            with self.daemon.socket() as s:
                s.sendall(head("asked", length, "Expect: 100-continue", "Connection: close"))
                self.assertEqual(s.recv(65536), b"HTTP/1.1 100 Continue\r\n\r\n")
                s.sendall(chunk(self.bundle) + b"0\r\n\r\n" if "chunked" in length else self.bundle)
                reply = b"".join(iter(lambda: s.recv(65536), b""))
                self.assertTrue(reply.startswith(b"HTTP/1.1 201 "), reply[:300])
            self.remove("asked")

    def test_leave_is_not_given_to_what_will_be_refused(self):
        for name, lines, status, slug in (
                ("x", ["Content-Length: %d" % (LIMIT + 1)], 413, b"over-limit"),
                ("x", ["Content-Length: 5", "Content-Encoding: br"], 415, b"unsupported-media-type"),
                ("x/y", ["Transfer-Encoding: chunked"], 404, b"not-found")):
            with self.daemon.socket() as s:
                s.sendall(head(name, *lines, "Expect: 100-continue"))
                reply = b"".join(iter(lambda: s.recv(65536), b""))
            self.assertTrue(reply.startswith(b"HTTP/1.1 %d " % status), reply[:300])
            self.assertIn(b"/problems/" + slug, reply)


class Secure(Streams):
    """The same under TLS."""
    tls = True


if __name__ == "__main__":
    unittest.main()
