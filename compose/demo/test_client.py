"""How the demo meets a suite that is not there, is busy, refuses, breaks off, or lacks a route. The suite is a stand-in on loopback."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
import unittest
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).parent))

import stream  # noqa: E402
from client import DemoError, RouteMissing, Suite  # noqa: E402
from scenes import Stage, play  # noqa: E402
from year import Year  # noqa: E402


class StandIn:
    """Answers by a function of (method, path, body) and keeps what was asked."""

    def __init__(self, answer: Callable[[str, str, bytes], Any]) -> None:
        calls = self.calls = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self._body()
                calls.append((self.command, self.path, body))
                reply = answer(self.command, self.path, body)
                if reply is None:
                    self.close_connection = True
                    return
                status, content, headers = reply
                raw = json.dumps(content).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(raw))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = do_PUT = _answer

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length", 0)))
                whole = b""
                while size := int(self.rfile.readline(), 16):
                    whole += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return whole

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def end(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def accepted(body: bytes) -> tuple[int, Any, dict[str, str]]:
    return 202, {"accepted": body.count(b"\n"), "duplicates": 0, "rejected": []}, {}


class ClientTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.year = Year(7, date(2026, 11, 22))
        cls.year.events = cls.year.events[:2_500]

    def suite(self, answer: Callable[[str, str, bytes], Any]) -> Suite:
        self.stand_in = StandIn(answer)
        self.addCleanup(self.stand_in.end)
        suite = Suite(self.stand_in.url, "sk_key_of_a_test")
        self.addCleanup(suite.close)
        return suite

    def send(self, suite: Suite) -> tuple[int, int]:
        with contextlib.redirect_stdout(io.StringIO()):
            return stream.send(suite, self.year)

    def test_the_year_goes_out_in_pieces_that_make_the_whole(self) -> None:
        suite = self.suite(lambda _, __, body: accepted(body))
        self.assertEqual(self.send(suite), (2_500, 0))
        self.assertEqual([body.count(b"\n") for _, _, body in self.stand_in.calls], [1_000, 1_000, 500])
        self.assertEqual(b"".join(body for _, _, body in self.stand_in.calls), b"".join(self.year.lines()))

    def test_a_busy_suite_and_a_cut_connection_are_met_by_sending_the_piece_again(self) -> None:
        replies = [(429, {}, {"Retry-After": "0"}), (503, {}, {"Retry-After": "0"}), None]
        suite = self.suite(lambda _, __, body: replies.pop(0) if replies else accepted(body))
        self.assertEqual(self.send(suite), (2_500, 0))
        self.assertEqual(len(self.stand_in.calls), 6)

    def test_a_rejected_event_ends_the_run_with_its_name_and_reason(self) -> None:
        rejected = {"index": 0, "id": "x-1", "code": "out_of_range", "pointer": "/data/total", "detail": "from 0"}
        suite = self.suite(lambda *_: (202, {"accepted": 0, "duplicates": 0, "rejected": [rejected], "rejected_count": 1}, {}))
        with self.assertRaisesRegex(DemoError, "x-1 .*out_of_range at /data/total"):
            self.send(suite)

    def test_a_suite_that_goes_away_in_the_middle_is_told_with_what_is_on_disk(self) -> None:
        suite = self.suite(lambda *_: None)
        suite._send = lambda *_: (_ for _ in ()).throw(DemoError("The suite stopped answering."))  # without waiting for eight tries
        with self.assertRaisesRegex(DemoError, "0 of 2,500 events are on disk. Run the same command again"):
            self.send(suite)

    def test_no_suite_and_no_vefa_are_told_apart(self) -> None:
        with self.assertRaisesRegex(DemoError, "No suite answers at http://127.0.0.1:9 "):
            Suite("http://127.0.0.1:9", "sk_x").greet()
        with self.assertRaisesRegex(DemoError, "Something else than Vefa"):
            self.suite(lambda *_: (404, {}, {})).greet()
        with self.assertRaisesRegex(DemoError, "an address such as"):
            Suite("ftp://127.0.0.1", "sk_x")

    def test_a_wrong_key_and_a_weak_key_are_told_apart(self) -> None:
        for status, words in ((401, "does not know this key"), (403, "all scopes")):
            with self.assertRaisesRegex(DemoError, words):
                self.suite(lambda _, path, __, status=status: (200 if path == "/readyz" else status, {}, {})).greet()

    def test_waiting_ends_when_all_services_are_done_and_names_one_that_refuses(self) -> None:
        states = [{"loyalty": "waiting", "messaging": "done"}]
        suite = self.suite(lambda *_: (200, {"processed_by": states.pop() if states else {"loyalty": "done", "messaging": "done"}}, {}))
        with contextlib.redirect_stdout(io.StringIO()):
            stream.wait(suite, self.year)
        suite = self.suite(lambda *_: (200, {"processed_by": {"loyalty": "refused"}}, {}))
        with contextlib.redirect_stdout(io.StringIO()), self.assertRaisesRegex(DemoError, "refused"):
            stream.wait(suite, self.year)

    def test_a_missing_route_is_told_from_a_refusal(self) -> None:
        with self.assertRaises(RouteMissing):
            self.suite(lambda *_: (404, {"code": "not_found"}, {})).need("POST", "/v1/surveys", {}, "k")
        with self.assertRaises(RouteMissing):
            self.suite(lambda *_: (405, {"code": "method_not_allowed"}, {})).need("POST", "/v1/flows", {}, "k")
        with self.assertRaisesRegex(DemoError, "422 invalid: no such thing; /name too long"):
            problem = {"code": "invalid", "detail": "no such thing", "errors": [{"pointer": "/name", "detail": "too long"}]}
            self.suite(lambda *_: (422, problem, {})).need("POST", "/v1/surveys", {}, "k")

    def test_scenes_whose_routes_are_not_there_are_named_and_passed_over(self) -> None:
        suite = self.suite(lambda *_: (404, {"code": "not_found"}, {}))
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            play(Stage(suite, self.year))
        for words in ("POST /v1/coupon_batches", "PUT /v1/referral/advocates/{customer_id}", "POST /v1/surveys", "GET /v1/flows"):
            self.assertIn(f"skipped: this suite has no {words} yet", said.getvalue())


class CommandTests(unittest.TestCase):
    def run_demo(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-B", str(Path(__file__).parent), *arguments]
        known = {name: value for name, value in os.environ.items() if name != "VEFA_KEY"}
        return subprocess.run(command, env={**known, **environment}, capture_output=True, text=True, timeout=60)

    def test_what_is_missing_or_wrong_is_said_in_a_line(self) -> None:
        for arguments, environment, words in (
            ((), {}, "No key. make demo KEY=sk_"),
            ((), {"VEFA_KEY": "sk_ş"}, "characters that no key has"),
            (("--seed", "seven"), {"VEFA_KEY": "sk_x"}, "a whole number was expected"),
            (("--print", "--until", "2026-02-30"), {}, "a day such as"),
            (("--print", "--until", "0001-01-01"), {}, "a day such as"),
            (("--url", "http://127.0.0.1:9"), {"VEFA_KEY": "sk_x"}, "No suite answers"),
        ):
            with self.subTest(arguments=arguments, environment=environment):
                ended = self.run_demo(*arguments, **environment)
                self.assertEqual((ended.returncode, ended.stdout), (1, ""))
                self.assertIn(words, ended.stderr)
                self.assertEqual(ended.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
