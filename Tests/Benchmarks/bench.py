"""What `make bench` prints. Ratios are of one run: these machines are noisy, and only a ratio means something elsewhere."""

import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stores import Databases, replicas, stores  # noqa: E402
import segments  # noqa: E402
from suite import KEY, SERVICES, Nginx, Suite, principal  # noqa: E402

BIN = os.environ["VEFA_BIN_DIR"]
SECONDS = int(os.environ.get("BENCH_SECONDS", "8"))
ORDERS = int(os.environ.get("BENCH_ORDERS", "100000"))
ONLY = [name for name in os.environ.get("BENCH_ONLY", "").split(",") if name]
ENGINE = os.environ.get("BENCH_ENGINE", "sqlite")
SERVER = os.environ.get("VEFA_TEST_POSTGRES_URL") if ENGINE == "postgres" else None
if ENGINE not in ("sqlite", "postgres") or (ENGINE == "postgres" and not SERVER):
    raise SystemExit(f"bench: ENGINE is sqlite or postgres, and postgres needs a server; it is {ENGINE!r}")
figures = {}


def new_suite(**replicas):
    """The five on the engine that is measured; the keywords say how many of a service."""
    databases = Databases(SERVER, SERVICES) if SERVER else None
    return Suite(BIN, databases, {service: count - 1 for service, count in replicas.items()})



def say(name, value, unit="", goal=None):
    figures[name] = value
    text = f"{value:,.2f}" if value < 100 else f"{value:,.0f}"
    print(f"  {name:<62} {text:>12} {unit:<10}{'goal ' + goal if goal else ''}", flush=True)


