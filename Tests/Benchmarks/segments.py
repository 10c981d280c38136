"""Segments over a million members: what a preview and a computation take, how soon an event shows, and the memory of loyalty-svc with all of it."""

import json
import os
import sqlite3
import time

MEMBERS = int(os.environ.get("BENCH_MEMBERS", "1000000"))
EVENTS = 400
DAY = 86_400_000

PREVIEWS = {
    "orders: total and recency": {"all": [
        {"field": "orders.total", "op": "gte", "value": 60_000}, {"field": "orders.last_at", "op": "within_days", "value": 90}]},
    "profile and points": {"all": [
        {"field": "customer.country", "op": "eq", "value": "TR"}, {"field": "points.balance", "op": "gte", "value": 800}]},
    "an event 3 times in 30 days": {"field": "events.product.viewed.count", "op": "gte", "value": 3, "within_days": 30},
    "a category bought": {"field": "orders.categories", "op": "contains", "value": "rare-7"},
    "rfm": {"all": [{"field": "rfm.monetary", "op": "gte", "value": 4}, {"field": "rfm.recency", "op": "gte", "value": 4}]},
}


def fill(path, members):
    """Rows as loyalty-svc itself would have written them, as far as segments and memory ask: straight into the store, while nobody has it open."""
    db = sqlite3.connect(path, isolation_level=None)
    now = int(time.time() * 1000)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=OFF")
    db.execute("PRAGMA cache_size=-400000")
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {{}})"
    ids = "'c' || printf('%07d', i)"
    db.execute("BEGIN")
    db.execute(f"""{numbers.format(members - 1)}
        INSERT INTO customers (customer_id, person_id, guest, email, email_key, first_name, name_key, country, tags, created_at, updated_at, said_at)
        SELECT {ids}, {ids}, 0, 'c' || i || '@example.com', 'c' || i || '@example.com', 'Ayşe', 'ayşe',
            CASE i % 4 WHEN 0 THEN 'DE' ELSE 'TR' END, '["tag' || (i % 10) || '"]', {now} - i % 700 * {DAY}, {now}, {now} FROM n""")
    db.execute(f"""{numbers.format(members - 1)}
        INSERT INTO members (customer_id, member_id, enrolled_at, active, pending, debt, lifetime_earned, lifetime_spent, entries, chain)
        SELECT {ids}, 'mbr_' || printf('%026d', i), {now}, i % 1000, 0, 0, i % 1000, 0, 5, zeroblob(32) FROM n""")
    # Three orders a customer, 5 to 365 days old, next to each other as a shop's would not be: by time.
    db.execute(f"""{numbers.format(3 * members - 1)}
        INSERT INTO orders (order_id, customer_id, person_id, guest, currency, subtotal, total, channel, items, first_event_at, placed_at, paid_at,
            amount, refunded, refund_count, said_at)
        SELECT 'o' || i, 'c' || printf('%07d', i * 7919 % {members}), 'c' || printf('%07d', i * 7919 % {members}), 0, 'TRY',
            1000 + i * 31 % 40000, 1000 + i * 31 % 40000, 'web',
            '[{{"line_id":"1","product_id":"p' || (i % 500) || '","sku":"SKU1","name":"Serum 30 ml","categories":["'
                || CASE WHEN i % 500 = 7 THEN 'rare-7' ELSE 'skin' END || '"],"quantity":1,"unit_price":4990}}]',
            {now}, {now} - 5 * {DAY} - i * 13 % 31104000 * 1000, {now}, 1000 + i * 31 % 40000, 0, 0, {now} FROM n""")
    db.execute(f"""{numbers.format(5 * members - 1)}
        INSERT INTO lots (lot_id, member_id, cause, points, remaining, state, earned_at, active_at, expires_at)
        SELECT 'lot_' || printf('%026d', i), 'mbr_' || printf('%026d', i / 5), 'order:o' || i, 100, i / 5 % 1000 / 5, 'active', {now}, {now},
            {now} + 300 * {DAY} FROM n""")
    db.execute(f"""{numbers.format(2 * members - 1)}
        INSERT INTO customer_events (customer_id, type, at, digest)
        SELECT 'c' || printf('%07d', i * 7907 % ({members} / 3)), 'product.viewed', {now} - i * 17 % 5184000 * 1000, i FROM n""")
    db.execute("UPDATE loyalty_state SET currency = 'TRY'")
    db.execute("COMMIT")
    db.execute("ANALYZE")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def event(customer, number):
    return json.dumps({"specversion": "1.0", "id": f"bench-{number}", "source": "bench", "type": "bench.happened", "subject": customer, "data": {}})


