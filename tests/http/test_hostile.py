"""A storm of requests that no good client sends: the daemon answers each or hangs up, and is as before.

HOSTILE=N sends N of them instead of 800 (under the sanitizers 10,000), SEED=S another storm."""
import errno
import json
import os
import re
import socket
import ssl
import struct
import threading
import unittest

import harness
import hostile
from test_examples import examples

COUNT = int(os.environ.get("HOSTILE", "800"))
SEED = int(os.environ.get("SEED", "20240611"))
SENDERS = 16
# what a server may say of its own state: not its own mistakes
STATUSES_5XX = {501: "not-implemented", 503: "queue-full", 504: "deadline-exceeded", 505: "version-not-supported",
                507: "disk-full"}
STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3}) [^\r\n]*\r\n")


def good_requests():
    return [(path, body) for method, path, _, body in examples() if method == "POST" and "{" not in path]


class Broken(AssertionError):
    pass


def split_headers(text):
    headers = {}
    for row in text.split(b"\r\n"):
        name, colon, value = row.partition(b":")
        if not colon or not re.fullmatch(rb"[A-Za-z0-9-]+", name):
            raise Broken("a header that is none: %r" % row)
        headers[name.lower().decode()] = value.strip().decode("latin-1")
    return headers


def answers(data, head):
    """The answers in what came back: (status, headers, body), none of them half or odd; head: the first was HEAD."""
    while data:
        line = STATUS_LINE.match(data)
        if not line:
            raise Broken("no status line: %r" % data[:100])
        top, end, rest = data[line.end():].partition(b"\r\n\r\n")
        if not end:
            raise Broken("headers without an end: %r" % data[:300])
        status, headers = int(line.group(1)), split_headers(top)
        again = STATUS_LINE.match(rest)
        if status == 100:
            data = rest
            continue
        if headers.get("transfer-encoding") == "chunked":
            yield status, headers, rest  # the last of its connection here: a stream
            return
        empty = status in (204, 304) or (head and (again or not rest))
        length = 0 if empty else int(headers.get("content-length", len(rest)))
        if len(rest) < length:
            raise Broken("%d of %d bytes of an answer" % (len(rest), length))
        yield status, headers, rest[:length]
        data, head = rest[length:], False


class Storm(harness.Case):
    count = COUNT
    settings = {"limits.header_ms": 2000, "limits.body_ms": 2000, "limits.request_ms": 20000, "limits.json_bytes": 1000000,
                "limits.passes": 60, "limits.job_passes": 60, "limits.vcf_bytes": 2000000}

    def send(self, data, manner):
        """Everything that comes back until the other side closes."""
        reply = b""
        with self.daemon.socket() as s:
            try:
                if manner == hostile.SLOW:
                    for at in range(0, min(len(data), 40), 4):
                        s.sendall(data[at:at + 4])
                        threading.Event().wait(0.05)
                    s.sendall(data[40:])
                else:
                    s.sendall(data)
                if manner == hostile.LEAVE:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return b""
                socket.socket.shutdown(s, socket.SHUT_WR)  # of the stream, also below TLS
                while part := s.recv(1 << 16):
                    reply += part
            except (ConnectionError, ssl.SSLError):
                pass
            except OSError as error:
                if error.errno != errno.ENOTCONN:  # hung up before the shutdown
                    raise
        return reply

    def judge(self, name, data, reply):
        for status, headers, body in answers(reply, data.startswith(b"HEAD")):
            if status >= 500:
                slug = json.loads(body)["type"].rsplit("/", 1)[1] if body.startswith(b"{") else None
                if STATUSES_5XX.get(status, "never") not in (slug, None):
                    raise Broken("%d %s: %r" % (status, slug, body[:300]))
            if status >= 400 and headers.get("content-type") != "application/problem+json":
                raise Broken("%d without a problem: %r" % (status, body[:300]))
            if status >= 400 and body:
                problem = json.loads(body)
                if problem["status"] != status or problem["request_id"] != headers["x-request-id"]:
                    raise Broken("a problem that is not of its answer: %r" % body[:300])
            for value in headers.values():
                if "Set-Cookie" in value or "evil" in value:
                    raise Broken("the request has written a header: %r" % headers)

    def run_storm(self, work, problems):
        for name, data, manner in work:
            try:
                self.judge(name, data, self.send(data, manner))
            except (Broken, OSError, ValueError, KeyError) as error:
                problems.append("%s: %r\n  sent %r" % (name, error, data[:300]))
            if problems or self.daemon.process.poll() is not None:
                return

    def test_a_storm_leaves_the_daemon_as_it_was(self):
        question = {"sequences": [next(bases for _, bases in harness.records("tiny/windows.fa"))]}
        before = self.post("/api/v1/predict", question).body
        descriptors = self.descriptors()
        storm = list(hostile.storm(SEED, self.count, good_requests()))
        self.assertEqual(len(storm), self.count)
        problems, threads = [], []
        for i in range(SENDERS):
            threads.append(threading.Thread(target=self.run_storm, args=(storm[i::SENDERS], problems)))
            threads[-1].start()
        for thread in threads:
            thread.join()
        self.assertFalse(problems, "seed %d\n%s" % (SEED, "\n".join(problems[:3])))
        self.assertIsNone(self.daemon.process.poll(), "the daemon has ended")
        for name, rest in (("http_connections", 1), ("http_requests_in_flight", 1), ("queue_tasks", 0)):  # who asks: 1
            self.daemon.wait_until(lambda: self.daemon.metric("mfd_" + name) == rest)
        self.assertEqual(self.post("/api/v1/predict", question).body, before)
        self.daemon.wait_until(lambda: self.descriptors() <= descriptors + 8)  # readers of the store are kept

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.daemon.process.pid))


class Secure(Storm):
    """The same under TLS."""
    tls = True
    count = COUNT // 4


if __name__ == "__main__":
    unittest.main()
