"""A daemon for a test: started on a free port with a state directory of its own, asked over plain sockets
or http.client, every answer held against the contract, and stopped with the proof that it ended well.

    class Tracks(harness.Case):
        models = {"tiny": "tiny"}            # name: golden case (its bundle is made once a run)
        genomes = {"region": "region.fa"}    # name: file of tests/golden/data
        settings = {"limits.items": 10}

        def test_a_track_is_found(self):
            answer = self.get("/api/v1/models/tiny/tracks/...")
            self.assertEqual(answer.status, 200)
"""
import atexit
import gzip
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from contract import Broken, Contract

ROOT = os.environ["ROOT"]
DATA = os.path.join(ROOT, "tests/golden/data")
DEMO = os.path.join(ROOT, "deploy/demo")
MFDD = os.environ["MFDD"]
MFD_MODEL = os.environ["MFD_MODEL"]
PATIENCE = float(os.environ.get("PATIENCE", "60"))  # seconds; sanitizers are slow

CONTRACT = Contract(os.path.join(ROOT, "proto/openapi.yaml"))
_bundles = None
_certificate = None


def bundle(case):
    """The path of a golden case's bundle; chr20 is the demo's."""
    global _bundles
    if case == "chr20":
        return os.path.join(DEMO, "demo.mfd")
    if _bundles is None:
        _bundles = tempfile.mkdtemp(prefix="mfd-bundles-")
        atexit.register(shutil.rmtree, _bundles, True)
    path = os.path.join(_bundles, case + ".mfd")
    if not os.path.exists(path):
        source = os.path.join(DATA, case)
        subprocess.run([MFD_MODEL, "import", source + "/model.ckpt", "--mapping", source + "/mapping.yaml",
                        "--metadata", source + "/metadata.tsv", "-o", path], check=True,
                       stdout=subprocess.DEVNULL)
    return path


def certificate():
    """Paths of a certificate of localhost and of its key."""
    global _certificate
    if _certificate is None:
        place = tempfile.mkdtemp(prefix="mfd-tls-")
        atexit.register(shutil.rmtree, place, True)
        paths = place + "/cert.pem", place + "/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
        _certificate = paths
    return _certificate


class Answer:
    """Status, headers (names in lower case, repeated ones joined by ', ') and the body, decompressed."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.raw = status, {}, body
        for name, value in headers:
            name = name.lower()
            self.headers[name] = self.headers[name] + ", " + value if name in self.headers else value
        self.body = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" and body else body

    def json(self):
        return json.loads(self.body)

    def lines(self):
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def slug(self):
        """Last part of the problem's type."""
        assert self.headers["content-type"] == "application/problem+json", self.headers
        return self.json()["type"].rsplit("/", 1)[1]


