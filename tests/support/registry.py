"""A package registry on the loopback device, with the answers that a test wants, true or false."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Answer", "npm_package", "serving", "tgz"]

Answer = bytes | tuple[int, Mapping[str, str], bytes] | Callable[[BaseHTTPRequestHandler], None]
"""A body; or status, headers and body; or a function that answers by itself."""


@contextlib.contextmanager
def serving(answers: Mapping[str, Answer]) -> Iterator[str]:
    """Serve answers by path; the address is given. Everything else is 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(self.path, (404, {}, b""))
            if callable(answer):
                answer(self)
                return
            status, headers, body = (200, {}, answer) if isinstance(answer, bytes) else answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):  # the client may have had enough
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def tgz(files: Mapping[str, bytes]) -> bytes:
    """A gzipped tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def npm_package(name: str, versions: Mapping[str, bytes], **dist: str) -> dict[str, Answer]:
    """The answers for one npm package; ``dist`` overrides fields of its distribution record."""
    answers: dict[str, Answer] = {}
    records = {}
    for version, data in versions.items():
        path = f"/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"
        answers[path] = data
        digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
        records[version] = {"dist": {"tarball": path, "integrity": f"sha512-{digest}"} | dist}
    answers[f"/{name.replace('/', '%2F')}"] = json.dumps({"name": name, "versions": records}).encode()
    return answers
