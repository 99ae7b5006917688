# SPDX-License-Identifier: GPL-2.0
"""HTTP on a port of 127.0.0.1 and on a UNIX socket: server.py PORT PATH"""

import http.server
import os
import socketserver
import sys
import threading


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"hello\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return str(self.client_address)

    def log_message(self, *args):
        pass


class UnixServer(socketserver.ThreadingUnixStreamServer):
    pass


with open("server.pid", "w", encoding="ascii") as file:
    file.write(str(os.getpid()))
tcp = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Page)
threading.Thread(target=tcp.serve_forever, daemon=True).start()
UnixServer(sys.argv[2], Page).serve_forever()
