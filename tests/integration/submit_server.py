#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A service that takes KernelCI's reports, as far as `assay submit` sees it, and fails as it is told to: submit_server.py FOLDER TOKEN
[CERTIFICATE KEY]. It writes its port to FOLDER/port. Each POST takes a line off FOLDER/behave, which says what comes of it; without one it is
taken where its token and its schema are right. What came is in FOLDER/log, an object a line."""
import hashlib
import http.server
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time

try:
    from kcidb_io.schema import V5_3
except ImportError:
    V5_3 = None

FOLDER, TOKEN = sys.argv[1:3]
LOCK = threading.Lock()


def next_behaviour():
    path = os.path.join(FOLDER, 'behave')
    with LOCK:
        lines = open(path, encoding='utf-8').read().split('\n') if os.path.exists(path) else []
        if not lines or not lines[0]:
            return 'ok'
        with open(path, 'w', encoding='utf-8') as file:
            file.write('\n'.join(lines[1:]))
        return lines[0]


def log(**what):
    with LOCK, open(os.path.join(FOLDER, 'log'), 'a', encoding='utf-8') as file:
        file.write(json.dumps({'at': time.time(), **what}) + '\n')


def fault(body):
    """What is wrong with a report; None: nothing."""
    try:
        told = json.loads(body)
    except ValueError as error:
        return str(error)
    if V5_3 is None:
        return None if told.get('version') == {'major': 5, 'minor': 3} else 'no version 5.3'
    try:
        V5_3.validate_exactly(told)
    except Exception as error:  # pylint: disable=broad-except
        return str(error)[:200]
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def answer(self, status, told, kind='application/json', claimed=None, **headers):
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(claimed or len(body)))
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        self.end_headers()
        self.wfile.write(body)

    def take(self, body):
        if self.headers.get('Authorization') != f'Bearer {TOKEN}':
            return 401, {'id': '0', 'status': 'error', 'message': f'bad token {self.headers.get("Authorization")}'}
        wrong = fault(body)
        if wrong:
            return 400, {'id': '0', 'status': 'error', 'message': wrong}
        name = hashlib.sha256(body + str(time.time()).encode()).hexdigest()[:32]
        return 200, {'id': name, 'status': 'ok', 'message': f'Received submission ID with size {len(body)} bytes'}

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        word, _, value = next_behaviour().partition(' ')
        status, told = self.take(body)
        if word == 'slow':
            time.sleep(float(value))
        refused = word not in ('ok', 'slow', 'unheard', 'cut', 'page', 'large', 'silent')
        log(path=self.path, word=word, sha256=hashlib.sha256(body).hexdigest(), size=len(body), status=status, message=told['message'],
            checked=V5_3 is not None, taken=status == 200 and not refused, tests=body.count(b'"build_id"'))
        if word == 'silent':  # it is there, and nobody hears of it
            time.sleep(float(value))
        elif word in ('unheard', 'reset'):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            self.connection.close()
            self.close_connection = True
        elif word == 'cut':
            self.answer(status, json.dumps(told).encode()[:20], claimed=200)
            self.close_connection = True
        elif word == 'page':
            self.answer(200, b'<html>Please log in</html>', 'text/html')
        elif word == 'large':
            self.answer(200, b'[' + b'1,' * 200000 + b'1]')
        elif word == 'go':
            self.answer(302, b'', Location=value)
        elif word == 'status':
            number, _, after = value.partition(' ')
            self.answer(int(number), {'id': '0', 'status': 'error', 'message': 'as \x1b[31mtold\n' + self.headers.get('Authorization', '')},
                        **({'Retry_After': after} if after else {}))
        else:
            self.answer(status, told)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # those who hang up


def main():
    server = Server(('127.0.0.1', 0), Handler)
    if len(sys.argv) > 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(os.path.join(FOLDER, 'port.new'), 'w', encoding='utf-8') as file:
        file.write(str(server.server_address[1]))
    os.rename(os.path.join(FOLDER, 'port.new'), os.path.join(FOLDER, 'port'))
    server.serve_forever()


main()
