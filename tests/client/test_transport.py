"""The client's manners, whatever the command: addresses, keys, retries, compression, broken replies."""

import fcntl
import json
import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import termios
import threading
import time
import unittest

from daemon import Daemon
from fake import Answer, Fake, problem
from tool import MFD, Case, mfd, on_terminal

MODELS = {"models": [{"name": "demo", "version": "1", "default": True, "tracks": 346}]}


class Addresses(Case):
    def test_a_port_where_nobody_listens_is_unreachable(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.check(mfd("models", "-f", "json", server="http://127.0.0.1:%d" % port), 3, "is mfdd running there?")

    def test_an_address_without_a_scheme_or_with_a_path_works(self):
        with Fake({"/api/v1/models": Answer(MODELS), "/under/it/api/v1/models": Answer(MODELS)}) as f:
            self.check(mfd("models", "-f", "json", "--server", f.url[len("http://"):]), 0)
            self.check(mfd("models", "-f", "json", "--server", f.url + "/under/it/"), 0)
            self.assertEqual(f.requests[1]["path"], "/under/it/api/v1/models")

    def test_other_schemes_are_refused_before_anything_is_sent(self):
        for bad in ("file:///etc/passwd", "ftp://localhost", "http://", "http://a b", "gopher://x"):
            self.check(mfd("models", "-f", "json", "--server", bad), 1, "is not the address of a server")

    def test_a_redirect_is_told_and_not_followed(self):
        with Fake([Answer("", 307, headers={"Location": "http://127.0.0.1:1/"})]) as f:
            self.check(mfd("models", "-f", "json", "--key", "secret", server=f.url), 1, "--server")
            self.assertEqual(len(f.requests), 1)

    def test_a_silent_server_is_left_after_the_timeout(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            start = time.monotonic()
            self.check(mfd("models", "-f", "json", "--timeout", "1", "--server",
                           "127.0.0.1:%d" % s.getsockname()[1]), 3, "--timeout")
            self.assertLess(time.monotonic() - start, 10)


class Secured(Case):
    """Servers that speak TLS, and those that do not."""

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.certificate = place.name + "/own.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", place.name + "/key.pem",
                        "-out", self.certificate, "-days", "1", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, place.name + "/key.pem")

    def test_an_authority_of_ones_own_is_named(self):
        with Fake({"/api/v1/models": Answer(MODELS)}) as f:
            f.server.socket = self.context.wrap_socket(f.server.socket, server_side=True)
            url = "https://localhost:%d" % f.server.server_address[1]
            ask = ("models", "-f", "json")
            self.check(mfd(*ask, server=url), 3, "--cacert")
            self.check(mfd(*ask, "--cacert", "/nonexistent.pem", server=url), 3, "/nonexistent.pem")
            self.assertEqual(f.requests, [])
            self.check(mfd(*ask, "--cacert", self.certificate, server=url), 0)
            self.check(mfd(*ask, server=url, env={"MFD_CACERT": self.certificate}), 0)
            with open(self.certificate + ".config", "w") as config:
                config.write("cacert = %s\n" % self.certificate)
            self.check(mfd(*ask, server=url, env={"MFD_CONFIG": config.name}), 0)

    def test_the_other_scheme_is_advised(self):
        with Fake({"/api/v1/models": Answer(MODELS)}) as f:
            address = f.url[len("http"):]
            self.check(mfd("models", server="https" + address), 3, "its address is http" + address)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            def hang_up():
                connection = s.accept()[0]
                connection.recv(65536)
                connection.close()
            threading.Thread(target=hang_up, daemon=True).start()
            address = "://127.0.0.1:%d" % s.getsockname()[1]
            self.check(mfd("models", server="http" + address), 3, "its address is https" + address)

    def test_a_proxy_of_the_environment_is_named_where_it_cannot_be_reached(self):
        proxy = {"http_proxy": "http://127.0.0.1:9", "no_proxy": "other.example"}
        self.check(mfd("models", "--retries", "0", server="http://mfd.example", env=proxy), 3, "no_proxy")
        near = self.check(mfd("models", "--retries", "0", server="http://127.0.0.1:9", env=proxy), 3, "is mfdd running")
        self.assertNotIn("no_proxy", near.err)


class Keys(Case):
    def test_a_key_is_sent_from_option_environment_or_file(self):
        with Fake([Answer(MODELS)]) as f, tempfile.NamedTemporaryFile("w") as key:
            key.write("from-file\n")
            key.flush()
            self.check(mfd("models", "-f", "json", "--key", "one", server=f.url), 0)
            self.check(mfd("models", "-f", "json", server=f.url, env={"MFD_KEY": "two"}), 0)
            self.check(mfd("models", "-f", "json", "--key", "@" + key.name, server=f.url), 0)
            self.check(mfd("models", "-f", "json", server=f.url), 0)
            sent = [r["headers"].get("authorization") for r in f.requests]
            self.assertEqual(sent, ["Bearer one", "Bearer two", "Bearer from-file", None])

    def test_a_file_without_a_key_is_told(self):
        with Fake([Answer(MODELS)]) as f, tempfile.NamedTemporaryFile("wb") as key:
            self.check(mfd("models", "-f", "json", "--key", "@" + key.name, server=f.url), 1, key.name)
            self.assertEqual(f.requests, [])
            key.write(b"\xef\xbb\xbfmarked\r\n")
            key.flush()
            self.check(mfd("models", "-f", "json", "--key", "@" + key.name, server=f.url), 0)
            self.assertEqual(f.requests[0]["headers"]["authorization"], "Bearer marked")

    def test_a_key_that_would_break_the_header_is_refused(self):
        with Fake([Answer(MODELS)]) as f:
            self.check(mfd("models", "-f", "json", "--key", "a\r\nX-Evil: 1", server=f.url), 1, "API key")
            self.assertEqual(f.requests, [])

    def test_a_missing_or_weak_key_has_its_own_exit_code(self):
        for status, slug in ((401, "unauthorised"), (403, "forbidden")):
            with Fake([problem(status, slug, "no")]) as f:
                self.check(mfd("models", "-f", "json", server=f.url), 6, "no")


class Configuration(Case):
    def folder(self, text):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        os.mkdir(folder.name + "/mfd")
        with open(folder.name + "/mfd/config", "w") as file:
            file.write(text)
        return folder.name

    def test_a_file_says_what_neither_command_line_nor_environment_do(self):
        with Fake([Answer(MODELS)]) as f:
            home = self.folder("\ufeff# mine\n\n server = %s # here\r\nkey=from-file\nretries = 0\n" % f.url)
            at = {"XDG_CONFIG_HOME": home}
            self.check(mfd("models", "-f", "json", env=at), 0)
            self.check(mfd("models", "-f", "json", env={"MFD_CONFIG": home + "/mfd/config"}), 0)
            self.check(mfd("models", "-f", "json", env={**at, "MFD_KEY": "two"}), 0)
            self.check(mfd("models", "-f", "json", "--key", "three", env=at), 0)
            os.mkdir(home + "/.config")
            os.rename(home + "/mfd", home + "/.config/mfd")
            self.check(mfd("models", "-f", "json", env={"HOME": home}), 0)
            sent = [r["headers"].get("authorization") for r in f.requests]
            self.assertEqual(sent, ["Bearer from-file"] * 2 + ["Bearer two", "Bearer three", "Bearer from-file"])

    def test_a_file_that_is_wrong_is_told_with_its_line(self):
        for text, words in (("server\n", "NAME = VALUE"), ("\nnonsense = 3\n", "line 2"),
                            ("top = 3", "'top'"), ("color = mauve", "mauve"), ("retries = many", "retries")):
            home = self.folder(text)
            result = self.check(mfd("models", env={"XDG_CONFIG_HOME": home}), 1, words)
            self.assertIn(home + "/mfd/config", result.err)
        self.check(mfd("models", env={"MFD_CONFIG": "/nonexistent"}), 1, "/nonexistent")
        self.check(mfd("models", "--retries", "0", env={"HOME": "/nonexistent"},
                       server="http://127.0.0.1:9"), 3)


class Retries(Case):
    def test_a_busy_server_is_asked_again_after_the_time_it_names(self):
        busy = problem(503, "queue-full", "full", {"Retry-After": "1"})
        with Fake([busy, busy, Answer(MODELS)]) as f:
            start = time.monotonic()
            self.check(mfd("models", "-f", "json", server=f.url), 0, "trying again in 1.0 s")
            self.assertGreater(time.monotonic() - start, 1.9)
            self.assertEqual(len(f.requests), 3)

    def test_without_a_time_the_pauses_grow(self):
        with Fake([problem(429, "rate-limited", "slow down")] * 3 + [Answer(MODELS)]) as f:
            start = time.monotonic()
            self.check(mfd("models", "-f", "json", server=f.url), 0)
            self.assertGreater(time.monotonic() - start, 0.25 + 0.5 + 1)

    def test_retries_end_and_the_exit_code_says_busy(self):
        with Fake([problem(503, "queue-full", "full", {"Retry-After": "0"})]) as f:
            self.check(mfd("models", "-f", "json", "--retries", "1", server=f.url), 5, "full")
            self.assertEqual(len(f.requests), 2)

    def test_a_pause_longer_than_sensible_is_not_taken(self):
        with Fake([problem(503, "queue-full", "full", {"Retry-After": "86400"})]) as f:
            self.check(mfd("models", "-f", "json", server=f.url), 5, "full")
            self.assertEqual(len(f.requests), 1)

    def test_a_refused_request_is_not_repeated(self):
        for status in (400, 404, 422, 500):
            with Fake([problem(status, "x", "why")]) as f:
                self.check(mfd("models", "-f", "json", server=f.url), 1, "why")
                self.assertEqual(len(f.requests), 1)

    def test_an_interrupt_ends_waiting_for_standard_input(self):
        with Fake([Answer(MODELS)]) as f:
            p = subprocess.Popen([MFD, "score", "-", "--server", f.url], stdin=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
            p.stdin.write(b"chr20-1-A-C\n")
            p.stdin.flush()
            while left_in(p.stdin) or not sleeps(p.pid):
                time.sleep(0.01)
            p.send_signal(signal.SIGINT)
            self.assertEqual((p.wait(timeout=10), p.stderr.read()), (130, b"mfd: interrupted\n"))
            p.stdin.close()
            p.stderr.close()

    def test_an_interrupt_ends_a_pause_at_once(self):
        with Fake([problem(503, "queue-full", "full", {"Retry-After": "30"})]) as f:
            p = subprocess.Popen([MFD, "models", "--server", f.url], stderr=subprocess.PIPE)
            p.stderr.readline()
            p.send_signal(signal.SIGINT)
            self.assertEqual(p.wait(timeout=5), 130)
            p.stderr.close()


class Replies(Case):
    def test_gzip_is_asked_for_and_read(self):
        with Fake([Answer(MODELS, zip=True)]) as f:
            result = self.check(mfd("models", server=f.url), 0)
            self.assertEqual(result.rows()[0]["name"], "demo")
            self.assertIn("gzip", f.requests[0]["headers"]["accept-encoding"])

    def test_a_reply_in_small_chunks_is_whole(self):
        with Fake([Answer(MODELS, chunks=3)]) as f:
            self.assertEqual(mfd("models", server=f.url).rows()[0]["tracks"], "346")

    def test_a_problem_is_told_with_place_suggestions_and_request(self):
        answer = problem(422, "unknown-label", "no label 'CTFC'.", {"X-Request-Id": "r-17"},
                         pointer="/tracks/where/proc_target/0", closest=["CTCF", "CTCFL"])
        with Fake([answer]) as f:
            err = self.check(mfd("models", server=f.url), 1).err
            self.assertEqual(err, "mfd: no label 'CTFC'; at /tracks/where/proc_target/0; closest: "
                                  "CTCF, CTCFL (HTTP 422, request r-17)\n")

    def test_errors_that_are_no_problem_documents_are_told_too(self):
        for body, type in (("<html>502</html>", "text/html"), ("", "text/plain"), ("[1]", "x/y"),
                           ('{"detail": 7}', "application/problem+json")):
            with Fake([Answer(body, 500, type)]) as f:
                self.check(mfd("models", server=f.url), 1, "the server failed (HTTP 500)")

    def test_a_reply_that_is_not_ours_is_told(self):
        for body in ("<html>", "{", "[]", "{}", '{"models": 3}', b"\xff\xfe", "null", ""):
            with Fake([Answer(body)]) as f:
                result = self.check(mfd("models", server=f.url), 1)
                self.assertRegex(result.err, "no JSON|no list of models")

    def test_a_reply_cut_short_is_unreachable(self):
        with Fake([Answer(MODELS, cut=10)]) as f:
            self.check(mfd("models", "--retries", "0", server=f.url), 3, "connection")

    def test_nothing_a_server_says_can_drive_a_terminal(self):
        evil = "\033]0;owned\007\u009b31m\n\tx"
        with Fake([Answer({"models": [{"name": evil}]})]) as f:
            out = self.check(mfd("models", "--format", "table", server=f.url), 0).out
            self.assertNotIn("\033", out)
            self.assertNotIn("\u009b", out)
            self.assertEqual(len(out.splitlines()), 2)
        with Fake([problem(400, "bad", evil, {"X-Request-Id": "a\x1bb"})]) as f:
            err = self.check(mfd("models", server=f.url), 1).err
            self.assertNotIn("\033", err)
            self.assertEqual(err.count("\n"), 1)

    def test_pages_are_followed_to_the_end_or_to_the_limit(self):
        def page(request):
            at = int(dict(request["query"]).get("cursor", "0"))
            document = {"models": [{"name": "m%d" % i} for i in range(at, at + 10)]}
            return Answer({**document, "next": str(at + 10) if at < 90 else None})
        with Fake(page) as f:
            self.assertEqual(len(mfd("models", server=f.url).rows()), 100)
            self.assertEqual(len(mfd("models", "-l", "15", server=f.url).rows()), 15)
            whole = json.loads(mfd("models", "-f", "json", server=f.url).out)
            self.assertEqual([m["name"] for m in whole["models"]], ["m%d" % i for i in range(100)])


class Output(Case):
    def test_formats_are_table_tsv_json_and_ndjson(self):
        with Fake([Answer(MODELS)]) as f:
            tsv = mfd("models", "--format", "tsv", server=f.url)
            self.assertEqual(tsv.out, mfd("models", server=f.url).out)
            self.assertEqual(json.loads(mfd("models", "--format=json", server=f.url).out), MODELS)
            line = mfd("models", "-f", "ndjson", server=f.url).out
            self.assertEqual(json.loads(line), MODELS["models"][0])
            table = mfd("models", "-f", "table", "--no-header", server=f.url).out
            self.assertTrue(table.startswith("demo  "))

    def test_a_terminal_gets_a_coloured_table_that_fits(self):
        long = {"models": [{"name": "demo", "digest": "0123456789" * 40}]}
        with Fake([Answer(long)]) as f:
            for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
                out = on_terminal([MFD, "models"], {"MFD_SERVER": f.url, "COLUMNS": "120", **env})
                self.assertEqual("\033[1m" in out, coloured)
                widths = [len(l) for l in out.replace("\033[1m", "").replace("\033[0m", "")
                          .splitlines()]
                self.assertLessEqual(max(widths), 120)
                self.assertIn("…", out)

    def test_a_reader_that_has_gone_ends_it_as_it_ends_others(self):
        many = {"tracks": [{"id": "t%d" % i, "metadata": {"x": "y" * 64}} for i in range(20000)]}
        with Fake([Answer(many)]) as f:
            for form in ("tsv", "json", "ndjson", "table"):
                p = subprocess.Popen([MFD, "tracks", "-m", "x", "--columns", "x", "-S", f.url, "-f", form], stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE)
                p.stdout.read(1)
                p.stdout.close()
                self.assertEqual((p.stderr.read(), p.wait(timeout=30)), (b"", -signal.SIGPIPE))
                p.stderr.close()

    @unittest.skipUnless(os.path.exists("/usr/share/i18n/locales/de_DE") and shutil.which("localedef"),
                         "Debian's locales is not installed")
    def test_numbers_have_points_wherever_one_lives(self):
        with Fake({"/api/v1/models": Answer(MODELS), "/api/v1/models/demo%401": Answer(
                {"tracks": 1.5})}) as f, tempfile.TemporaryDirectory() as folder:
            subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", folder + "/de_DE.UTF-8"], check=True)
            env = {"LC_ALL": "de_DE.UTF-8", "LOCPATH": folder}
            for form in ("tsv", "table", "json"):
                self.assertIn("1.5", mfd("models", "demo@1", "-f", form, server=f.url, env=env).out)

    def test_a_full_disk_is_told(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full here")
        with Fake([Answer(MODELS)]) as f, open("/dev/full", "w") as full:
            p = subprocess.run([MFD, "models", "--server", f.url], stdout=full, stderr=subprocess.PIPE)
            self.assertEqual(p.returncode, 1)
            self.assertIn(b"cannot write", p.stderr)
        with Fake(Daemon()) as f, open("/dev/full", "w") as full:
            p = subprocess.run([MFD, "predict", "chr20:1-2", "--server", f.url], stdout=full, stderr=subprocess.PIPE)
            self.assertEqual((p.returncode, p.stderr.count(b"cannot write")), (1, 1), p.stderr)


class CommandLine(Case):
    def test_usage_errors_end_with_2_and_name_what_is_wrong(self):
        for arguments, word in ((["--nonsense"], "--nonsense"), (["frobnicate"], "frobnicate"),
                                (["models", "-z"], "-z"), (["models", "a", "b"], "'b'"),
                                (["models", "--format", "xml"], "xml"), (["models", "-S"], "-S"),
                                (["models", "--quiet=3"], "--quiet"), (["tracks", "--se", "1"], "--se"),
                                (["models", "--limit", "0"], "--limit"),
                                (["tracks", "--where", "x"], "--where"),
                                (["--search", "x", "models"], "--search"),
                                (["models", "--where", "a=b"], "--where")):
            result = self.check(mfd(*arguments), 2)
            self.assertIn(word, result.err, arguments)
            self.assertEqual(result.out, "")

    def test_no_command_shows_the_help_on_stderr(self):
        result = self.check(mfd(), 2)
        self.assertIn("usage: mfd", result.err)

    def test_help_names_every_command_and_option(self):
        out = self.check(mfd("help"), 0).out
        names = [l.split("\t")[0] for l in mfd("help", "--list").out.splitlines() if l[0] != "-"]
        self.assertIn("models", names)
        for name in names:
            self.assertIn("\n  %s " % name, out)
            self.assertIn("usage: mfd " + name, self.check(mfd(name, "--help"), 0).out)
            for option in mfd("help", "--list", name).out.splitlines():
                if option.startswith("--"):
                    self.assertIn(option.split("=")[0].split("\t")[0], mfd(name, "--help").out)

    def test_the_version_is_told(self):
        self.assertRegex(self.check(mfd("--version"), 0).out, r"^mfd \d+\.\d+\.\d+\n$")


def left_in(pipe):
    """Bytes that the reader of a pipe has not taken."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]


def sleeps(pid):
    with open("/proc/%d/stat" % pid) as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "S"


if __name__ == "__main__":
    unittest.main()
