"""Requests that no good client sends, made from a seed: the same number is the same storm.

    for name, data, manner in hostile.storm(seed, n, host): ...

`data` is what goes over the wire; `manner` is how: ANSWER (send, shut the sending side, read to the end), LEAVE
(send and reset the connection), SLOW (in pieces with pauses). Every kind below is a function of the random source;
bodies begin as the examples of the contract and are spoiled."""
import gzip
import json
import os
import random
import struct
import zlib

ANSWER, LEAVE, SLOW = "answer", "leave", "slow"

PLACES = ["/", "/livez", "/readyz", "/metrics", "/openapi.json", "/service-info", "/api/v1/models", "/api/v1/genomes",
          "/api/v1/models/tiny", "/api/v1/models/tiny/tracks", "/api/v1/models/tiny/fields", "/api/v1/jobs", "/v2",
          "/v2/models/tiny", "/sequence/service-info", "/api/v1/variants/20-42000000-A-C/score", "/api/v1/keys"]
POSTS = ["/api/v1/predict", "/api/v1/features", "/api/v1/predict/marginal", "/api/v1/predict/contrast",
         "/api/v1/variants/score", "/api/v1/variants/normalize", "/api/v1/metadata/resolve", "/api/v1/jobs",
         "/api/v1/keys", "/v2/models/tiny/infer"]
PIECES = ["..", "%2e%2e", "%2e%2e%2f", "%00", "%0d%0aSet-Cookie:%20a=b", "%", "%zz", "%c0%af", "%ff", "%ed%a0%80", "~",
          "a" * 300, "{model}", "*", "'", '"', ";", "\\", "tiny@", "@", "tiny@" + "1" * 200, "%25%32%65", "\u00e9"]
NUMBERS = ["1e999", "-1e999", "-0", "1" * 400, "0." + "0" * 400 + "1", "9223372036854775808", "-9223372036854775809",
           "1e-400", "NaN", "Infinity", "0x10", "01", ".5", "1.", "+1"]
WORDS = ["", "\u0000", "\ud800", "\U0001f9ec", "\u202e", "A" * 5000, "..", "%s%n", "null", "chr20:1-0",
         "chr20:0-9223372036854775807", "20-0-A-C", "20-42000000-N-<DEL>", "20:1:A:C", "NC_000020.10:g.1del",
         "NC_000020.10:g." + "1" * 60 + "A>C", "-1-1-1-1", "20--1-A-C"]


def head(method, target, headers=(), version="HTTP/1.1", host="localhost"):
    lines = ["%s %s %s" % (method, target, version)] + (["Host: " + host] if host else [])
    return ("\r\n".join(lines + list(headers)) + "\r\n\r\n").encode("utf-8", "surrogatepass")


def post(r, target, body, headers=(), kind="application/json"):
    return head("POST", target, ["Content-Type: " + kind, "Content-Length: %d" % len(body), *headers]) + body


def noise(r, n):
    return bytes(r.getrandbits(8) for _ in range(n))


def spoil(r, data):
    """Some bytes lost, changed, doubled or added."""
    data = bytearray(data)
    for _ in range(r.choice((1, 1, 2, 5, 20))):
        at = r.randrange(len(data) + 1)
        way = r.randrange(5)
        if way == 0:
            del data[at:at + r.choice((1, 2, 10, 1000))]
        elif way == 1 and at < len(data):
            data[at] ^= 1 << r.randrange(8)
        elif way == 2:
            data[at:at] = data[at:at + r.choice((1, 10, 100))]
        elif way == 3:
            data[at:at] = r.choice((b"\0", b"\r", b"\n", b"\xff\xfe", b"}", b"]", b'"', b",", b"\xe2\x82", b"\\u12"))
        else:
            del data[at:]
    return bytes(data)


