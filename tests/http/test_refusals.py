"""Requests that cannot be read as HTTP: one answer each, a problem as any other, and the end of the connection; and
nothing of it to those who sit beside."""
import json
import os
import socket
import threading
import time
import unittest

import harness

GET = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
ONE = next(bases for _, bases in harness.records("tiny/windows.fa"))
BODY = json.dumps({"sequences": [ONE]}).encode()

MALFORMED = [  # what is sent, status, slug
    (b"GET  \r\n\r\n", 400, "bad-request"),
    (b"GET /livez\r\n\r\n", 400, "bad-request"),
    (b"GET /livez http/1.1\r\nHost: localhost\r\n\r\n", 400, "bad-request"),
    (b"GET /livez HTTP/9.9\r\nHost: localhost\r\n\r\n", 505, "version-not-supported"),
    (b"GET /livez HTTP/0.9\r\n\r\n", 505, "version-not-supported"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version-not-supported"),
    (b"GET /" + b"a" * 300000, 414, "over-limit"),
    (b"GET /livez HTTP/1.1\r\nno colon\r\n\r\n", 400, "bad-request"),
    (GET + b"no colon\r\n\r\n", 400, "bad-request"),
    (GET + b"X: " + b"y" * 300000 + b"\r\n\r\n", 431, "header-fields-too-large"),
    (GET + b"".join(b"X%d: y\r\n" % i for i in range(9000)) + b"\r\n", 431, "header-fields-too-large"),
    (GET + b"X: y\r\n " + b"z" * 100000 + b"\r\n\r\n", 431, "header-fields-too-large"),
    (POST + b"Content-Length: -1\r\n\r\n", 400, "bad-request"),
    (POST + b"Content-Length: \r\n\r\n", 400, "bad-request"),
    (POST + b"Content-Length: 5, 5\r\n\r\n12345", 400, "bad-request"),
    (POST + b"Content-Length: 99999999999999999999999\r\n\r\n", 413, "over-limit"),
    (CHUNKED + b"zz\r\n", 400, "bad-request"),
    (CHUNKED + b"fffffffffffffffff\r\n", 413, "over-limit"),
    (CHUNKED + b"1\r\n{XX", 400, "bad-request"),
    (CHUNKED + b"1\r\n{\r\n0\r\nno colon\r\n\r\n", 400, "bad-request"),
]


def split(data):
    """Status, headers and body of the first answer, and what comes behind it."""
    top, _, rest = data.partition(b"\r\n\r\n")
    line, *rows = top.split(b"\r\n")
    headers = dict(row.decode().split(": ", 1) for row in rows)
    n = int(headers["Content-Length"])
    return int(line.split()[1]), headers, rest[:n], rest[n:]


class Refusals(harness.Case):
    settings = {"limits.body_ms": 3000}

    def assertRefused(self, reply, status, slug):
        got, headers, body, rest = split(reply)
        problem = json.loads(body)
        self.assertEqual((got, problem["status"], problem["type"]), (status, status, "/problems/" + slug), reply[:400])
        self.assertEqual(headers["Content-Type"], "application/problem+json")
        self.assertEqual(headers["Connection"], "close")
        self.assertEqual(problem["request_id"], headers["X-Request-Id"])
        self.assertEqual(rest, b"", "something follows the refusal")
        return problem["request_id"]

    def test_each_is_told_once_as_a_problem_and_logged(self):
        for data, status, slug in MALFORMED:
            for shut in (False, True):
                name = self.assertRefused(self.daemon.raw(data, shut=shut), status, slug)
                self.assertEqual(self.daemon.logged(name)["status"], status)

    def test_what_was_asked_before_is_answered_before(self):
        reply = self.daemon.raw(GET + b"\r\n" + GET + b"no colon\r\n\r\n")
        status, _, body, rest = split(reply)
        self.assertEqual((status, json.loads(body)), (200, {"status": "ok"}))
        self.assertRefused(rest, 400, "bad-request")

    def test_a_head_that_goes_wrong_late_is_refused_too(self):
        for data, status, slug in MALFORMED[:2] + MALFORMED[7:9] + MALFORMED[12:]:
            with self.daemon.socket() as s:
                for at in range(0, len(data), 20):
                    s.sendall(data[at:at + 20])
                    time.sleep(0.002)
                reply = b"".join(iter(lambda: s.recv(65536), b""))
            self.assertRefused(reply, status, slug)

    def test_those_beside_go_on(self):
        """Idle ones, one in the middle of its head, and one in the middle of its body."""
        sockets = [self.daemon.socket() for _ in range(30)]
        head, body = sockets[:2]
        head.sendall(GET[:9])
        body.sendall(POST + b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY[:99]))
        for data, status, slug in MALFORMED:
            self.assertRefused(self.daemon.raw(data), status, slug)
        head.sendall(GET[9:] + b"Connection: close\r\n\r\n")
        body.sendall(BODY[99:])
        for s in sockets[2:]:
            s.sendall(GET + b"Connection: close\r\n\r\n")
        for s in sockets:
            reply = b"".join(iter(lambda: s.recv(65536), b""))
            self.assertTrue(reply.startswith(b"HTTP/1.1 200 "), reply[:200])
            s.close()

    def test_many_at_once_are_each_told_their_own(self):
        wrong = []

        def send(i):
            for j in range(25):
                data, status, slug = MALFORMED[(i + j) % len(MALFORMED)]
                try:
                    if i % 2:
                        self.assertRefused(self.daemon.raw(data), status, slug)
                    else:
                        self.assertEqual(self.post("/api/v1/predict", BODY, {"Content-Type": "application/json"}).status,
                                         200)
                except Exception as error:  # of whatever kind: told below
                    wrong.append(repr(error))
        threads = [threading.Thread(target=send, args=(i,)) for i in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_what_has_no_space_is_not_http_and_gets_no_answer(self):
        for data in (b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\r\n", b"{}\r\n\r\n"):
            self.assertEqual(self.daemon.raw(data), b"")


class Secure(Refusals):
    """The same under TLS."""
    tls = True


class Endless(harness.Case):
    settings = {"limits.body_ms": 3000, "server.drain_ms": 1000}

    def seconds(self):
        """Of the processor, since the daemon began."""
        with open("/proc/%d/stat" % self.daemon.process.pid, encoding="ascii") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_a_chunk_whose_size_never_ends_costs_nothing_and_times_out(self):
        for data in (b"1;" + b"e" * 300000, b"0" * 300000):
            with socket.create_connection(("127.0.0.1", self.daemon.port), harness.PATIENCE) as s:
                s.setblocking(False)
                data = CHUNKED + data
                end, before = time.monotonic() + 2, self.seconds()
                while data and time.monotonic() < end:  # as much as the daemon and the kernel take
                    try:
                        data = data[s.send(data):]
                    except BlockingIOError:
                        time.sleep(0.01)
                self.assertEqual(self.get("/livez").status, 200)
                time.sleep(max(0, end - time.monotonic()))
                self.assertLess(self.seconds() - before, 1)
                s.settimeout(harness.PATIENCE)
                try:
                    self.assertRegex(s.recv(65536), rb"^HTTP/1.1 408 .*\r\n")
                except ConnectionResetError:  # for what we sent was not all read
                    pass
            self.daemon.wait_until(lambda: self.daemon.metric("mfd_http_connections") == 1)  # who asks


if __name__ == "__main__":
    unittest.main()
