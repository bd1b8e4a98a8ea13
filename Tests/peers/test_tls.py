"""TLS in all its ways, and HTTP/2, with nginx at the other end."""
import base64
import datetime
import hashlib
import ipaddress
import os
import subprocess
import tempfile
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from ports import free_port
from relay import Relay, until

PEM = serialization.Encoding.PEM


class Authority:
    """A private authority and what it has certified, as files."""

    def __init__(self, directory, name="authority"):
        self.directory = directory
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.path = self.write(name, self.certificate(self.name, self.key, is_authority=True))

    def certificate(self, subject, key, host="127.0.0.1", days=30, is_authority=False):
        now = datetime.datetime.now(datetime.timezone.utc)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=60))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def write(self, name, certificate):
        path = os.path.join(self.directory, name + ".pem")
        with open(path, "wb") as file:
            file.write(certificate.public_bytes(PEM))
        return path

    def issue(self, name, **details):
        """A certificate and its key, by their paths, and the pin of the key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        path = self.write(name, self.certificate(subject, key, **details))
        with open(path[:-4] + ".key", "wb") as file:
            file.write(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        pin = "sha256//" + base64.b64encode(hashlib.sha256(public).digest()).decode()
        return path, path[:-4] + ".key", pin


class TLS(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        directory = cls.directory.name
        ours, other = Authority(directory), Authority(directory, "other")
        server = ours.issue("server")
        certificates = {
            "good": server,
            "expired": ours.issue("expired", days=-1),
            "misnamed": ours.issue("misnamed", host="192.0.2.1"),
            "mutual": server,
        }
        ports = {name: free_port() for name in certificates}
        servers = ""
        for name, (certificate, key, _) in certificates.items():
            client = f"ssl_client_certificate {ours.path}; ssl_verify_client on;" if name == "mutual" else ""
            servers += f"""server {{ listen 127.0.0.1:{ports[name]} ssl http2; ssl_certificate {certificate};
                ssl_certificate_key {key}; {client} location / {{ return 200; }} }}\n"""
        cls.access = os.path.join(directory, "access")
        temporary = "".join(
            f"{kind}_temp_path {directory}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        with open(os.path.join(directory, "nginx.conf"), "w") as file:
            file.write(f"""worker_processes 1; pid {directory}/pid; error_log {directory}/error; events {{}}
                http {{ log_format of '$uri $server_protocol $ssl_client_s_dn'; access_log {cls.access} of;
                {temporary} {servers} }}""")
        cls.nginx = subprocess.Popen(
            ["nginx", "-p", directory, "-c", "nginx.conf", "-g", "daemon off;"], stderr=subprocess.DEVNULL
        )
        client, client_key, _ = ours.issue("relay")
        stranger, stranger_key, _ = other.issue("stranger")
        trusting = {"ca": ours.path}

        def at(server, name, tls, **more):
            return {"http": {"url": f"https://127.0.0.1:{ports[server]}/{name}", "tls": tls} | more}

        cls.relay = None
        until("nginx listens", lambda: os.path.exists(os.path.join(directory, "pid")))
        cls.relay = Relay(
            {
                "private": at("good", "private", trusting),
                "http2": at("good", "http2", trusting, http2=True),
                "unknown": at("good", "unknown", {}),
                "pinned": at("good", "pinned", trusting | {"pin": server[2]}),
                "mispinned": at("good", "mispinned", trusting | {"pin": certificates["expired"][2]}),
                "expired": at("expired", "expired", trusting),
                "misnamed": at("misnamed", "misnamed", trusting),
                "mutual": at("mutual", "mutual", trusting | {"certificate": client, "key": client_key}),
                "anonymous": at("mutual", "anonymous", trusting),
                "stranger": at("mutual", "stranger", trusting | {"certificate": stranger, "key": stranger_key}),
                "later": at("good", "later", trusting, http2=True),
            },
            later=["later"],
        )
        cls.relay.send({"type": "a"})

    @classmethod
    def tearDownClass(cls):
        if cls.relay:
            cls.relay.close()
        cls.nginx.terminate()
        cls.nginx.wait(30)
        cls.directory.cleanup()

    def line(self, name):
        """What nginx logged of the request of a target."""
        self.assertEqual(self.relay.record(name)["status"], "SUCCEEDED", self.relay.record(name))
        with open(self.access) as file:
            return next(line.split(" ", 2)[1:] for line in file if line.startswith(f"/{name} "))

    def fault(self, name, *words):
        error = self.relay.record(name)["error"]
        self.assertTrue(error.startswith("TLS: "), error)
        for word in words:
            self.assertIn(word, error)

    def test_an_endpoint_of_a_private_authority_is_trusted(self):
        self.assertEqual(self.line("private")[0], "HTTP/1.1")

    def test_http2_is_spoken_where_it_is_asked_for(self):
        self.assertEqual(self.line("http2")[0], "HTTP/2.0")

    def test_http2_is_spoken_where_an_idle_connection_speaks_http_1(self):
        self.line("private")
        self.line("pinned")
        self.relay.send({"type": "later"})
        self.assertEqual(self.line("later")[0], "HTTP/2.0")

    def test_the_relay_shows_its_certificate(self):
        self.assertIn("CN=relay", self.line("mutual")[1])

    def test_without_one_that_is_known_it_is_refused(self):
        for name in ["anonymous", "stranger"]:
            self.assertEqual(self.relay.record(name)["response"]["status"], 400)

    def test_a_pinned_key_is_taken_and_another_is_not(self):
        self.line("pinned")
        self.fault("mispinned", "pinned")

    def test_what_is_wrong_with_a_certificate_is_said(self):
        self.fault("unknown", "unable to get local issuer certificate")
        self.fault("expired", "expired")
        self.fault("misnamed", "subject name")
