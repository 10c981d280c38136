"""The store's facade by itself beside pgbench, and the replicas of one service on one server."""

import concurrent.futures
import glob
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile

BODY = "0123456789" * 10
ROWS = 100_000
CALLERS = 64
# As many as the facade has connections: StoreOptions.writers and readers.
WRITERS, READERS = 4, 2
# The same statements as store-bench's.
SCRIPTS = {
    "writes": "\\set id random(1, 9000000000000000000)\nINSERT INTO bench_writes (id, body) VALUES (:id, :body);\n",
    "reads": f"\\set id random(1, {ROWS})\nSELECT body FROM bench_reads WHERE id = :id;\n",
}


def server_program(name):
    """A program of the PostgreSQL that is installed: Debian keeps most of them off the PATH, beside initdb."""
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4].split(".")[0]), reverse=True)
    folders += glob.glob("/opt/homebrew/opt/postgresql@*/bin")
    for folder in folders:
        if os.access(os.path.join(folder, name), os.X_OK):
            return os.path.join(folder, name)
    found = shutil.which(name)
    if not found:
        raise SystemExit(f"bench: {name} is not installed (apt: postgresql)")
    return found


def facade(binary, kind, url, callers, seconds):
    output = subprocess.run([binary, kind, url, str(callers), str(seconds)], capture_output=True, text=True).stdout
    answer = json.loads(output.splitlines()[-1]) if output else {"error": "no answer"}
    if "error" in answer:
        raise SystemExit(f"bench: store-bench {kind}: {answer['error']}")
    return answer


def pgbench(folder, kind, url, clients, seconds, isolation=None):
    script = os.path.join(folder, f"{kind}.sql")
    with open(script, "w") as file:
        file.write(SCRIPTS[kind])
    options = {"PGOPTIONS": f"-c default_transaction_isolation={isolation}"} if isolation else {}
    output = subprocess.run(
        [server_program("pgbench"), "-n", "-M", "prepared", "-f", script, "-c", str(clients), "-j", "1", "-T", str(seconds), "-D", f"body={BODY}", url],
        capture_output=True, text=True, check=True, env={**os.environ, **options}, cwd=folder).stdout
    return float(re.search(r"tps = ([\d.]+)", output).group(1))


