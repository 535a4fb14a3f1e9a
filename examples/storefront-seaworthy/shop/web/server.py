"""The server: one thread a connection, deadlines on everything a caller can be slow at, and an orderly end."""

import logging
import signal
import socket
import socketserver
import threading
import time
from email.utils import formatdate

from .. import auth, catalogue, db
from ..errors import ShopError
from ..mail import Mailer
from . import wire
from .answers import problem
from .routes import Routes

log = logging.getLogger("shop.web")

IDLE_TIMEOUT_S = 30
READ_TIMEOUT_S = 10
READ_DEADLINE_S = 60
WRITE_TIMEOUT_S = 30
DRAIN_DEADLINE_S = 20
LINGER_S = 2
MAX_CONNECTIONS = 512
POLL_S = 0.2

IDLE, READING, ANSWERING = "idle", "reading", "answering"


class Connection(socketserver.StreamRequestHandler):
    """The requests of one connection, one after the other."""

    timeout = IDLE_TIMEOUT_S
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.state = IDLE
        self.since = time.monotonic()
        self.server.opened(self)

    def handle(self):
        try:
            while self.wait_for_request() and self.serve_one():
                pass
        except OSError as error:  # reset, timed out or hung up; faults of the shop itself end in `answer`
            log.debug("%s went away: %s", self.client_address[0], error)

    def finish(self):
        try:
            super().finish()
        except OSError as error:
            log.debug("%s went away: %s", self.client_address[0], error)
        finally:
            self.server.closed(self)

    def enter(self, state):
        """Say what the connection is at, for the deadlines and for the drain."""
        self.state = state
        self.since = time.monotonic()

    def wait_for_request(self):
        """Wait until something comes. False when the caller has hung up, or nothing is to come any more."""
        self.enter(IDLE)
        self.connection.settimeout(IDLE_TIMEOUT_S)
        if self.server.draining.is_set():
            self.connection.settimeout(POLL_S)
        if not self.rfile.peek(1):
            return False
        self.enter(READING)
        self.connection.settimeout(READ_TIMEOUT_S)
        return True

    def serve_one(self):
        """Read one request and answer it. False when the connection is at its end."""
        head = None
        try:
            head = wire.read_head(self.rfile)
            found, refusal = self.find(head)
            limit = self.server.routes.body_limit(found[0]) if found else wire.MAX_LINE_BYTES
            body = wire.read_body(head, self.rfile, limit, lambda: self.say_continue(head))
        except ShopError as error:
            # Where this request ends is not known, so that no other can follow it.
            self.send(self.to_problem(error), head, False)
            self.linger()
            return False
        except (TimeoutError, socket.timeout):
            self.send(problem(408, "The request did not come to its end."), head, False)
            return False
        self.enter(ANSWERING)
        answer = self.to_problem(refusal) if refusal else self.answer(head, found, body)
        keeps_open = head.keeps_open and not self.server.draining.is_set()
        self.send(answer, head, keeps_open)
        return keeps_open

    def find(self, head):
        """What the request means, or the refusal to send once its body has been read."""
        try:
            if head.all("expect") and head.one("expect").lower() != "100-continue":
                raise ShopError(417, "The only expectation met here is 100-continue.")
            return self.server.routes.find(head), None
        except ShopError as error:
            return None, error

    def say_continue(self, head):
        """Tell a caller who waits for it to send the body."""
        if head.version >= (1, 1) and head.one("expect").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def answer(self, head, found, body):
        """Do what the request asks. A fault of ours is logged, and told without its details."""
        try:
            return self.server.routes.answer(head, found, body, self.caller(head))
        except ShopError as error:
            return self.to_problem(error)
        except Exception:
            log.exception("%s %s failed", head.method, found[0].id)
            return problem(500, "Something went wrong here. It has been logged.")

    def caller(self, head):
        """The caller's address; what a proxy says is believed only of the proxy we were told of."""
        address = self.client_address[0]
        if address == self.server.routes.settings.trusted_proxy and head.all("x-forwarded-for"):
            return head.all("x-forwarded-for")[-1].rpartition(",")[2].strip()
        return address

    def to_problem(self, error):
        """A refusal as an answer."""
        return problem(error.status, error.detail, error.headers)

    def send(self, answer, head, keeps_open):
        """Write an answer."""
        self.enter(ANSWERING)
        self.connection.settimeout(WRITE_TIMEOUT_S)
        with_body = not (head and head.method == "HEAD") and answer.status != 204
        self.wfile.write(answer.to_bytes(formatdate(usegmt=True), with_body, keeps_open))

    def linger(self):
        """Take what the caller still sends: closing over unread bytes would reset the connection under our answer."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(LINGER_S)
        deadline = time.monotonic() + LINGER_S
        left = wire.MAX_SKIPPED_BYTES
        while left > 0 and time.monotonic() < deadline:
            skipped = len(self.rfile.read1(65536))
            if skipped == 0:
                return
            left -= skipped


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """The shop on its port."""

    allow_reuse_address = True
    daemon_threads = True  # the drain waits for them, with a deadline
    request_queue_size = 1024

    def __init__(self, settings):
        db.create(settings.database)
        with db.connect(settings.database) as conn:
            auth.create_admin(conn, settings.admin_password)
            catalogue.add_samples(conn)
        self.routes = Routes(settings)
        self.draining = threading.Event()
        self.changed = threading.Condition()
        self.connections = set()
        self.threads = 0
        self.slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__((settings.host, settings.port), Connection)

    def process_request(self, request, client_address):
        """Start a connection's thread, when there is room for it; the others wait in the listen queue."""
        while not self.slots.acquire(timeout=POLL_S):
            self.hang_up(self.in_state(IDLE)[:1])
        with self.changed:
            self.threads += 1
        try:
            super().process_request(request, client_address)
        except BaseException:
            self.thread_ended()
            raise

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.thread_ended()

    def thread_ended(self):
        """A connection's thread is at its end, or could not start."""
        self.slots.release()
        with self.changed:
            self.threads -= 1
            self.changed.notify_all()

    def handle_error(self, request, client_address):
        log.exception("the connection of %s failed", client_address[0])

    def opened(self, connection):
        """A connection's thread has begun."""
        with self.changed:
            self.connections.add(connection)

    def closed(self, connection):
        """A connection's thread is about to end."""
        with self.changed:
            self.connections.discard(connection)

    def in_state(self, state):
        """The connections that are at something, those that are at it longest first."""
        with self.changed:
            return sorted((one for one in self.connections if one.state == state), key=lambda one: one.since)

    def hang_up(self, connections):
        """Wake the threads of connections by ending what they wait for."""
        for connection in connections:
            try:
                connection.connection.shutdown(socket.SHUT_RD)
            except OSError:
                log.debug("a connection was closed already")

    def service_actions(self):
        """Called between connections: end the requests that trickle in for ever."""
        late = time.monotonic() - READ_DEADLINE_S
        self.hang_up(one for one in self.in_state(READING) if one.since < late)

    def drain(self):
        """Answer what was asked, take nothing new. False when the deadline came first."""
        self.draining.set()
        self.timeout = 0
        for _ in range(self.request_queue_size):  # those who connected before we stopped listening
            self.handle_request()
        self.socket.close()
        deadline = time.monotonic() + DRAIN_DEADLINE_S
        while time.monotonic() < deadline:
            self.hang_up(self.in_state(IDLE))
            with self.changed:
                if self.threads == 0:
                    return True
                self.changed.wait(POLL_S)
        return False


def run(settings):
    """Serve until SIGTERM or SIGINT, then drain. Returns the exit code."""
    try:
        server = Server(settings)
    except OSError as error:
        log.error("port %d cannot be opened: %s", settings.port, error.strerror)
        return 1
    mailer = Mailer(settings) if settings.mail else None

    def stop(number, frame):
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if mailer:
        mailer.start()
    log.info("Storefront is open on http://%s:%d/", settings.host, server.server_address[1])
    server.serve_forever(POLL_S)
    log.info("closing")
    finished = server.drain()
    if mailer:
        mailer.stop()
    log.info("closed" if finished else "closed with requests unanswered")
    return 0 if finished else 1