def wrong(r, value, depth=0):
    """The same JSON with one thing in it of another type, too large, nested too deep, or of odd letters."""
    if isinstance(value, dict) and value and (depth == 0 or r.random() < 0.8):
        key = r.choice(sorted(value))
        changed = dict(value)
        if r.random() < 0.1:
            changed[r.choice(WORDS[:6]) + key] = changed.pop(key)
        else:
            changed[key] = wrong(r, changed[key], depth + 1)
        return changed
    if isinstance(value, list) and value and r.random() < 0.7:
        at = r.randrange(len(value))
        return value[:at] + [wrong(r, value[at], depth + 1)] + value[at + 1:]
    deep = []
    for _ in range(r.choice((3, 40, 400))):
        deep = [deep] if r.random() < 0.5 else {"a": deep}
    return r.choice([None, True, 0, -1, 1e308, 2 ** 53 + 1, "", [], {}, [[]], [None] * 1500, r.choice(WORDS), deep,
                     [value] * 3, {"chrom": value, "start": value, "end": value}])


def dump(value):
    return json.dumps(value).encode("ascii")


def bad_line(r):
    method = r.choice(["GET", "get", "G\0T", "", "P" * 3000, "GET GET", "CONNECT", "TRACE", "\u00e9", "PRI", "HEAD"])
    target = r.choice(["/", "*", "", "http://localhost/livez", "//", "/livez#x", "/livez?", "/" + "a" * 70000, "livez",
                       "/\x01", "/\x7f", "localhost:80", "/ /", "\\"] + PLACES)
    version = r.choice(["HTTP/1.1", "HTTP/1.0", "HTTP/9.9", "HTTP/0.9", "http/1.1", "HTTP/1.", "", "HTTP/1.1 HTTP/1.1",
                        "HTTP/2.0", "FTP/1.1"])
    return head(method, target, version=version, host=r.choice(["localhost", "", "a b", "x" * 300, "[::", "evil\0"]))


def bad_ends(r):
    data = head("GET", r.choice(PLACES), ["A: b", "C: d"])
    return data.replace(b"\r\n", r.choice([b"\n", b"\r", b"\r\r\n", b"\n\r", b" \r\n", b"\0\r\n"]), r.choice((1, 2, -1)))


def bad_headers(r):
    odd = ["Host: other", "A", ": b", "A : b", " folded: x", "\tfolded", "A: " + "x" * 40000, "A: \0", "\u00e9: \u00fc",
           "X-Request-Id: a\x0bb", "traceparent: 00-zz", "Connection: close, keep-alive", "Connection: upgrade",
           "Upgrade: h2c", "Expect: 200-maybe", "Content-Length: 0", "Transfer-Encoding: identity", "TE: trailers",
           "Cookie: " + "a=b; " * 500, "Accept: " + "a/b;q=0.1," * 300, "Accept: */*;q=nan", "Accept: ;;;,,",
           "Accept-Encoding: gzip;q=1e9, *;q=-1", "If-None-Match: \"", "If-None-Match: " + '"a",' * 300, "If-Match: *",
           "If-Modified-Since: never", "Range: bytes=5-1", "Range: bytes=-", "Range: bytes=" + "0-0," * 200,
           "Range: bytes=99999999999999999999-", "Authorization: Bearer " + "A" * 3000, "Authorization: Basic !!",
           "X-API-Key: \x7f", "Origin: null", "Origin: https://evil.example", "Idempotency-Key: " + "k" * 4000,
           "Content-Type: text/html", "X: y\r\nContent-Length: 5"]
    many = ["H%d: %d" % (i, i) for i in range(r.choice((0, 0, 0, 90, 3000)))]
    place = r.choice(PLACES)
    methods = ["GET", "HEAD", "OPTIONS"] + (["DELETE", "PUT"] if "tiny" not in place else [])  # the model is to stay
    return head(r.choice(methods), place, r.sample(odd, r.randint(1, 6)) + many)


