"""A suite in containers: docker-compose.yml with docker-compose.postgres.yml over it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
SERVICES = ("gateway", "loyalty", "referral", "messaging", "survey")


def service(name: str) -> str:
    return name if name in ("gateway", "database") else f"{name}-svc"


class Containers:
    def __init__(self, project: str) -> None:
        self._project = project
        new = subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0
        files = ["-f", "docker-compose.yml", "-f", "docker-compose.postgres.yml"]
        self._compose = [*(["docker", "compose"] if new else ["docker-compose"]), "-p", project, *files]
        self.key = os.environ.get("VEFA_KEY") or (HERE / "secrets/bootstrap_secret_key").read_text().strip()
        smtp = HERE / "secrets/smtp_url"
        self.keeps_mails = not (smtp.exists() and smtp.read_text().strip())

    @property
    def url(self) -> str:
        gateway = self.running("gateway")
        if not gateway:
            raise SystemExit(f"the project {self._project} has no running gateway")
        address = _say("docker", "port", gateway[0], "8080/tcp").splitlines()[0]
        return "http://" + address.replace("0.0.0.0", "127.0.0.1")

    def running(self, name: str) -> list[str]:
        """Containers' ids, the oldest number first."""
        found = _say(
            *("docker", "ps", "-q", "--no-trunc", "--filter", f"label=com.docker.compose.project={self._project}"),
            *("--filter", f"label=com.docker.compose.service={service(name)}", "--filter", "label=com.docker.compose.oneoff=False"),
        ).split()
        number = {id: int(_say("docker", "inspect", "-f", '{{index .Config.Labels "com.docker.compose.container-number"}}', id)) for id in found}
        return sorted(found, key=number.__getitem__)

    def kill(self, name: str) -> None:
        """The lowest number: it came first, so it is likely to hold leases."""
        _say("docker", "kill", self.running(name)[0])

    def stop(self, name: str) -> None:
        _say("docker", "stop", "-t", "25", self.running(name)[0])

    def scale(self, **counts: int) -> None:
        """Starts what was killed again, and makes what is missing."""
        scales = [argument for name in SERVICES for argument in ("--scale", f"{service(name)}={counts.get(name) or max(1, len(self.running(name)))}")]
        subprocess.run([*self._compose, "up", "-d", "--no-build", "--no-recreate", *scales], cwd=HERE, check=True, capture_output=True)

    def restart_database(self) -> None:
        _say("docker", "restart", self.running("database")[0])

    def sql(self, name: str, statement: str) -> str:
        return _say("docker", "exec", self.running("database")[0], "psql", "-XAtq", "-U", "postgres", "-d", f"vefa_{name}", "-c", statement).strip()

    def mails(self) -> list[str]:
        text = _say("docker", "exec", self.running("messaging")[0], "sh", "-c", "find /data/mail -name '*.eml' -exec grep -hi -m1 '^message-id:' {} +")
        return re.findall(r"<([^>]+)>", text)


def _say(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:3])}: {done.stderr.strip()}")
    return done.stdout
