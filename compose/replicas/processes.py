"""A suite without containers, for whoever works on Vefa: the executables of a folder, on the throw-away server of Tests/Support/with-postgres.

    Tests/Support/with-postgres python3 -B compose/replicas --processes .build/debug
"""

from __future__ import annotations

import glob
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

_EXECUTABLES = {"gateway": "gateway", "loyalty": "loyalty-svc", "referral": "referral-svc", "messaging": "messaging-svc", "survey": "survey-svc"}
#: Addresses that are known from the beginning, whether somebody listens or not.
_MOST = {"gateway": 1, "loyalty": 4, "referral": 1, "messaging": 2, "survey": 1}


class Processes:
    keeps_mails = True

    def __init__(self, folder: str) -> None:
        self._bin = Path(folder).resolve()
        # The one that may be crashed.
        self._server = os.environ.get("VEFA_TEST_POSTGRES_CRASH_URL", "")
        if not self._server:
            raise SystemExit("--processes needs a server: Tests/Support/with-postgres python3 -B compose/replicas --processes …")
        self._psql = shutil.which("psql") or max(glob.glob("/usr/lib/postgresql/*/bin/psql"))
        self.folder = Path(tempfile.mkdtemp(prefix="vefa-replicas-"))
        self.key = "sk_" + secrets.token_hex(16)
        self._ports = {name: [_free_port() for _ in range(most)] for name, most in _MOST.items()}
        self._running: dict[str, dict[int, subprocess.Popen]] = {name: {} for name in _MOST}
        self._environment = {
            **os.environ,
            **{f"VEFA_{name.upper()}_URL": ",".join(f"http://127.0.0.1:{port}" for port in ports) for name, ports in self._ports.items()},
            **{f"VEFA_{name.upper()}_DATABASE_URL": self._database(name) for name in _MOST},
            "VEFA_INTERNAL_KEY": secrets.token_hex(16),
            "VEFA_LINK_KEY": secrets.token_hex(16),
            "VEFA_BOOTSTRAP_SECRET_KEY": self.key,
            "NIO_SINGLETON_GROUP_LOOP_COUNT": "1",
        }
        for name in _MOST:
            self._ask("postgres", f"CREATE DATABASE vefa_{name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._ports['gateway'][0]}"

    def running(self, name: str) -> list[int]:
        return [number for number, process in self._running[name].items() if process.poll() is None]

    def scale(self, **counts: int) -> None:
        for name in _MOST:
            for number in range(counts.get(name, 1)):
                if number not in self.running(name):
                    self._start(name, number)

    def kill(self, name: str) -> None:
        process = self._running[name].pop(self.running(name)[0])
        process.kill()
        process.wait()

    def stop(self, name: str) -> None:
        process = self._running[name].pop(self.running(name)[0])
        process.send_signal(signal.SIGTERM)
        process.wait(30)

    def restart_database(self) -> None:
        subprocess.run([os.environ["VEFA_TEST_POSTGRES_RESTART"]], check=True)

    def sql(self, name: str, statement: str) -> str:
        return self._ask(f"vefa_{name}", statement)

    def mails(self) -> list[str]:
        files = (self.folder / "messaging/mail").rglob("*.eml")
        return [found.group(1) for file in files if (found := re.search(r"(?im)^message-id:\s*<([^>]+)>", file.read_text(errors="replace")))]

    def end(self) -> None:
        for processes in self._running.values():
            for process in processes.values():
                process.kill()
                process.wait()
        print(f"      logs and mails are in {self.folder}")

    def _start(self, name: str, number: int) -> None:
        data = self.folder / name
        data.mkdir(exist_ok=True)
        log = open(self.folder / f"{name}-{number}.log", "ab")
        self._running[name][number] = subprocess.Popen(
            [self._bin / _EXECUTABLES[name]],
            env={**self._environment, "VEFA_PORT": str(self._ports[name][number]), "VEFA_DATA_DIR": str(data)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def _database(self, name: str) -> str:
        return re.sub(r"/postgres(?=\?|$)", f"/vefa_{name}", self._server)

    def _ask(self, database: str, statement: str) -> str:
        url = re.sub(r"/postgres(?=\?|$)", f"/{database}", self._server)
        done = subprocess.run([self._psql, "-XAtq", "-d", url, "-c", statement], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout.strip()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
