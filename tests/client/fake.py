"""A small HTTP server that answers what a test tells it to: enough to try the client's manners
(retries, compression, streams, broken replies) without a daemon."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


class Answer:
    """One reply. `cut` closes the connection after so many bytes of the body."""

    def __init__(self, body=b"", status=200, type="application/json", headers=(), cut=None, zip=False,
                 chunks=None):
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        self.body = body.encode() if isinstance(body, str) else body
        self.status, self.type, self.headers = status, type, dict(headers)
        self.cut, self.zip, self.chunks = cut, zip, chunks


def problem(status, slug, detail, headers=(), **members):
    document = {"type": "/problems/" + slug, "title": "T", "status": status, "detail": detail}
    return Answer({**document, **members}, status, "application/problem+json", headers)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True # headers and body go out one by one

    def log_message(self, *args):
        pass

    def handle_one(self):
        n = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(n)
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        url = urlsplit(self.path)
        request = {"method": self.command, "path": url.path, "query": parse_qsl(url.query, True),
                   "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body}
        with self.server.lock:
            self.server.requests.append(request)
            answer = self.server.answer(request)
        self.send(answer)

    do_GET = do_POST = do_PUT = do_DELETE = handle_one

    def send(self, answer):
        body = answer.body
        if answer.zip:
            body = gzip.compress(body)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.zip:
            self.send_header("Content-Encoding", "gzip")
        if answer.chunks:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for at in range(0, len(body), answer.chunks):
                piece = body[at:at + answer.chunks]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if answer.cut is None else body[:answer.cut])
        if answer.cut is not None:
            self.wfile.flush()
            self.close_connection = True


class Fake:
    """with Fake(answers) as fake: `answers` is a function of the request, or a list of answers given
    one after another (the last one again and again), or a dictionary from path to either."""

    def __init__(self, answers):
        self.answers, self.taken = answers, {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *args: None  # clients that hang up are part of the tests
        self.server.lock = threading.Lock()
        self.server.requests = self.requests = []
        self.server.answer = self.answer
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]

    def answer(self, request):
        found, key = self.answers, None
        if isinstance(found, dict):
            key = request["path"]
            found = found.get(key, problem(404, "not-found", "no " + key))
        if isinstance(found, list):
            n = self.taken.get(key, 0)
            self.taken[key] = n + 1
            found = found[min(n, len(found) - 1)]
        return found(request) if callable(found) else found

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.server.server_close()