class Daemon:
    def __init__(self, *arguments, models=None, genomes=None, settings=None, state=None, env=None,
                 wait="ready", pass_fds=(), port=0, within=(), tls=False):
        self.log, self.port, self.changed = [], None, threading.Condition()
        self.state = state or tempfile.mkdtemp(prefix="mfd-state-")
        self.own_state = state is None
        self.context = None
        if tls:
            cert, key = certificate()
            self.context = ssl.create_default_context(cafile=cert)
            settings = {**(settings or {}), "server.tls_certificate": cert, "server.tls_key": key}
        command = [*within, MFDD, "--state-dir", self.state, "--port", str(port)]
        for name, case in (models or {}).items():
            command += ["--model", "%s=%s" % (name, case if os.path.sep in case else bundle(case))]
        for name, path in (genomes or {}).items():
            command += ["--genome", "%s=%s" % (name, os.path.join(DATA, path))]
        for key, value in (settings or {}).items():
            command += ["--set", "%s=%s" % (key, value)]
        self.process = subprocess.Popen(command + list(arguments), stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **(env or {})}, pass_fds=pass_fds)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if wait:
            self.wait_for(wait)

    def read(self):
        for line in self.process.stderr:
            try:
                entry = json.loads(line)
            except ValueError:
                entry = {"message": line.rstrip("\n"), "level": "none"}
            with self.changed:
                self.log.append(entry)
                if entry["message"] == "listening":
                    self.port = entry["port"]
                self.changed.notify_all()
        with self.changed:
            self.log.append({"message": "(end)", "level": "none"})
            self.changed.notify_all()

    def wait_for(self, message, skip=0, patience=None):
        """The first line of the log, behind `skip` others, whose message that pattern matches whole."""
        end = time.monotonic() + (patience or PATIENCE)
        with self.changed:
            while True:
                found = [entry for entry in self.log[skip:] if re.fullmatch(message, entry["message"])]
                if found:
                    return found[0]
                ended = self.log and self.log[-1]["message"] == "(end)"
                if ended or not self.changed.wait(max(0, end - time.monotonic())):
                    raise AssertionError("no %r in the log:\n%s" % (
                        message, "\n".join(str(e) for e in self.log[-20:])))

    def logged(self, request_id):
        """The line of the log about a request: it comes when the answer has left, perhaps after it arrived."""
        end = time.monotonic() + PATIENCE
        with self.changed:
            while True:
                for entry in self.log:
                    if entry.get("request_id") == request_id:
                        return entry
                assert self.changed.wait(max(0, end - time.monotonic())), "no line about " + request_id

    @staticmethod
    def wait_until(holds, pause=0.005):
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(pause)

    def stop(self, sign=signal.SIGTERM, code=0):
        """Ask it to end; it must, with that code, and a sanitizer must have had nothing to say."""
        if self.process.poll() is None and sign:
            self.process.send_signal(sign)
        try:
            ended = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the daemon did not stop")
        finally:
            self.reader.join(5)
            self.process.stderr.close()
            if self.own_state:
                shutil.rmtree(self.state, True)
        noise = [e["message"] for e in self.log if e["level"] == "none" and e["message"] != "(end)"]
        assert ended == code, "exit code %s\n%s" % (ended, "\n".join(noise))
        assert not any("Sanitizer" in line for line in noise), "\n".join(noise)

    def connect(self, timeout=None):
        if self.context:
            return http.client.HTTPSConnection("localhost", self.port, timeout=timeout or PATIENCE, context=self.context)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout or PATIENCE)

    def request(self, method, target, body=None, headers=None, connection=None, check=True):
        """One request; JSON where the body is a dict or a list. A connection of its own unless given."""
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        client = connection or self.connect()
        try:
            client.request(method, target, body, headers)
            reply = client.getresponse()
            answer = Answer(reply.status, reply.getheaders(), reply.read())
        finally:
            if not connection:
                client.close()
        if check and method != "HEAD":
            self.check(method, target, answer)
        return answer

    @staticmethod
    def check(method, target, answer):
        """Against the contract, where the path is one of it; a problem is a whole one anywhere."""
        if "application/problem+json" in answer.headers.get("content-type", ""):
            problem = answer.json()
            assert problem["status"] == answer.status, problem
            assert problem["request_id"] == answer.headers["x-request-id"], problem
        try:
            CONTRACT.operation(method, target)
        except Broken:  # a path or method that is not there: 404 or 405, or HEAD and OPTIONS of one that is
            assert answer.status in (204, 400, 403, 404, 405, 414, 421), (method, target, answer.status)
        else:
            CONTRACT.check_answer(method, target, answer.status, answer.headers, answer.body)

    def socket(self, timeout=None):
        """A connection, as bytes go over it."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout or PATIENCE)
        return self.context.wrap_socket(plain, server_hostname="localhost") if self.context else plain

    def raw(self, data, timeout=None, shut=False):
        """Bytes as they are; everything that comes back until the other side closes."""
        with self.socket(timeout) as s:
            parts = []
            try:
                s.sendall(data)
                if shut:
                    socket.socket.shutdown(s, socket.SHUT_WR)  # of the stream, also below TLS
                while part := s.recv(65536):
                    parts.append(part)
            except OSError:  # reset: it has closed already
                pass
        return b"".join(parts)

    def resident(self):
        """Bytes of memory."""
        with open("/proc/%d/statm" % self.process.pid, encoding="ascii") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def metric(self, name):
        """Value of a series, such as mfd_queue_tasks or mfd_runs_total{kind="bins"}."""
        text = self.request("GET", "/metrics").body.decode()
        for line in text.splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        raise KeyError(name)


class Case(unittest.TestCase):
    """A daemon a class."""
    models = {"tiny": "tiny"}
    genomes = {"region": "region.fa"}
    settings = {}
    arguments = ()
    tls = False

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(*cls.arguments, models=cls.models, genomes=cls.genomes, settings=cls.settings,
                            tls=cls.tls)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()

    def request(self, *args, **kwargs):
        return self.daemon.request(*args, **kwargs)

    def get(self, target, headers=None, **kwargs):
        return self.daemon.request("GET", target, headers=headers, **kwargs)

    def post(self, target, body, headers=None, **kwargs):
        return self.daemon.request("POST", target, body, headers, **kwargs)

    def assertProblem(self, answer, status, slug, *words):
        self.assertEqual((answer.status, answer.slug), (status, slug), answer.body)
        for word in words:
            self.assertIn(word, answer.json()["detail"])


def records(path):
    """Names and sequences of a FASTA of tests/golden/data."""
    with open(os.path.join(DATA, path), encoding="ascii") as f:
        for record in f.read().split(">")[1:]:
            name, _, bases = record.partition("\n")
            yield name.split()[0], bases.replace("\n", "")


if __name__ == "__main__":
    raise SystemExit("run the test_*.py beside this file")