def order(number, customers, when):
    total = random.randrange(1_000, 50_000)
    customer = f"c{number % customers}"
    items = [
        {"line_id": str(i), "product_id": f"p{(number + i) % 500}", "sku": f"SKU{i}", "name": "Serum 30 ml", "categories": ["skin"],
         "quantity": 1, "unit_price": total // 2, "discount": 0, "tax": 0}
        for i in range(2)
    ]
    return {
        "specversion": "1.0", "id": f"o{number}-{random.getrandbits(40):x}", "source": "bench", "type": "order.paid", "time": when,
        "subject": customer,
        "data": {
            "order_id": f"o{number}", "customer": {"id": customer, "email": f"{customer}@example.com", "first_name": "Ayşe", "locale": "tr"},
            "currency": "TRY", "subtotal": total, "discount_total": 0, "tax_total": 0, "shipping_total": 0, "total": total,
            "placed_at": when, "items": items,
        },
    }


OLD = "2026-01-15T10:00:00Z"


def bulk(rows):
    """The same rows by one SQLite connection, 100 a transaction, synchronous=FULL: what the disk allows."""
    folder = tempfile.mkdtemp(prefix="vefa-bulk-")
    db = sqlite3.connect(os.path.join(folder, "bulk.db"), isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute(
        "CREATE TABLE outbox (position INTEGER PRIMARY KEY, source TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, customer_id TEXT,"
        " occurred_at BIGINT NOT NULL, stored_at BIGINT NOT NULL, body TEXT NOT NULL)")
    db.execute("CREATE UNIQUE INDEX outbox_identity ON outbox (id, source)")
    db.execute("CREATE INDEX outbox_customer ON outbox (customer_id, position)")
    start = time.perf_counter()
    for first in range(0, len(rows), 100):
        db.execute("BEGIN IMMEDIATE")
        db.executemany(
            "INSERT INTO outbox (source, id, type, customer_id, occurred_at, stored_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)", rows[first:first + 100])
        db.execute("COMMIT")
    elapsed = time.perf_counter() - start
    db.close()
    shutil.rmtree(folder)
    return len(rows) / elapsed


def wrk(url, script=None, connections=128, headers=(), seconds=SECONDS):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
    for header in headers:
        command += ["-H", header]
    if script:
        command += ["-s", script]
    output = subprocess.run(command + [url], capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    if bad:
        print(f"    ! {bad.group(1)} answers were no success")
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
    scale = {"us": 0.001, "ms": 1, "s": 1000}
    return rate, float(p99.group(1)) * scale[p99.group(2)] if p99 else 0


def lua(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def post_events(folder, kind):
    """One event a call, each with an id of its own."""
    body = json.dumps(order(0, 10_000, OLD), ensure_ascii=False) if kind == "order" else json.dumps(
        {"specversion": "1.0", "id": "o0-", "source": "bench", "type": "custom.ping", "time": OLD, "subject": "c1", "data": {"n": 1}})
    event = json.loads(body)
    event["id"] = "@ID@"
    if kind == "order":
        event["data"]["order_id"] = "@ID@"
    text = json.dumps(event, ensure_ascii=False).replace("\\", "\\\\").replace("'", "\\'")
    return lua(folder, f"{kind}.lua", f"""
local body = '{text}'
local run = tostring(os.time()) .. tostring(math.random(1000000))
local count = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/cloudevents+json"
wrk.headers["Authorization"] = "Bearer {KEY}"
request = function()
  count = count + 1
  return wrk.format(nil, "/v1/events", nil, (body:gsub("@ID@", run .. "-" .. count)))
end
""")


def rows_of(count):
    random.seed(7)
    events = [order(number, 10_000, OLD) for number in range(count)]
    return [("bench", e["id"], e["type"], e["subject"], 0, 0, json.dumps(e, ensure_ascii=False)) for e in events]


def wait_applied(suite, event_id):
    while True:
        status, answer = suite.request("GET", f"/v1/events/{event_id}")
        if status == 200 and all(state != "waiting" for state in answer["processed_by"].values()):
            return answer
        time.sleep(0.05)


def ingest():
    print("Durable ingest (POST /v1/events, one order a call, 128 connections)")
    base = bulk(rows_of(60_000))
    suite = new_suite()
    try:
        script = post_events(suite.folder, "order")
        wrk(f"http://127.0.0.1:{suite.ports['gateway']}", script, seconds=2)
        rate, p99 = wrk(f"http://127.0.0.1:{suite.ports['gateway']}", script)
        say("bulk insert, one connection, 100 a transaction", base, "rows/s")
        say("ingest while all five work", rate, "events/s")
        say("  p99", p99, "ms")
        say("ingest ÷ bulk", rate / base, "", "0.4")
    finally:
        suite.stop()
    return base


def importing(base):
    print(f"NDJSON import of {ORDERS:,} orders")
    suite = new_suite()
    try:
        random.seed(11)
        events = [order(number, 10_000, OLD) for number in range(ORDERS)]
        body = "\n".join(json.dumps(e, ensure_ascii=False) for e in events).encode()
        start = time.perf_counter()
        status, answer = suite.request("POST", "/v1/events", body, {"Content-Type": "application/x-ndjson"})
        accepted = time.perf_counter() - start
        if status != 202 or answer["accepted"] != ORDERS:
            print("    !", status, str(answer)[:300])
        wait_applied(suite, events[-1]["id"])
        applied = time.perf_counter() - start
        say("accepted", ORDERS / accepted, "events/s")
        say("accepted ÷ bulk", ORDERS / accepted / base, "", "0.6")
        say("applied in all services", ORDERS / applied, "events/s", "5,000")
        for service in suite.processes:
            say(f"  CPU of {service}", suite.cpu(service), "s")
    finally:
        suite.stop()


def rule_of(number):
    """One of twenty rules with conditions, of every kind a merchant has."""
    conditions = [
        {"field": "order.total", "op": "gte", "value": 2_000 * number},
        {"field": "order.items.categories", "op": "contains", "value": ["skin", "hair", "home"][number % 3]},
        {"any": [{"field": "customer.locale", "op": "eq", "value": "tr"}, {"field": "order.channel", "op": "in", "value": ["web", "pos"]}]},
        {"field": "time.hour", "op": "lt", "value": 24},
    ]
    rule = {"name": f"Rule {number}", "trigger": "order.paid", "conditions": {"all": conditions[:2 + number % 3]}}
    if number % 4 == 0:
        rule["points"] = {"per_item": {"points": 1}}
    elif number % 4 == 1:
        rule |= {"points": {"per_amount": {"points": 1, "amount": 1_000}}, "items": {"field": "item.sku", "op": "eq", "value": "SKU1"}}
    else:
        rule["points"] = {"fixed": number}
    # Most rules of a shop are about something else than this order.
    if number % 5:
        rule["conditions"]["all"].append({"field": "order.country", "op": "eq", "value": "DE"})
    return rule


def rules():
    """What twenty rules cost against one: the same import, another suite for each."""
    print(f"NDJSON import of {ORDERS:,} orders under 1 and under 20 earning rules")
    rates = {}
    for count in (1, 20, 1, 20):
        suite = new_suite()
        try:
            random.seed(13)
            for number in range(1, count):
                status, answer = suite.request("POST", "/v1/loyalty/earning_rules", json.dumps(rule_of(number)))
                if status != 201:
                    return print("    skipped:", status, str(answer)[:300])
            events = [order(number, 10_000, OLD) for number in range(ORDERS)]
            body = "\n".join(json.dumps(e, ensure_ascii=False) for e in events).encode()
            start = time.perf_counter()
            suite.request("POST", "/v1/events", body, {"Content-Type": "application/x-ndjson"})
            wait_applied(suite, events[-1]["id"])
            rate = ORDERS / (time.perf_counter() - start)
            rates[count] = max(rate, rates.get(count, 0))
            say(f"{count} rules: applied in all services", rate, "events/s")
            say("  CPU of loyalty", suite.cpu("loyalty"), "s")
        finally:
            suite.stop()
    say("20 rules ÷ 1 rule", rates[20] / rates[1], "", "0.7")


def proxying():
    print("Gateway against nginx proxy_pass, in front of loyalty-svc (keys and limits on)")
    suite = new_suite()
    nginx = None
    try:
        suite.request("PUT", "/v1/customers/bench", json.dumps({"email": "bench@example.com"}))
        gateway = f"http://127.0.0.1:{suite.ports['gateway']}"
        direct = f"http://127.0.0.1:{suite.ports['loyalty']}"
        nginx = Nginx(suite.ports["loyalty"])
        through = f"http://127.0.0.1:{nginx.port}"
        auth = [f"Authorization: Bearer {KEY}"]
        path = "/v1/loyalty/members/bench"
        signed = [f"X-Vefa-Principal: {principal()}"]
        rates = {}
        for _ in range(2):
            for name, url, headers in (("direct", direct, signed), ("nginx", through, []), ("gateway", gateway, auth)):
                rate, _ = wrk(url + path, connections=64, headers=headers, seconds=max(3, SECONDS // 2))
                rates[name] = max(rate, rates.get(name, 0))
        say("GET a member, straight to the service", rates["direct"], "req/s")
        say("GET a member, nginx", rates["nginx"], "req/s")
        say("GET a member, gateway", rates["gateway"], "req/s")
        say("GET: gateway ÷ nginx", rates["gateway"] / rates["nginx"], "", "0.6")
        script = lua(suite.folder, "post.lua", """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"points": 1, "reason": "bench"}'
""")
        nginx.stop()
        nginx = Nginx(suite.ports["loyalty"])
        through = f"http://127.0.0.1:{nginx.port}"
        path = "/v1/loyalty/members/bench/adjustments"
        rates = {}
        for _ in range(2):
            for name, url, headers in (("nginx", through, []), ("gateway", gateway, auth)):
                rate, _ = wrk(url + path, script, connections=64, headers=headers, seconds=max(3, SECONDS // 2))
                rates[name] = max(rate, rates.get(name, 0))
        say("durable POST (adjustment), nginx", rates["nginx"], "req/s")
        say("durable POST (adjustment), gateway", rates["gateway"], "req/s")
        say("durable POST: gateway ÷ nginx", rates["gateway"] / rates["nginx"], "", "0.9")
    finally:
        if nginx:
            nginx.stop()
        suite.stop()


def memory():
    print("Resident memory")
    suite = new_suite()
    try:
        time.sleep(2)
        for service in suite.processes:
            say(f"{service}, idle", suite.resident(service), "MB", "< 40")
        if os.environ.get("BENCH_BIG") == "1":
            total = int(os.environ.get("BENCH_BIG_ORDERS", "1000000"))
            start = time.perf_counter()
            last = ""
            for first in range(0, total, 50_000):
                events = [order(number, 100_000, OLD) for number in range(first, first + 50_000)]
                last = events[-1]["id"]
                body = "\n".join(json.dumps(e, ensure_ascii=False) for e in events).encode()
                suite.request("POST", "/v1/events", body, {"Content-Type": "application/x-ndjson"})
            wait_applied(suite, last)
            say(f"{total:,} orders of 100,000 customers applied", total / (time.perf_counter() - start), "events/s")
            for service in suite.processes:
                say(f"{service}, after {total:,} orders", suite.resident(service), "MB", "< 150")
            start = time.perf_counter()
            suite.request("GET", "/v1/metrics/retention")
            say("  retention metrics over all of it", time.perf_counter() - start, "s")
            start = time.perf_counter()
            status, answer = suite.request("GET", "/v1/loyalty/ledger/verify")
            say("  ledger/verify over all of it", time.perf_counter() - start, "s")
            print("   ", status, answer)
    finally:
        suite.stop()


def call_script(folder, name, method, path, body=None, pause=0):
    """One call again and again. `@N@` in the body is another number each time; `pause` holds every connection back by so many milliseconds, which
    makes the load of two routes the same while neither is at its limit."""
    text = json.dumps(body, ensure_ascii=False).replace("\\", "\\\\").replace("'", "\\'") if body is not None else ""
    return lua(folder, f"{name}.lua", f"""
local body = '{text}'
local run = tostring(os.time()) .. tostring(math.random(1000000))
local count = 0
wrk.method = "{method}"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {KEY}"
request = function()
  count = count + 1
  return wrk.format(nil, "{path}", nil, body ~= "" and (body:gsub("@N@", run .. "-" .. count)) or nil)
end
""" + (f"delay = function() return {pause} end\n" if pause else ""))


def coupons():
    print("Coupon validation against a bare read of the coupon, through the gateway at equal load (50 connections, one call each 50 ms)")
    suite = new_suite()
    try:
        status, answer = suite.request("POST", "/v1/coupon_batches", json.dumps(
            {"name": "bench", "code": "BENCH10", "discount": {"type": "percent", "percent": 10}, "minimum_order": 5_000, "per_customer": 1}))
        if status != 201:
            return print("    skipped:", status, str(answer)[:200])
        gateway = f"http://127.0.0.1:{suite.ports['gateway']}"
        cart = {"currency": "TRY", "total": 12_000, "items": [
            {"product_id": f"p{i}", "categories": ["skin"], "quantity": 2, "unit_price": 3_000} for i in range(2)]}
        scripts = {
            "bare read": call_script(suite.folder, "read", "GET", "/v1/coupons/BENCH10", pause=50),
            "validation": call_script(
                suite.folder, "validate", "POST", "/v1/coupons/BENCH10/validate", {"cart": cart, "customer": {"email": "@N@@example.com"}}, pause=50),
        }
        for script in scripts.values():
            wrk(gateway, script, connections=50, seconds=2)
        rates, latencies = {}, {}
        for _ in range(3):
            for name, script in scripts.items():
                rate, p99 = wrk(gateway, script, connections=50, seconds=max(3, SECONDS // 2))
                rates[name], latencies[name] = rate, min(p99, latencies.get(name, p99))
        for name in scripts:
            say(f"{name}, p99 at {rates[name]:,.0f} calls/s", latencies[name], "ms")
        say("coupon validation p99 ÷ bare read p99", latencies["validation"] / latencies["bare read"], "", "≤ 3")
    finally:
        suite.stop()


def claims():
    print("Referral claims (POST /v1/referral/claims, a friend of another e-mail each, 64 connections)")
    suite = new_suite()
    try:
        suite.request("PUT", "/v1/customers/advocate", json.dumps({"email": "advocate@example.com", "first_name": "Ada"}))
        for _ in range(50):
            status, answer = suite.request("PUT", "/v1/referral/advocates/advocate", "{}")
            if status in (200, 201):
                break
            time.sleep(0.1)  # the referral service hears of the customer within a moment
        else:
            return print("    skipped:", status, str(answer)[:200])
        gateway = f"http://127.0.0.1:{suite.ports['gateway']}"
        script = call_script(suite.folder, "claims", "POST", "/v1/referral/claims", {"code": answer["code"], "email": "@N@@example.com"})
        wrk(gateway, script, connections=64, seconds=2)
        rate, p99 = wrk(gateway, script, connections=64)
        say("referral claims, each with its coupon", rate, "claims/s")
        say("  p99", p99, "ms")
    finally:
        suite.stop()


def responses():
    print("Survey responses (POST /v1/surveys/{id}/responses, another visitor each, completed, 64 connections)")
    suite = new_suite()
    try:
        status, answer = suite.request("POST", "/v1/surveys", json.dumps({"name": "bench", "questions": [
            {"id": "q1", "kind": "nps", "title": {"en": "How likely are you to recommend us?", "tr": "Bizi önerir misiniz?"}, "required": True},
            {"id": "q2", "kind": "text", "title": {"en": "Why?", "tr": "Neden?"}},
        ]}))
        if status != 201:
            return print("    skipped:", status, str(answer)[:200])
        survey = answer["id"]
        suite.request("POST", f"/v1/surveys/{survey}/publish", "{}")
        gateway = f"http://127.0.0.1:{suite.ports['gateway']}"
        script = call_script(
            suite.folder, "responses", "POST", f"/v1/surveys/{survey}/responses",
            {"visitor_id": "v@N@", "answers": {"q1": 9, "q2": "Güzel, teşekkürler"}, "completed": True})
        wrk(gateway, script, connections=64, seconds=2)
        rate, p99 = wrk(gateway, script, connections=64)
        say("survey responses, completed", rate, "answers/s")
        say("  p99", p99, "ms")
    finally:
        suite.stop()


def store_itself():
    print("The store's facade by itself" + (", and pgbench with the same statements on the same server" if SERVER else ""))
    stores(os.path.join(BIN, "store-bench"), SERVER, say, max(2, SECONDS // 2))


def many_replicas():
    print("Replicas of loyalty-svc on one server (POST /v1/loyalty/members/{id}/adjustments, straight at the replicas, 64 connections in all)")
    if not SERVER:
        return print("    left out: replicas need ENGINE=postgres")

    def script(folder, members):
        return lua(folder, "adjust.lua", f"""
math.randomseed(os.time() + tonumber(tostring({{}}):sub(8), 16) % 1000000)
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
  return wrk.format(nil, "/v1/loyalty/members/m" .. math.random(0, {members} - 1) .. "/adjustments", nil, '{{"points": 1, "reason": "bench"}}')
end
""")

    replicas(lambda count: new_suite(loyalty=count), script, principal, wrk, say, SECONDS)


def quotes():
    print("A quote against a bare read of the member, through the gateway at equal load (50 connections, one call each 50 ms)")
    suite = new_suite()
    try:
        def make(path, body):
            status, answer = suite.request("POST", path, json.dumps(body))
            if status not in (200, 201, 202):
                raise SystemExit(f"    {path}: {status} {str(answer)[:200]}")
        make("/v1/events", {"specversion": "1.0", "id": "bench-1", "source": "bench", "type": "order.paid", "data": {
            "order_id": "bench-1", "customer": {"id": "ada", "email": "ada@example.com"}, "currency": "TRY", "total": 90_000}})
        for number in range(10):
            make("/v1/loyalty/offers", {"name": f"share {number}", "kind": "percent", "percent": number + 1, "minimum_order": 1_000 * number,
                                        "stacking": {"group": f"g{number % 3}"}})
            make("/v1/loyalty/offers", {"name": f"gift {number}", "kind": "gift", "gift": {"product_id": f"p{number}"}, "max_uses": 1_000,
                                        "per_customer": {"times": 1, "every": "month"}})
        make("/v1/coupon_batches", {"name": "bench", "code": "BENCH10", "discount": {"type": "percent", "percent": 10}, "per_customer": 1})
        gateway = f"http://127.0.0.1:{suite.ports['gateway']}"
        deadline = time.time() + 10
        while suite.request("GET", "/v1/loyalty/members/ada")[0] != 200 and time.time() < deadline:
            time.sleep(0.1)
        cart = {"currency": "TRY", "items": [
            {"line_id": f"{i}", "product_id": f"p{i}", "categories": ["skin"], "quantity": 2, "unit_price": 3_000} for i in range(4)]}
        question = {"cart": cart, "customer": {"id": "ada"}, "coupon_codes": ["BENCH10"], "shipping_total": 500}
        scripts = {
            "bare read": call_script(suite.folder, "member", "GET", "/v1/loyalty/members/ada", pause=50),
            "quote": call_script(suite.folder, "quote", "POST", "/v1/loyalty/quotes", question, pause=50),
        }
        for script in scripts.values():
            wrk(gateway, script, connections=50, seconds=2)
        rates, latencies = {}, {}
        for _ in range(3):
            for name, script in scripts.items():
                rate, p99 = wrk(gateway, script, connections=50, seconds=max(3, SECONDS // 2))
                rates[name], latencies[name] = rate, min(p99, latencies.get(name, p99))
        for name in scripts:
            say(f"{name}, p99 at {rates[name]:,.0f} calls/s", latencies[name], "ms")
        say("quote p99 ÷ bare read of the member p99", latencies["quote"] / latencies["bare read"], "", "≤ 3")
    finally:
        suite.stop()


def many_segments():
    print(f"Segments over {segments.MEMBERS:,} members")
    if SERVER:
        return print("    left out: the store is filled behind the service's back, which is written for SQLite")
    suite = new_suite()
    try:
        segments.run(suite, say)
    finally:
        suite.stop()


base = None
if not ONLY or "store" in ONLY:
    store_itself()
if (not ONLY and SERVER) or "replicas" in ONLY:
    many_replicas()
if not ONLY or "ingest" in ONLY:
    base = ingest()
if not ONLY or "import" in ONLY:
    importing(base or bulk(rows_of(60_000)))
if not ONLY or "rules" in ONLY:
    rules()
if not ONLY or "proxy" in ONLY:
    proxying()
if not ONLY or "coupons" in ONLY:
    coupons()
if not ONLY or "quotes" in ONLY:
    quotes()
if not ONLY or "claims" in ONLY:
    claims()
if not ONLY or "responses" in ONLY:
    responses()
if not ONLY or "segments" in ONLY:
    many_segments()
if not ONLY or "memory" in ONLY:
    memory()
