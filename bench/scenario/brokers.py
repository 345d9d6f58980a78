"""The servers that are compared: started with the settings of bench/README.md on free ports of loopback, ended by pid."""

import base64
import getpass
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import tempfile
import time

BROKER_CPU = 0
LOAD_CPU = 1
START_SECONDS = 15
STOP_SECONDS = 20

# Limits that guard a server on the open network and that the rows would run into.
PEAL_SETTINGS = {
    "queue.messages": '"unlimited"',
    "queue.bytes": '"1GiB"',
    "queue.unsent": '"256MiB"',
    "log.level": '"warning"',
}

MOSQUITTO_SETTINGS = """\
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_queued_messages 0
max_inflight_messages 256
log_type error
"""
MOSQUITTO_TLS = """\
certfile {folder}/server.crt
keyfile {folder}/server.key
"""
# Its strongest: the whole state is written when anything has changed, once a second at most. PUBACK does not wait for
# that.
MOSQUITTO_PERSISTENCE = """\
persistence true
persistence_location {folder}/
autosave_interval 1
autosave_on_changes false
"""


# Built beside the program that is measured.
SYNC_COUNTER = "bench/libpeal_sync_counter.so"


class BrokerFailed(Exception):
    """A server that did not start, or ended while it was measured."""


def raise_open_file_limit():
    """As many open files as the system grants, for us and for the servers we start."""
    wanted = 1_000_000
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    except (ValueError, PermissionError):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Broker:
    """One server process. `cpus` None leaves the choice to the kernel; `sync_counter` is the library that counts."""

    name = ""

    def __init__(self, cpus=frozenset({BROKER_CPU}), sync_counter=None):
        self.cpus = cpus if cpus and len(os.sched_getaffinity(0)) > 1 else None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-bench-"))
        self.process = None
        self.port = 0
        self.environment = dict(os.environ)
        if sync_counter:
            (self.folder / "syncs").write_bytes(bytes(8))
            self.environment |= {"LD_PRELOAD": str(sync_counter), "SYNC_COUNT": str(self.folder / "syncs")}

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception):
        self.stop()

    @property
    def pid(self):
        return self.process.pid

    @property
    def syncs(self):
        """How often it asked the system to write a file to the disk."""
        return int.from_bytes((self.folder / "syncs").read_bytes(), "little")

    def start(self):
        raise NotImplementedError

    def run(self, command):
        """Starts `command` on the broker's CPU, its errors into a file."""
        if self.cpus:
            command = ["taskset", "-c", ",".join(map(str, self.cpus)), *command]
        with open(self.folder / "stderr", "wb") as errors:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
                env=self.environment)

    def first_line(self, begins):
        """Reads standard output up to the line that begins so."""
        lines = []
        for line in self.process.stdout:
            lines.append(line.rstrip())
            if line.startswith(begins):
                return lines
        raise BrokerFailed(f"{self.name} did not start:\n" + "\n".join(lines) + self.errors())

    def errors(self):
        path = self.folder / "stderr"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    def restart(self, is_killed):
        """Ends it, by force or not, starts it again on the same state; returns the seconds until it is ready."""
        (self.process.kill if is_killed else self.process.terminate)()
        self.process.wait(STOP_SECONDS)
        self.process.stdout.close()
        began = time.monotonic()
        self.start()
        return time.monotonic() - began

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Peal(Broker):
    name = "Peal"

    def __init__(self, program, workers=1, is_durable=False, has_rules=False, has_tls=False, **options):
        super().__init__(**options)
        self.program = program
        self.config = write_rules(self.folder) if has_rules else self.write_tls() if has_tls else None
        self.workers = workers
        self.data = str(self.folder / "state") if is_durable else ""

    def write_tls(self):
        """A configuration with a listener that speaks TLS alone."""
        make_certificate(self.folder)
        config = self.folder / "peal.toml"
        config.write_text(f'[[listener]]\nbind = "127.0.0.1:0"\n[listener.tls]\ncert = "{self.folder}/server.crt"\n'
                          f'key = "{self.folder}/server.key"\n')
        return config

    def start(self):
        command = [self.program, "serve", "-p", "0", "--data", self.data, "--workers", str(self.workers)]
        if self.config:
            command += ["-c", str(self.config)]
        for key, value in PEAL_SETTINGS.items():
            command += ["--set", f"{key}={value}"]
        self.run(command)
        for line in self.first_line("ready"):
            words = line.split()
            if words[:1] == ["listening"] and words[2].startswith("127.0.0.1:"):
                self.port = int(words[2].rpartition(":")[2])
        if not self.port:
            raise BrokerFailed("Peal printed no listener on 127.0.0.1")


def write_rules(folder):
    """A configuration with 100 000 users, 1 000 roles of theirs, and one of the generator's anonymous clients."""
    salt, digest = (base64.b64encode(bytes(size)).decode() for size in (12, 64))
    users = folder / "passwd"
    users.write_text("".join(f"user-{i}:$6${salt}${digest}\n" for i in range(100_000)))
    role = '[[role]]\nname = "{0}"\nusers = ["{1}"]\nallow = [{{ all = "{2}" }}]\ndeny = [{{ publish = "{3}" }}]\n'
    roles = [role.format(f"role-{i}", f"user-{i}", f"site-{i}/%u/#", "+/+/firmware") for i in range(1_000)]
    roles.append(role.format("bench", "anonymous", "bench/#", "bench/+/firmware"))
    config = folder / "peal.toml"
    config.write_text(f'[[auth.source]]\ntype = "file"\npath = "{users}"\n' + "".join(roles))
    return config


class Mosquitto(Broker):
    name = "Mosquitto"

    def __init__(self, is_durable=False, has_tls=False, **options):
        super().__init__(**options)
        self.is_durable = is_durable
        self.tls = ""
        if has_tls:
            make_certificate(self.folder)
            self.tls = MOSQUITTO_TLS.format(folder=self.folder)

    def start(self):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        settings = self.folder / "mosquitto.conf"
        persistence = MOSQUITTO_PERSISTENCE.format(folder=self.folder) if self.is_durable else "persistence false\n"
        # As root it would become another user, who may not write here.
        user = f"user {getpass.getuser()}\n" if self.is_durable else ""
        settings.write_text(MOSQUITTO_SETTINGS.format(port=self.port) + self.tls + persistence + user)
        self.run([mosquitto_program(), "-c", str(settings)])
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.02)
        raise BrokerFailed("mosquitto did not start:\n" + self.errors())


class Relay(Broker):
    """No broker: reads and writes bytes to destinations known beforehand. What the kernel alone costs."""

    name = "kernel"

    def __init__(self, program, **options):
        super().__init__(**options)
        self.program = program

    def start(self):
        self.run([self.program, "bench", "relay"])
        self.port = int(self.first_line("listening")[-1].rpartition(":")[2])


def make_certificate(folder):
    """A key and a certificate of its own for localhost: the same kind for every server."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
         "-keyout", folder / "server.key", "-out", folder / "server.crt", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    for name in ("server.key", "server.crt"):
        os.chmod(folder / name, 0o644)  # a server that changes its user reads them, too
    os.chmod(folder, 0o755)


def mosquitto_program():
    program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    if not program:
        raise BrokerFailed("mosquitto is not installed")
    return program


def mosquitto_version():
    """'2.0.11', as the program says it; it has no option for that alone, but its help begins with it."""
    output = subprocess.run([mosquitto_program(), "-h"], capture_output=True, text=True, check=False).stdout
    words = output.split()
    return words[words.index("version") + 1] if "version" in words else "unknown"