def bad_lengths(r):
    body = b'{"sequences": ["ACGT"]}'
    odd = ["-1", "+5", "0x10", "5, 5", "", " ", "5 5", "99999999999999999999999", str(len(body) - 1), str(len(body) + 50),
           "1e3", "23\0", "023"]
    lines = ["Content-Type: application/json", "Content-Length: " + r.choice(odd)]
    if r.random() < 0.3:
        lines.append("Content-Length: " + r.choice(odd))
    if r.random() < 0.3:
        lines.append("Transfer-Encoding: " + r.choice(["chunked", "xchunked", "chunked, chunked", "gzip, chunked", ""]))
    return head("POST", r.choice(POSTS), lines) + body


def bad_chunks(r):
    piece = b'{"sequences": ["ACGT"]}'
    size = b"%x" % len(piece)
    chunk = r.choice([
        size + b"\r\n" + piece + b"\r\n0\r\n\r\n", b"ffffffffffffffff\r\n" + piece, b"-1\r\n" + piece, b"\r\n\r\n",
        size + b";" + b"e" * 9000 + b"\r\n" + piece + b"\r\n0\r\n\r\n", size + b"\n" + piece + b"\n0\n\n", b"zz\r\n",
        size + b"\r\n" + piece + b"XX0\r\n\r\n", b"0\r\n" + b"T: x\r\n" * 500 + b"\r\n", b"1\r\n{\r\n" * 300,
        size + b"\r\n" + piece + b"\r\n", b"00000000000000000000001\r\n{\r\n0\r\n\r\n", b"0x1\r\n{\r\n0\r\n\r\n"])
    lines = ["Content-Type: application/json", "Transfer-Encoding: chunked"]
    if r.random() < 0.3:
        lines.append("Content-Length: 3")
    return head("POST", r.choice(POSTS), lines) + chunk + (head("GET", "/livez") if r.random() < 0.3 else b"")


def bad_path(r):
    place = r.choice(PLACES + POSTS + ["/problems", "/sequence"]).rstrip("/").split("/")
    place[r.randrange(len(place))] = r.choice(PIECES)
    query = "&".join("%s=%s" % (r.choice(["format", "limit", "cursor", "q", "top", "x", "", "model", "proc_target", "%"]),
                                r.choice(PIECES + NUMBERS[:8] + ["json", "", "%2B", "a" * 3000]))
                     for _ in range(r.choice((0, 1, 2, 2, 400))))
    path = "/".join(place) or "/"
    methods = ["GET", "GET", "GET", "POST"] + (["DELETE", "PUT"] if "/models/tiny" not in path else [])
    return head(r.choice(methods), path + ("?" + query if query else ""))


def bad_json(r, examples):
    target, value = r.choice(examples)
    way = r.randrange(6)
    if way == 0:
        body = spoil(r, dump(value))
    elif way < 4:
        body = dump(wrong(r, value))
    elif way == 4:
        body = dump(value).replace(b"1", r.choice(NUMBERS).encode(), 1)
    else:
        n = r.choice((50, 500, 100000))
        body = r.choice([b"[" * n, b'{"a":' * n, b"[" * n + b"]" * n, b'{"model":' + b"[" * n + b"]" * n + b"}",
                         b"\xef\xbb\xbf" + dump(value), dump(value).decode().encode("utf-16"), b"\0" * n, b'"' + b"\\u0000" * n])
    kinds = ["application/json"] * 8 + ["application/json; charset=utf-16", "text/plain", "application/x-ndjson", "json", ""]
    accept = ["Accept: " + r.choice(["*/*", "application/x-ndjson", "text/vcf", "application/x-npy", "text/csv", "\u00e9"])]
    return post(r, target, body, accept if r.random() < 0.3 else (), r.choice(kinds))


VCF = (b"##fileformat=VCFv4.2\n##contig=<ID=20,length=63025520>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
       b"20\t42000000\t.\tA\tC\t.\t.\tAF=0.1\n20\t42000100\trs1\tAT\tA,<DEL>,*\t.\tPASS\t.\n")