def stores(binary, server, say, seconds, rounds=3):
    """Median rates of rounds in which everything takes its turn: the machine is noisy, and what is compared has to see the same noise."""
    folder = tempfile.mkdtemp(prefix="vefa-stores-")
    sqlite = f"sqlite://{folder}/bench.db"
    try:
        measures = []
        for kind in ("writes", "reads"):
            few = WRITERS if kind == "writes" else READERS
            for callers in (CALLERS, few):
                measures.append(((kind, "sqlite", callers), lambda kind=kind, callers=callers: facade(binary, kind, sqlite, callers, seconds)["rate"]))
                if not server:
                    continue
                measures.append(((kind, "postgres", callers), lambda kind=kind, callers=callers: facade(binary, kind, server, callers, seconds)["rate"]))
                measures.append(((kind, "pgbench", callers), lambda kind=kind, callers=callers: pgbench(folder, kind, server, callers, seconds)))
                if kind == "writes":
                    measures.append(((kind, "pgbench serializable", callers), lambda kind=kind, callers=callers: pgbench(
                        folder, kind, server, callers, seconds, "serializable")))
        for url in filter(None, (sqlite, server)):
            subprocess.run([binary, "prepare", url, str(ROWS)], check=True, stderr=subprocess.DEVNULL)
        found = {key: [] for key, _ in measures}
        for _ in range(rounds):
            for key, measure in measures:
                found[key].append(measure())
        rates = {key: statistics.median(values) for key, values in found.items()}
        for kind, unit in (("writes", "writes/s"), ("reads", "reads/s")):
            few = WRITERS if kind == "writes" else READERS
            what = "single-row durable writes" if kind == "writes" else "point reads"
            for callers in (CALLERS, few):
                say(f"{what}, {callers} callers: SQLite", rates[kind, "sqlite", callers], unit)
                if server:
                    say(f"{what}, {callers} callers, {few} connections: PostgreSQL", rates[kind, "postgres", callers], unit)
            if not server:
                continue
            for clients in (CALLERS, few):
                say(f"{what}: pgbench, {clients} connections", rates[kind, "pgbench", clients], unit)
                if kind == "writes":
                    say(f"{what}: pgbench, {clients} connections, serializable", rates[kind, "pgbench serializable", clients], unit)
            most = max(rates[kind, name, clients] for name in ("pgbench", "pgbench serializable") for clients in (CALLERS, few)
                       if (kind, name, clients) in rates)
            say(f"{what}: {CALLERS} callers ÷ pgbench with {few} connections",
                rates[kind, "postgres", CALLERS] / rates[kind, "pgbench", few])
            say(f"{what}: {CALLERS} callers ÷ pgbench with {CALLERS} connections",
                rates[kind, "postgres", CALLERS] / rates[kind, "pgbench", CALLERS])
            say(f"{what}: {few} callers ÷ pgbench with {few} connections",
                rates[kind, "postgres", few] / rates[kind, "pgbench", few])
            say(f"{what}: {CALLERS} callers ÷ the fastest pgbench", rates[kind, "postgres", CALLERS] / most, "", "0.7")
        for name, url in (("SQLite", sqlite), ("PostgreSQL", server)):
            if not url:
                continue
            answer = facade(binary, "counter", url, CALLERS, seconds)
            say(f"read, add one, write back, {CALLERS} callers in 4 rows: {name}", answer["rate"], "writes/s")
            say("  transactions that ran again, of each hundred", 100 * answer["conflicts"] / max(1, answer["conflicts"] + answer["commits"]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Databases:
    """A database for each service of one suite, gone with it."""

    def __init__(self, server, services):
        self.server = server
        self.names = {service: f"bench_{os.getpid()}_{os.urandom(4).hex()}_{service}" for service in services}
        for name in self.names.values():
            self.run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")

    def run(self, statement):
        subprocess.run([server_program("psql"), "-qX", "-c", statement, self.server], check=True, stdout=subprocess.DEVNULL)

    def environment(self):
        address, _, options = self.server.partition("?")
        address = address.rsplit("/", 1)[0]
        return {f"VEFA_{service.upper()}_DATABASE_URL": f"{address}/{name}?{options}" for service, name in self.names.items()}

    def drop(self):
        for name in self.names.values():
            self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def replicas(new_suite, script, principal, wrk, say, seconds, counts=(1, 2, 4), rounds=2):
    """Durable commands straight at the replicas of loyalty-svc, 64 connections divided among them, signed as the gateway signs."""
    rates = {count: [] for count in counts}
    members = 500
    for _ in range(rounds):
        for count in counts:
            suite = new_suite(count)
            try:
                with concurrent.futures.ThreadPoolExecutor(8) as pool:
                    made = list(pool.map(lambda n: suite.request(
                        "PUT", f"/v1/customers/m{n}", json.dumps({"email": f"m{n}@example.com"}))[0], range(members)))
                if any(status not in (200, 201) for status in made):
                    return print("    skipped: customers cannot be made:", sorted(set(made)))
                path = script(suite.folder, members)
                header = [f"X-Vefa-Principal: {principal()}"]
                with concurrent.futures.ThreadPoolExecutor(count) as pool:
                    def load(port, span):
                        return wrk(f"http://127.0.0.1:{port}", path, connections=64 // count, headers=header, seconds=span)[0]
                    list(pool.map(lambda port: load(port, 1), suite.replica_ports("loyalty")))
                    rates[count].append(sum(pool.map(lambda port: load(port, seconds), suite.replica_ports("loyalty"))))
            finally:
                suite.stop()
    for count in counts:
        say(f"adjustments of {members} members, loyalty-svc × {count}", statistics.median(rates[count]), "writes/s")
    for count in counts[1:]:
        say(f"  × {count} ÷ × 1", statistics.median(rates[count]) / statistics.median(rates[counts[0]]))
