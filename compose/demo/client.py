"""Talks to a running suite through its gateway: one connection, kept open; patient with 429 and 503, clear about everything else."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from dataclasses import dataclass
from typing import Any, Sequence
from urllib.parse import quote, urlsplit

_TIMEOUT = 120
#: How often a call that was cut off or turned away is made again. Every call here may be: events are deduplicated, commands carry a key.
_TRIES = 8


class DemoError(Exception):
    """Ends the demo with words for the person in front of it."""


class RouteMissing(Exception):
    """This suite has no such route (yet)."""

    def __init__(self, method: str, path: str) -> None:
        super().__init__(f"{method} {path}")


@dataclass
class Answer:
    status: int
    body: Any
    retry_after: float

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        return self.body.get("code", "") if isinstance(self.body, dict) else ""

    @property
    def words(self) -> str:
        """What a refusal says, in one line."""
        if not isinstance(self.body, dict):
            return f"answer {self.status}"
        errors = [
            f"{error.get('pointer', '')} {error.get('detail') or error.get('code', '')}".strip() for error in self.body.get("errors") or []
        ]
        return f"{self.status} {self.code}: " + "; ".join([self.body.get("detail") or self.body.get("title") or "", *errors][:3]).strip(
            "; "
        )


class Suite:
    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
            raise DemoError(f'URL is "{url}"; an address such as http://127.0.0.1:8080 was expected.')
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._key, self._prefix = key, parts.path.rstrip("/")
        if parts.scheme == "https":
            self._connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.hostname, port, timeout=_TIMEOUT, context=ssl.create_default_context()
            )
        else:
            self._connection = http.client.HTTPConnection(parts.hostname, port, timeout=_TIMEOUT)

    def close(self) -> None:
        self._connection.close()

    # --- Calls

    def get(self, path: str) -> Answer:
        return self._send("GET", path, None, {})

    def write(self, method: str, path: str, body: Any, key: str) -> Answer:
        """A command; `key` makes it one command however often it is sent."""
        return self._send(
            method, path, json.dumps(body, ensure_ascii=False).encode(), {"Content-Type": "application/json", "Idempotency-Key": key}
        )

    def events(self, lines: Sequence[bytes]) -> Answer:
        """A piece of the stream, in chunks as it is read."""
        return self._send("POST", "/v1/events", lines, {"Content-Type": "application/x-ndjson"})

    def need(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """The body of a good answer. A missing route raises `RouteMissing`, a refusal `DemoError`."""
        answer = self.get(path) if method == "GET" else self.write(method, path, body, key)
        if answer.ok:
            return answer.body
        if self.lacks(answer):
            raise RouteMissing(method, path.split("?")[0])
        raise DemoError(f"{method} {path.split('?')[0]} was refused: {answer.words}")

    @staticmethod
    def lacks(answer: Answer) -> bool:
        """Whether it is the route that is not there, and not the thing asked for."""
        return answer.status in (405, 501) or (answer.status == 404 and answer.code in ("", "not_found"))

    # --- Before the first event

    def greet(self) -> None:
        """Makes sure that a ready suite is there and knows the key."""
        ready = self._open("/readyz")
        until = time.monotonic() + 30
        while ready.status == 503 and time.monotonic() < until:
            time.sleep(1)
            ready = self._open("/readyz")
        if ready.status == 503:
            raise DemoError(f"The suite at {self.url} is up but not ready; {self.url}/readyz says which service is missing.")
        if ready.status != 200:
            raise DemoError(f"Something else than Vefa answers at {self.url} ({ready.status} for /readyz). Is URL right?")
        known = self.get("/v1/events/none?source=none")
        if known.status == 401:
            raise DemoError(
                "The suite does not know this key. `make run` shows the first one once, at its first start; "
                "another can be made by POST /v1/api_keys."
            )
        if known.status == 403:
            raise DemoError("This key may not do that: a secret key (sk_…) with all scopes is needed.")

    def _open(self, path: str) -> Answer:
        try:
            return self._once("GET", path, None, {}, authorised=False)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise DemoError(
                f"No suite answers at {self.url} ({_reason(error)}). Start one with `make run`, or name its address: make demo URL=http://…"
            ) from error

    # --- The wire

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        for attempt in range(1, _TRIES + 1):
            try:
                answer = self._once(method, path, body, headers, authorised=True)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                if attempt == _TRIES:
                    raise DemoError(f"The suite at {self.url} stopped answering ({_reason(error)}).") from error
                time.sleep(min(0.25 * 2**attempt, 5))
                continue
            if answer.status not in (429, 502, 503, 504) or attempt == _TRIES:
                return answer
            time.sleep(min(max(answer.retry_after, 0.25 * attempt), 60))
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, body: Any, headers: dict[str, str], authorised: bool) -> Answer:
        whole = {"Accept": "application/json", **headers}
        if authorised:
            whole["Authorization"] = f"Bearer {self._key}"
        streamed = body is not None and not isinstance(body, bytes)
        if streamed:
            whole["Transfer-Encoding"] = "chunked"
        try:
            self._connection.request(
                method, self._prefix + path, body=_chunks(body) if streamed else body, headers=whole, encode_chunked=streamed
            )
        except (BrokenPipeError, ConnectionResetError):
            # The answer may be there already: a refusal does not wait for the rest of the body.
            response = self._connection.getresponse()
        else:
            response = self._connection.getresponse()
        raw = response.read()
        try:
            parsed = json.loads(raw) if raw else None
        except ValueError:
            parsed = None
        wait = response.getheader("Retry-After", "")
        return Answer(response.status, parsed, float(wait) if wait.isdigit() else 0)


def path(*parts: str) -> str:
    """A path of the API from its parts, each as it may stand in an address."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def _chunks(lines: Sequence[bytes]) -> Any:
    """Some lines at a time; a chunk for each line would be more frame than text."""
    for start in range(0, len(lines), 50):
        yield b"".join(lines[start : start + 50])


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
