"""A broker and a worker inside this process. Both end with it."""

import logging
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from celery import Celery
from fakeredis import TcpFakeServer


def start_broker() -> str:
    """Start a Redis of fakeredis on a free port of this machine and return its URL."""
    server = TcpFakeServer(("127.0.0.1", 0))
    server.daemon_threads = True
    handler: Any = server.RequestHandlerClass
    handler.disable_nagle_algorithm = True  # else every command waits for 40 ms
    Thread(target=server.serve_forever, name="broker", daemon=True).start()
    return f"redis://127.0.0.1:{server.server_address[1]}/0"


def start_worker(celery: Celery) -> None:
    """Start a worker in a thread and wait until it takes messages."""
    from celery.worker import WorkController  # takes a third of a second to import

    for name in ("celery", "kombu"):
        logging.getLogger(name).addHandler(logging.NullHandler())
    ready = Event()

    class Worker(WorkController):  # type: ignore[misc]
        def on_consumer_ready(self, consumer: Any) -> None:
            ready.set()

    # Without its own event loop: of those, Celery has one a process.
    alone = {"without_gossip": True, "without_heartbeat": True, "without_mingle": True, "use_eventloop": False}
    worker = Worker(app=celery, hostname=f"embedded-{uuid4().hex}", pool="solo", concurrency=1, **alone)

    def work() -> None:
        celery.set_current()  # in this thread: whose tasks these are
        worker.start()

    Thread(target=work, name="worker", daemon=True).start()
    ready.wait(10)