def bad_vcf(r, examples):
    data = spoil(r, VCF * r.choice((1, 1, 3)))
    if r.random() < 0.1:
        data += b"20\t42000200\t.\t" + b"A" * r.choice((33, 5000, 300000)) + b"\tC\t.\t.\t.\n"
    if r.random() < 0.3:
        data = gzip.compress(data, mtime=0)
        if r.random() < 0.5:
            data = spoil(r, data)
    kind = r.choice(["text/vcf", "text/plain", "application/gzip", "text/vcf; charset=x"])
    return post(r, "/api/v1/variants/" + r.choice(["score", "normalize", "score?format=vcf", "score?format=tsv&genome=none"]),
                data, (), kind)


def bad_coding(r, examples):
    target, value = r.choice(examples)
    body = dump(value)
    packed = r.choice([gzip.compress(body, mtime=0), zlib.compress(body), gzip.compress(b" " * 30_000_000, 9, mtime=0),
                       gzip.compress(body, mtime=0)[:-5], spoil(r, gzip.compress(body, mtime=0)), noise(r, 60), b"",
                       gzip.compress(gzip.compress(body, mtime=0), mtime=0), gzip.compress(body, mtime=0) + noise(r, 40)])
    coding = r.choice(["gzip", "gzip", "gzip", "deflate", "br", "gzip, gzip", "identity", "x-gzip", "\0", "zstd"])
    return post(r, target, packed, ["Content-Encoding: " + coding])


def bad_tensors(r, examples):
    value = {"inputs": [{"name": "sequence", "datatype": "BYTES", "shape": r.choice([[1], [-1], [2 ** 62, 4], [], [1, 1], "x"]),
                         "parameters": {"binary_data_size": r.choice([8, -1, 2 ** 63, 4, 1e9, "8"])}}]}
    text = dump(value)
    tail = struct.pack("<I", r.choice([4, 0, 2 ** 31, 2 ** 32 - 1])) + b"ACGT"
    length = r.choice([len(text), len(text) + 3, 0, -1, 10 ** 12, "x", len(text) - 1])
    return post(r, "/v2/models/tiny/infer", text + tail, ["Inference-Header-Content-Length: %s" % length],
                "application/octet-stream")


def no_http(r):
    return r.choice([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + noise(r, 200), noise(r, r.choice((1, 10, 500, 60000))),
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + noise(r, 50), b"SSH-2.0-OpenSSH_9.2\r\n", b"\r\n" * 3000,
                     b"EHLO example\r\n", b"GET /livez\r\n\r\n", b"\0" * 2000, b"{}", b"GET " + b"/" * 200000])


def pipelined(r, examples):
    parts = []
    for _ in range(r.randint(2, 12)):
        kind = r.randrange(3)
        parts.append(head("GET", r.choice(PLACES[:6])) if kind == 0 else
                     post(r, *[(t, dump(v)) for t, v in [r.choice(examples)]][0]) if kind == 1 else bad_path(r))
    return b"".join(parts)


def cut(r, examples):
    target, value = r.choice(examples)
    data = post(r, target, dump(value))
    return data[:r.randrange(1, len(data))]


KINDS = [bad_line, bad_ends, bad_headers, bad_lengths, bad_chunks, bad_path, no_http]
FED = [bad_json, bad_json, bad_json, bad_vcf, bad_coding, bad_tensors, pipelined, cut]


def storm(seed, n, examples):
    """n triples (name, bytes, manner). `examples`: (path, JSON) pairs of good requests."""
    r = random.Random(seed)
    for i in range(n):
        kind = r.choice(KINDS + FED)
        data = kind(r, examples) if kind in FED else kind(r)
        manner = SLOW if i % 250 == 249 else LEAVE if r.random() < 0.08 else ANSWER
        yield "%s #%d" % (kind.__name__, i), data, manner


if __name__ == "__main__":
    raise SystemExit("see test_hostile.py" if os.environ.get("ROOT") else "run test_hostile.py")
