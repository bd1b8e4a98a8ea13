"""Spans, by way of a collector (rotel), which reads them as JSON and passes them on as protobuf, read with OpenTelemetry's own messages."""
import gzip
import os
import socket
import subprocess
import sysconfig
import tempfile
import unittest

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from ports import free_port
from relay import Receiver, Relay, until

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
COLLECTOR = os.path.join(sysconfig.get_paths()["purelib"], "rotel", "rotel-agent")


class Backend(Receiver):
    """Where the collector sends spans."""

    def spans(self):
        found = {}
        for _, headers, body in list(self.requests):
            body = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.resource = {one.key: one.value.string_value for one in resource.resource.attributes}
                for scope in resource.scope_spans:
                    found |= {span.name: span for span in scope.spans}
        return found


@unittest.skipUnless(os.path.exists(COLLECTOR), "the collector is built for Python 3.11 alone")
class Traces(unittest.TestCase):
    def setUp(self):
        self.receiver, self.backend = Receiver(), Backend()
        self.port = free_port()
        self.log = tempfile.TemporaryFile("w+")
        self.collector = subprocess.Popen(
            [COLLECTOR, "start", "--otlp-http-endpoint", f"127.0.0.1:{self.port}",
             "--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}", "--exporter", "otlp",
             "--otlp-exporter-endpoint", self.backend.url, "--otlp-exporter-protocol", "http", "--disable-batching"],
            stdout=self.log, stderr=self.log)
        until("the collector listens", self.listens)
        self.relay = Relay(
            {"crm": {"http": {"url": self.receiver.url + "/crm"}}, "down": {"command": {"argv": ["false"]}}},
            otlp={"endpoint": f"http://127.0.0.1:{self.port}"})

    def tearDown(self):
        self.relay.close()
        self.collector.terminate()
        self.collector.wait(30)
        self.log.close()
        self.receiver.close()
        self.backend.close()

    def listens(self):
        self.assertIsNone(self.collector.poll(), "the collector has ended")
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True
        except OSError:
            return False

    def test_an_event_and_its_attempts_are_one_trace(self):
        headers = {"content-type": "application/json", "traceparent": f"00-{TRACE}-{PARENT}-01"}
        number, _ = self.relay.send({"type": "t"}, headers)
        names = {"accept shop", "deliver crm", "deliver down"}
        spans = until("the spans", lambda: names <= set(self.backend.spans()) and self.backend.spans(), 60)
        self.assertEqual(self.backend.resource["service.name"], "hookswitch")
        accepted, sent, failed = spans["accept shop"], spans["deliver crm"], spans["deliver down"]
        self.assertEqual({span.trace_id.hex() for span in spans.values()}, {TRACE})
        self.assertEqual(accepted.parent_span_id.hex(), PARENT)
        self.assertEqual({sent.parent_span_id, failed.parent_span_id}, {accepted.span_id})
        self.assertEqual((accepted.kind, sent.kind, failed.kind), (2, 3, 1))
        self.assertLessEqual(accepted.start_time_unix_nano, accepted.end_time_unix_nano)
        self.assertEqual((sent.status.code, failed.status.code), (0, 2))
        known = {one.key: one.value for one in sent.attributes}
        self.assertEqual(known["hookswitch.event"].int_value, number)
        self.assertEqual(known["http.response.status_code"].int_value, 200)
        self.assertEqual(known["url.full"].string_value, self.receiver.url + "/crm")
        passed = self.receiver.request("/crm")[1]["traceparent"]
        self.assertEqual(passed, f"00-{TRACE}-{sent.span_id.hex()}-01")

    def test_an_event_without_a_trace_begins_one(self):
        self.relay.send({"type": "t"})
        spans = until("the spans", lambda: len(self.backend.spans()) == 3 and self.backend.spans(), 60)
        self.assertEqual(spans["accept shop"].parent_span_id, b"")
        self.assertEqual(len({span.trace_id for span in spans.values()}), 1)


if __name__ == "__main__":
    unittest.main()
