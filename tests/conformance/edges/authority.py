"""An authority that signs right certificates and wrong ones, all made with openssl."""

import base64
import pathlib
import subprocess

EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(*arguments, data=None):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, input=data, check=False)
    assert done.returncode == 0, f"openssl {arguments[0]}: {done.stderr.decode()}"
    return done.stdout


def element(der, at=0):
    """The DER element at `at` as (begin of its content, end)."""
    length, begin = der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, begin = int.from_bytes(der[begin:begin + size], "big"), begin + size
    return begin, begin + length


def wrapped(tag, content):
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


class Authority:
    """Keeps its files in `folder`: `ca`, and for each name NAME.crt and NAME.key."""

    def __init__(self, folder, name="Test authority"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.ca, self.ca_key = self.folder / "ca.crt", self.folder / "ca.key"
        openssl("req", "-x509", *EC, "-keyout", self.ca_key, "-out", self.ca, "-days", "2", "-subj", f"/CN={name}")

    def paths(self, name):
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"

    def sign(self, name, subject="", extensions="", by=None):
        """A certificate for `subject`, signed by the authority or with the (certificate, key) `by`."""
        certificate, key = self.paths(name)
        request, file = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        file.write_text(extensions)
        openssl("req", *EC, "-keyout", key, "-out", request, "-subj", subject or f"/CN={name}")
        ca, ca_key = by or (self.ca, self.ca_key)
        openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-out", certificate,
                "-days", "2", "-extfile", file)
        return certificate, key

    def self_signed(self, name):
        certificate, key = self.paths(name)
        openssl("req", "-x509", *EC, "-keyout", key, "-out", certificate, "-days", "2", "-subj", f"/CN={name}")
        return certificate, key

    def altered(self, name, change, sign_again=True, **signed):
        """A certificate whose signed part is what `change` makes of it."""
        certificate, key = self.sign(name, **signed)
        der = openssl("x509", "-in", certificate, "-outform", "DER")
        first, _ = element(der)
        _, end = element(der, first)
        _, algorithm_end = element(der, end)
        signed_part = change(der[first:end])
        assert len(signed_part) == end - first and signed_part != der[first:end], f"{name}: nothing changed"
        signature = der[algorithm_end:]
        if sign_again:
            made = openssl("dgst", "-sha256", "-sign", self.ca_key, data=signed_part)
            signature = wrapped(0x03, b"\0" + made)
        der = wrapped(0x30, signed_part + der[end:algorithm_end] + signature)
        text = base64.encodebytes(der).decode()
        certificate.write_text(f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n")
        return certificate, key

    def revoke(self, certificate):
        """A revocation list with this certificate in it."""
        database, config = self.folder / "index.txt", self.folder / "ca.cnf"
        revocation_list = self.folder / "revoked.crl"
        database.touch()
        config.write_text(f"[ca]\ndefault_ca=own\n[own]\ndatabase={database}\ndefault_md=sha256\n"
                          f"certificate={self.ca}\nprivate_key={self.ca_key}\ndefault_crl_days=2\n")
        openssl("ca", "-config", config, "-revoke", certificate)
        openssl("ca", "-config", config, "-gencrl", "-out", revocation_list)
        return revocation_list
