#!/usr/bin/env python3
"""A real SMTP server for tests (aiosmtpd) that keeps what it is sent and misbehaves on request.

    smtp_sink.py --folder DIR [--port 0] [--tls none|starttls|implicit] [--require-tls]
                 [--auth USER:PASSWORD] [--require-auth] [--idle SECONDS] [--mails-per-connection N] [--stall]
                 [--announce] [--raw] [--exit-with-stdin]

The first line on standard output, once it listens, is JSON: {"port": 40123, "ca": "DIR/cert.pem"}
("ca" only with TLS; the certificate is for localhost and 127.0.0.1 and signs itself).

DIR/events.jsonl gets one JSON line per happening, written before the client has its answer:
  {"event": "connected", "connection": 1}
  {"event": "auth", "connection": 1, "user": "…", "accepted": true}
  {"event": "mail", "connection": 1, "number": 1, "file": "000001.eml", "from": "…", "to": ["…"], "tls": true, "user": "…",
   "message_id": "<…>", "subject": "…", "from_name": "…", "to_name": "…", "text": "…", "html": "…", "headers": [["Name", "value"], …]}
  {"event": "refused", "connection": 1, "to": ["…"], "code": 550}
  {"event": "closed", "connection": 1}
DIR/000001.eml holds the bytes as received (dot-stuffing undone). --announce repeats the lines on standard output.
--raw skips the decoding (message_id and what follows it) for load tests.

What happens to a mail is told by its recipient's local part (what stands before a "+" or "@"):
  defer        451 to RCPT                     reject        550 to RCPT
  defer-data   451 after the message           reject-data   554 after the message
  flaky        451 to RCPT the first time each full address is seen, then accepted
  hangup       connection closed at RCPT       hangup-data   closed after 354, while the message comes
  drop         message kept, connection closed without an answer (the "who knows" case)
  slow         message kept, and never answered while the client waits
--stall listens and accepts, but never says a word.  --idle closes a connection that is silent that long.
--mails-per-connection answers 421 to what comes after N mails and closes, as busy relays do.
SIGTERM stops it; so does the end of standard input with --exit-with-stdin, so that it never outlives its test.
"""
import argparse
import asyncio
import email
import email.policy
import json
import logging
import os
import signal
import ssl
import subprocess
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

AT_RCPT = {"defer": "451 4.3.0 Come back later", "reject": "550 5.1.1 No such user here"}
AFTER_DATA = {"defer-data": "451 4.3.1 No room just now", "reject-data": "554 5.7.1 We do not like this message"}


def local_part(address):
    return address.rsplit("@", 1)[0].split("+", 1)[0].lower()


class Book:
    """The folder with what happened."""

    def __init__(self, folder, announce):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.announce = announce
        self.connections = 0
        self.mails = 0
        self.events = open(os.path.join(folder, "events.jsonl"), "a", encoding="utf-8")

    def write(self, event, **fields):
        line = json.dumps({"event": event, **fields}, ensure_ascii=False)
        self.events.write(line + "\n")
        self.events.flush()
        if self.announce:
            print(line, flush=True)

    def connected(self):
        self.connections += 1
        self.write("connected", connection=self.connections)
        return self.connections

    def keep(self, content):
        self.mails += 1
        name = "%06d.eml" % self.mails
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(content)
        return self.mails, name


def decoded(content):
    """What a mail reader would show, by Python's own parser."""
    message = email.message_from_bytes(content, policy=email.policy.default)

    def name_of(header):
        return message[header].addresses[0].display_name if message[header] else None

    def body(kind):
        part = message.get_body(preferencelist=(kind,))
        return part.get_content() if part else None

    return {
        "message_id": message["Message-ID"], "subject": message["Subject"],
        "from_name": name_of("From"), "to_name": name_of("To"),
        "text": body("plain"), "html": body("html"),
        "headers": [[name, str(value)] for name, value in message.items()],
    }


class SinkSession(SMTP):
    """One connection: numbers itself as soon as it is made."""

    def __init__(self, handler, **options):
        super().__init__(handler, **options)
        self.number = None
        self.mails = 0

    def connection_made(self, transport):
        if self.number is None:  # STARTTLS makes the connection a second time
            self.number = self.event_handler.book.connected()
        super().connection_made(transport)

    def connection_lost(self, error):
        self.event_handler.book.write("closed", connection=self.number)
        super().connection_lost(error)

    async def smtp_MAIL(self, arg):
        if self.mails == self.event_handler.mails_per_connection:
            await self.push("421 4.7.0 Enough for this connection")
            self.transport.close()
            return
        await super().smtp_MAIL(arg)

    async def smtp_DATA(self, arg):
        if self.envelope.rcpt_tos and local_part(self.envelope.rcpt_tos[0]) == "hangup-data":
            await self.push("354 Go on then")
            self.transport.close()
            return
        await super().smtp_DATA(arg)