def run(suite, say):
    loyalty = suite.ports["loyalty"]
    path = os.path.join(suite.folder, "loyalty.db")
    suite.halt("loyalty")
    start = time.perf_counter()
    fill(path, MEMBERS)
    print(f"  (filled in {time.perf_counter() - start:.0f} s, {os.path.getsize(path) / 1e9:.1f} GB)")
    suite.begin("loyalty")
    say(f"loyalty-svc with {MEMBERS:,} members and {5 * MEMBERS:,} lots, at rest", suite.resident("loyalty"), "MB", "< 150")
    for name, rule in PREVIEWS.items():
        start, before = time.perf_counter(), suite.cpu("loyalty")
        status, answer = suite.request("POST", "/v1/segments/preview", json.dumps({"rule": rule}))
        seconds, cpu = time.perf_counter() - start, suite.cpu("loyalty") - before
        if status != 200:
            print("    !", status, str(answer)[:200])
        say(f"preview, {name}: {answer.get('count', 0):,} of {answer.get('of', 0):,}", seconds, "s", "seconds")
        say("  CPU of loyalty", cpu, "s")
    say("loyalty-svc after the previews", suite.resident("loyalty"), "MB", "< 150")

    start, before = time.perf_counter(), suite.cpu("loyalty")
    status, segment = suite.request("POST", "/v1/segments", json.dumps({"name": "bench", "rule": PREVIEWS["orders: total and recency"]}))
    while suite.request("GET", f"/v1/segments/{segment['id']}")[1]["state"] != "ready":
        time.sleep(0.2)
    members = suite.request("GET", f"/v1/segments/{segment['id']}")[1]["members"]
    say(f"computing a segment, {members:,} members, each with its timer", time.perf_counter() - start, "s")
    say("  CPU of loyalty", suite.cpu("loyalty") - before, "s")

    for number in range(20):
        rule = {"field": "events.bench.happened.count", "op": "gte", "value": 1 + number, "within_days": 30}
        status, segment = suite.request("POST", "/v1/segments", json.dumps({"name": f"bench {number}", "rule": rule}))
        first = segment["id"] if number == 0 else first
    for _ in range(3_000):
        if all(each["state"] == "ready" for each in suite.request("GET", "/v1/segments")[1]["data"]):
            break
        time.sleep(0.2)
    db = sqlite3.connect(path, isolation_level=None)
    times = []
    for number in range(EVENTS):
        customer = f"c{number * 997 % MEMBERS:07d}"
        start = time.perf_counter()
        suite.request("POST", "/v1/events", event(customer, number))
        while not db.execute("SELECT 1 FROM segment_members WHERE segment_id = ? AND customer_id = ?", (first, customer)).fetchone():
            if time.perf_counter() - start > 10:
                print("    ! an event did not show within 10 s")
                break
            time.sleep(0.0005)
        times.append((time.perf_counter() - start) * 1000)
    db.close()
    times.sort()
    say("event → segment change, 21 segments, one after another, median", times[len(times) // 2], "ms")
    say("event → segment change, p99", times[len(times) * 99 // 100], "ms")
    say("loyalty-svc at the end", suite.resident("loyalty"), "MB", "< 150")
