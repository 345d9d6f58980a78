"""A certificate authority and a server's certificate for localhost, made with openssl."""

import pathlib
import subprocess

_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class Certificates:
    """Files in `folder`: `ca`, `cert` and `key`; good for localhost and 127.0.0.1, for a day."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.ca, self.cert, self.key = (folder / x for x in ("ca.crt", "server.crt", "server.key"))
        ca_key, request, extensions = (folder / x for x in ("ca.key", "server.csr", "server.ext"))
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n")
        _openssl("req", "-x509", *_KEY, "-keyout", ca_key, "-out", self.ca, "-days", "1",
                 "-subj", "/CN=Test authority")
        _openssl("req", *_KEY, "-keyout", self.key, "-out", request, "-subj", "/CN=localhost")
        _openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", ca_key,
                 "-CAcreateserial", "-out", self.cert, "-days", "1", "-extfile", extensions)


def _openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"openssl {arguments[0]}: {done.stderr.decode()}")
