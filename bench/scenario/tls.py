"""TLS: what a connection costs. Handshakes are made by `openssl s_time`, idle clients by this process."""

import os
import pathlib
import re
import socket
import ssl
import subprocess

from brokers import LOAD_CPU, BrokerFailed

HANDSHAKE_SECONDS = 5
CLIENTS = 4  # that make handshakes at once
IDLE_CLIENTS = 1000
CONNECT = bytes([0x10, 16, 0, 4]) + b"MQTT" + bytes([4, 2, 0, 0, 0, 4])  # and a Client Identifier of 4 bytes


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024


def measure_handshakes(broker, quick):
    """New sessions only, TLS 1.3. The clients have one core and the server another; since a handshake costs a client more
    than the server, what one core of the server is good for is what it did in the processor time that it took."""
    seconds = 2 if quick else HANDSHAKE_SECONDS
    command = ["openssl", "s_time", "-connect", f"127.0.0.1:{broker.port}", "-new", "-time", str(seconds), "-tls1_3",
               "-CAfile", str(broker.folder / "server.crt")]
    if broker.cpus:
        command = ["taskset", "-c", str(LOAD_CPU), *command]
    before = cpu_seconds(broker.pid)
    clients = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(CLIENTS)]
    said = [client.communicate(timeout=60)[0] for client in clients]
    spent = cpu_seconds(broker.pid) - before
    found = [re.search(r"(\d+) connections in \d+ real seconds", text) for text in said]
    if not all(found) or spent == 0:
        raise BrokerFailed(f"{broker.name}: {' '.join(command)}\n{''.join(said)}{broker.errors()}")
    count = sum(int(one.group(1)) for one in found)
    return {"handshakes": count, "per_core_second": count / spent,
            "command": f"{CLIENTS} times openssl s_time -new -tls1_3"}


def connect_one(broker, context, number):
    stream = context.wrap_socket(socket.create_connection(("127.0.0.1", broker.port), 10), server_hostname="localhost")
    stream.sendall(CONNECT + f"{number:04}".encode())
    if stream.recv(4)[:1] != b"\x20":
        raise BrokerFailed(f"{broker.name}: no CONNACK over TLS\n{broker.errors()}")
    return stream


def measure_idle(broker, quick):
    """What the server's memory grows by for each connected client that says nothing."""
    count = 200 if quick else IDLE_CLIENTS
    context = ssl.create_default_context(cafile=broker.folder / "server.crt")
    first = [connect_one(broker, context, number) for number in range(10)]  # what it needs once
    before = resident_bytes(broker.pid)
    idle = [connect_one(broker, context, number) for number in range(10, 10 + count)]
    grown = resident_bytes(broker.pid) - before
    for stream in first + idle:
        stream.close()
    return {"items": count, "bytes_each": grown / count, "command": "CONNECT over TLS, then silence"}


def measure(row, broker, quick):
    return measure_idle(broker, quick) if row.key == "tls-idle" else measure_handshakes(broker, quick)
