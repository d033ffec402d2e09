"""A hub on 127.0.0.1: the network is the one thing that tests fake. Knows ranges, and how to break off."""

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hub:
    """Files of one repository, what was asked of them, and what shall go wrong."""

    def __init__(self, files: dict[str, bytes]):
        self.files, self.asked, self.url = files, [], ""
        self.break_after: int | None = None  # bytes of the next large file before the line goes dead
        self.serve_instead: dict[str, bytes] = {}  # what comes although the listing promises otherwise

    def tree(self) -> list[dict]:
        rows = []
        for name, data in self.files.items():
            row = {"type": "file", "path": name, "size": len(data)}
            if name.endswith((".safetensors", ".bin")):
                row["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}
            row["oid"] = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            rows.append(row)
        return rows


@contextmanager
def serve(files: dict[str, bytes]):
    """Yield a running Hub."""
    hub = Hub(files)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            if "/api/models/" in self.path:
                body = hub.tree() if "/tree/" in self.path else {"sha": "abc123"}
                self._send(200, json.dumps(body).encode())
                return
            name = self.path.split("/resolve/abc123/")[-1]
            wanted = self.headers.get("Range")
            hub.asked.append((name, wanted))
            if name not in hub.files:
                self._send(404, b"")
                return
            data = hub.serve_instead.get(name, hub.files[name])
            first = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
            self._send(206 if wanted else 200, data[first:])

        def _send(self, status, body):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if hub.break_after is not None and len(body) > hub.break_after:
                body, hub.break_after = body[: hub.break_after], None
                self.close_connection = True
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
