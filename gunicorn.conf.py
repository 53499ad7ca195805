"""How gunicorn serves the site: ``gunicorn -c gunicorn.conf.py tracker.wsgi``."""

import os
import socket
import struct
import sys
from pathlib import Path

from gunicorn.http import message

sys.path.insert(0, str(Path(__file__).parent))

from tracker.environment import read_environment

_environment = read_environment()
_is_sqlite = _environment.DATABASE_URL == "" or _environment.DATABASE_URL.startswith("sqlite")
_host = f"[{_environment.HOST}]" if ":" in _environment.HOST else _environment.HOST

# Each worker may hold a pool of 16 connections, and PostgreSQL grants 100 unless told otherwise.
_MOST_POSTGRES_WORKERS = 5

# How long a client may send nothing in the middle of a request, or take nothing of an answer.
STALL_SECONDS = 60

bind = f"{_host}:{_environment.PORT}"
worker_class = "gthread"
# SQLite has one writer: in one process threads queue for it in order, without spinning.
workers = _environment.WEB_WORKERS or (
    1 if _is_sqlite else min(os.cpu_count() or 1, _MOST_POSTGRES_WORKERS)
)
# A client that sends slowly holds a thread, so there are more of them than work needs.
threads = _environment.WEB_THREADS or 64

# Workers share the memory of what is imported. Nothing opens a connection at import.
preload_app = True
timeout = 120
graceful_timeout = 30
# Longer than a proxy keeps its side of an idle connection, so that it never meets a closed one.
keepalive = 75
# No recycling by ``max_requests``: at the rate clients log it would come every few seconds, and
# each time cut off the uploads that last longer than ``graceful_timeout``.
max_requests = 0

# The heartbeat is a file that is touched; on a slow disk that alone can look like a hang.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
control_socket_disable = True

# Filters, column choices and the runs of a bulk history live in addresses. MLflow's own server
# takes 64 KiB; gunicorn takes what its setting says only up to this constant.
message.MAX_REQUEST_LINE = limit_request_line = 65_536
accesslog = None


def when_ready(server) -> None:
    """Give the thread of a stalled client back, which gunicorn by itself would never do.

    The kernel's own timeouts are set on the listening sockets: what they accept inherits them.
    """
    limit = struct.pack("ll", STALL_SECONDS, 0)
    for listener in server.LISTENERS:
        for option in [socket.SO_RCVTIMEO, socket.SO_SNDTIMEO]:
            listener.sock.setsockopt(socket.SOL_SOCKET, option, limit)
