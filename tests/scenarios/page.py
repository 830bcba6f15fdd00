"""A web page that says who asked for it, over IPv4 and IPv6; and one of 300,000 bytes at /big."""

import http.server
import socket


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        caller = self.client_address[0].removeprefix("::ffff:")
        body = b"x" * 300000 if self.path == "/big" else f"{caller}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.bind(self.server_address)


Server(("::", 80), Page).serve_forever()
