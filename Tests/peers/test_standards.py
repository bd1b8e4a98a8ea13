"""What goes out, as the standards' own libraries read it."""
import base64
import json
import unittest

from cloudevents.v1.http import from_http
from relay import Receiver, Relay
from standardwebhooks import Webhook, WebhookVerificationError

SECRETS = ["whsec_" + base64.b64encode(bytes([byte]) * 32).decode() for byte in (1, 2)]
EVENT = {"type": "order.paid", "data": {"code": 'é "q" \\ \u202e 🙂', "n": 1.50, "none": None}}


class Standards(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.receiver = Receiver()
        at = lambda path, **http: {"http": {"url": cls.receiver.url + path} | http}
        cls.relay = Relay(
            {
                "signed": at("/signed", sign={"secret": SECRETS}),
                "templated": at("/templated", sign={"secret": SECRETS[0]}) | {"body": {"code": "${data.code}"}},
                "batched": at("/batched", sign={"secret": SECRETS[0]}) | {"batch": {"linger": "10ms"}},
                "structured": at("/structured") | {"format": "cloudevents"},
                "binary": at("/binary") | {"format": "cloudevents-binary"},
                "cloudbatch": at("/cloudbatch") | {"format": "cloudevents", "batch": {"linger": "10ms"}},
            }
        )
        _, cls.body = cls.relay.send(EVENT)

    @classmethod
    def tearDownClass(cls):
        cls.relay.close()
        cls.receiver.close()

    def test_the_official_library_verifies_a_signature_by_each_secret(self):
        _, headers, body = self.receiver.request("/signed")
        self.assertEqual(body, self.body)
        for secret in SECRETS:
            self.assertEqual(Webhook(secret).verify(body, dict(headers)), EVENT)
        with self.assertRaises(WebhookVerificationError):
            Webhook(SECRETS[0]).verify(body + b" ", dict(headers))

    def test_a_template_and_a_batch_are_signed_as_they_are_sent(self):
        for path, content in [("/templated", {"code": EVENT["data"]["code"]}), ("/batched", [EVENT])]:
            _, headers, body = self.receiver.request(path)
            self.assertEqual(Webhook(SECRETS[0]).verify(body, dict(headers)), content)

    def test_the_sdk_reads_structured_and_binary_events(self):
        for path in ["/structured", "/binary"]:
            _, headers, body = self.receiver.request(path)
            event = from_http({name.lower(): value for name, value in headers.items()}, body)
            self.assertEqual(event["specversion"], "1.0")
            self.assertEqual(event["id"], headers["webhook-id"])
            self.assertEqual(event["source"], "/shop")
            self.assertEqual(event["type"], "order.paid")
            self.assertEqual(event["traceparent"], headers["traceparent"])
            self.assertEqual(event.data, EVENT)

    def test_the_sdk_reads_each_event_of_a_batch(self):
        _, headers, body = self.receiver.request("/cloudbatch")
        self.assertEqual(headers["content-type"], "application/cloudevents-batch+json")
        for one in json.loads(body):
            event = from_http({"content-type": "application/cloudevents+json"}, json.dumps(one))
            self.assertEqual(event["id"], headers["webhook-ids"])
            self.assertEqual(event.data, EVENT)