class Behaviour:
    """aiosmtpd's handler: answers by the recipient's local part."""

    def __init__(self, book, options):
        self.book = book
        self.auth = options.auth
        self.raw = options.raw
        self.mails_per_connection = options.mails_per_connection
        self.seen = set()

    def authenticate(self, server, session, envelope, mechanism, data):
        user, password = data.login.decode(), data.password.decode()
        accepted = "%s:%s" % (user, password) == self.auth
        self.book.write("auth", connection=server.number, user=user, accepted=accepted)
        return AuthResult(success=accepted, handled=False, auth_data=user)

    async def handle_RCPT(self, server, session, envelope, address, options):
        kind = local_part(address)
        answer = AT_RCPT.get(kind)
        if kind == "flaky" and address not in self.seen:
            self.seen.add(address)
            answer = AT_RCPT["defer"]
        if kind == "hangup":
            server.transport.close()
            return "421 4.3.2 Going away"
        if answer:
            self.book.write("refused", connection=server.number, to=[address], code=int(answer[:3]))
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        kind = local_part(envelope.rcpt_tos[0])
        if kind in AFTER_DATA:
            answer = AFTER_DATA[kind]
            self.book.write("refused", connection=server.number, to=envelope.rcpt_tos, code=int(answer[:3]))
            return answer
        server.mails += 1
        number, file = self.book.keep(envelope.content)
        self.book.write(
            "mail", connection=server.number, number=number, file=file, to=envelope.rcpt_tos, **{"from": envelope.mail_from},
            tls=session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None,
            user=session.auth_data if session.authenticated else None,
            **({} if self.raw else decoded(envelope.content)))
        if kind == "drop":
            server.transport.abort()
        if kind in ("drop", "slow"):
            await asyncio.Event().wait()  # ends with the connection
        return "250 2.0.0 Ok: queued as %06d" % number


def certificate(folder):
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    if not os.path.exists(cert):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
            check=True, capture_output=True)
    return cert, key


async def serve(options):
    loop = asyncio.get_running_loop()
    book = Book(options.folder, options.announce)
    ready = {}
    context = None
    if options.tls != "none":
        cert, key = certificate(options.folder)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
        ready["ca"] = os.path.abspath(cert)
    handler = Behaviour(book, options)

    def session():
        return SinkSession(
            handler, hostname="sink.example", loop=loop, timeout=options.idle,
            tls_context=context if options.tls == "starttls" else None, require_starttls=options.require_tls,
            authenticator=handler.authenticate if options.auth else None,
            auth_required=options.require_auth, auth_require_tls=False)

    async def stall(reader, writer):
        number = book.connected()
        await reader.read()
        book.write("closed", connection=number)
        writer.close()

    if options.stall:
        server = await asyncio.start_server(stall, options.host, options.port)
    else:
        server = await loop.create_server(
            session, options.host, options.port, backlog=512, ssl=context if options.tls == "implicit" else None)
    ready["port"] = server.sockets[0].getsockname()[1]

    done = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, done.set)
    if options.exit_with_stdin:
        def input_came():
            if not os.read(0, 4096):
                loop.remove_reader(0)
                done.set()
        loop.add_reader(0, input_came)
    print(json.dumps(ready), flush=True)
    await done.wait()
    os._exit(0)  # clients still connected are none of our business any more


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls", choices=["none", "starttls", "implicit"], default="none")
    parser.add_argument("--require-tls", action="store_true", help="refuse MAIL before STARTTLS")
    parser.add_argument("--auth", help="USER:PASSWORD to offer AUTH for")
    parser.add_argument("--require-auth", action="store_true", help="refuse MAIL before AUTH")
    parser.add_argument("--idle", type=float, default=300, help="seconds of silence before a connection is closed")
    parser.add_argument("--mails-per-connection", type=int, help="mails after which a connection gets 421")
    parser.add_argument("--stall", action="store_true", help="accept connections and never speak")
    parser.add_argument("--announce", action="store_true", help="repeat events on standard output")
    parser.add_argument("--raw", action="store_true", help="keep mails without decoding them")
    parser.add_argument("--exit-with-stdin", action="store_true")
    options = parser.parse_args()
    # Started from a libdispatch thread (Foundation.Process in a Swift test) we inherit blocked signals, SIGTERM among them.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if options.require_auth and not options.auth:
        parser.error("--require-auth needs --auth")
    logging.getLogger("mail").setLevel(logging.CRITICAL)  # clients that break off are what we are here for
    warnings.simplefilter("ignore")
    asyncio.run(serve(options))


if __name__ == "__main__":
    sys.exit(main())
