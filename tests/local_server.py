"""A web server of this machine that serves given answers."""

import contextlib
import http.server
import threading


@contextlib.contextmanager
def serving(answers, *, missing=0):
    """Serves bodies by path, 404 for others; yields the address.

    With `missing`, bodies end that many bytes before the length that is announced.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = answers.get(self.path.split("?")[0])
            self.send_response(404 if body is None else 200)
            if missing:
                self.send_header("Content-Length", str(len(body or b"") + missing))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *arguments):
            del arguments

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
