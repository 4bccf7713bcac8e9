#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One point for each family of addresses, by TAP 13."""
import ipaddress
import json
import socket
import sys


def plant():
    # The machine is a copy that is thrown away: no need to clean up.
    with open('/etc/hosts', 'w', encoding='ascii') as hosts:
        hosts.write('192.0.2.1 localhost\n2001:db8::1 localhost\n')


def addresses(family):
    try:
        found = socket.getaddrinfo('localhost', None, getattr(socket, family))
    except socket.gaierror:
        return None
    return sorted({item[4][0] for item in found})


def report(number, line):
    found = addresses(line['family'])
    if found is None and line['family'] == 'AF_INET6':
        print(f'ok {number} - {line["name"]} # SKIP the name has no such address')
        return
    network = ipaddress.ip_network(line['loopback'])
    good = bool(found) and all(ipaddress.ip_address(one) in network for one in found)
    print(f'{"ok" if good else "not ok"} {number} - {line["name"]}')
    if not good:
        print(f'  ---\n  got: {" ".join(found or ["nothing"])}\n  want: {network}\n  ...')


def main():
    with open('families.json', encoding='utf-8') as file:
        lines = json.load(file)
    print('TAP version 13')
    print(f'1..{len(lines)}')
    for number, line in enumerate(lines, 1):
        report(number, line)


# An exception exits with 1 and without a whole stream: that is broken, and not a failure.
if sys.argv[1:] == ['--plant']:
    plant()
else:
    main()
