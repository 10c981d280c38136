"""The five executables on loopback in a temporary folder, for measuring."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

SERVICES = ["loyalty", "referral", "messaging", "survey", "gateway"]
KEY = "sk_bench_0123456789abcdefghijklmnopqrstuvwxyzABCD"
INTERNAL = "bench internal key, 32 bytes long"


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Suite:
    """`databases` are stores.Databases, or None for SQLite; `replicas` says of which service how many processes run beside the first."""

    def __init__(self, bin_dir, databases=None, replicas=None, **environment):
        self.folder = tempfile.mkdtemp(prefix="vefa-bench-")
        self.ports = dict(zip(SERVICES, free_ports(len(SERVICES))))
        self.more_ports = {service: free_ports(count) for service, count in (replicas or {}).items() if count > 0}
        self.databases = databases
        self.processes = {}
        base = {
            "PATH": os.environ["PATH"],
            "VEFA_DATA_DIR": self.folder,
            "VEFA_INTERNAL_KEY": INTERNAL,
            "VEFA_LINK_KEY": INTERNAL,
            "VEFA_BOOTSTRAP_SECRET_KEY": KEY,
            "VEFA_LOG_LEVEL": "warning",
            "NIO_SINGLETON_GROUP_LOOP_COUNT": os.environ.get("BENCH_LOOPS", "1"),
            "VEFA_RATE_LIMIT": "1000000",
            "VEFA_PARENT_FD": "0",
        }
        for service, port in self.ports.items():
            base[f"VEFA_{service.upper()}_URL"] = ",".join(f"http://127.0.0.1:{each}" for each in self.replica_ports(service))
        base.update(databases.environment() if databases else {})
        base.update(environment)
        self.bin_dir, self.environment = bin_dir, base
        for service in SERVICES:
            for number, port in enumerate(self.replica_ports(service), 1):
                self.spawn(service, service if number == 1 else f"{service} {number}", port)
        self.wait_ready()

    def spawn(self, service, process, port):
        name = "gateway" if service == "gateway" else f"{service}-svc"
        log = open(os.path.join(self.folder, f"{process}.log"), "ab")
        self.processes[process] = subprocess.Popen(
            [os.path.join(self.bin_dir, name)],
            env={**self.environment, "VEFA_PORT": str(port)},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )

    def halt(self, service):
        self.processes[service].terminate()
        self.processes[service].wait(30)

    def begin(self, service):
        self.spawn(service, service, self.ports[service])
        self.wait_ready()

    def wait_ready(self):
        deadline = time.time() + 60
        while True:
            try:
                ports = [port for service in SERVICES for port in self.replica_ports(service)]
                if all(self.request("GET", "/readyz", port=port)[0] == 200 for port in ports):
                    break
            except OSError:
                pass
            if time.time() > deadline:
                raise SystemExit(f"the suite did not become ready; logs in {self.folder}")
            time.sleep(0.05)

    def replica_ports(self, service):
        return [self.ports[service]] + self.more_ports.get(service, [])

    def request(self, method, path, body=None, headers=None, port=None):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.ports["gateway"], timeout=600)
        connection.request(method, path, body, {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        try:
            return answer.status, json.loads(data)
        except ValueError:
            return answer.status, data

    def resident(self, service):
        with open(f"/proc/{self.processes[service].pid}/status") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
        return 0

    def cpu(self, service):
        with open(f"/proc/{self.processes[service].pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        if self.databases:
            self.databases.drop()
        shutil.rmtree(self.folder, ignore_errors=True)


def principal(kind="secret", key_id="key_bench"):
    """The header the gateway would send a service: lets nginx stand where the gateway stands."""

    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    payload = {"k": kind, "i": key_id, "s": ["*"], "c": None, "e": int(time.time() * 1000) + 120_000}
    body = "v1." + encode(json.dumps(payload).encode())
    return body + "." + encode(hmac.new(INTERNAL.encode(), body.encode(), hashlib.sha256).digest())


class Nginx:
    """nginx with proxy_pass in front of one port."""

    def __init__(self, upstream):
        self.folder = tempfile.mkdtemp(prefix="vefa-nginx-")
        self.port = free_ports(1)[0]
        config = f"""
            daemon off; worker_processes 1; pid {self.folder}/pid; error_log {self.folder}/error.log;
            events {{ worker_connections 1024; }}
            http {{
                access_log off; client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy;
                fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
                upstream service {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 1000000; }}
                server {{
                    listen 127.0.0.1:{self.port}; keepalive_requests 1000000;
                    location / {{
                        proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection "";
                        proxy_set_header X-Vefa-Principal "{principal()}";
                    }}
                }}
            }}"""
        path = os.path.join(self.folder, "nginx.conf")
        with open(path, "w") as file:
            file.write(config)
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = subprocess.Popen([binary, "-c", path, "-p", self.folder], stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
