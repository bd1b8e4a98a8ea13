"""SQS, SNS, EventBridge and Lambda, played by moto's server, which checks each signature."""
import io
import json
import os
import subprocess
import sys
import unittest
import urllib.request
import zipfile

import boto3
from ports import free_port
from relay import Relay, until

EVENT = {"type": "order.paid", "data": {"code": 'a&b=c%20 é "q" +', "n": 7}}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class AWS(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        port = free_port()
        cls.url = f"http://127.0.0.1:{port}"
        cls.server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            env=os.environ | {"INITIAL_NO_AUTH_ACTION_COUNT": "1000"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until("moto answers", cls.is_up, 60)
        cls.post("/moto-api/config", json.dumps({"lambda": {"use_docker": False}}).encode())
        keys = {"aws_access_key_id": "setup", "aws_secret_access_key": "setup"}
        cls.client = lambda _, service: boto3.client(service, "eu-central-1", endpoint_url=cls.url, **keys)
        client = lambda service: boto3.client(service, "eu-central-1", endpoint_url=cls.url, **keys)
        iam, sqs, sns, events = client("iam"), client("sqs"), client("sns"), client("events")
        iam.create_user(UserName="relay")
        iam.put_user_policy(UserName="relay", PolicyName="all", PolicyDocument=json.dumps(POLICY))
        key = iam.create_access_key(UserName="relay")["AccessKey"]
        cls.queues = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("direct", "topic", "bus")}
        arn = lambda name: f"arn:aws:sqs:eu-central-1:123456789012:{name}"
        topic = sns.create_topic(Name="orders")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn("topic"))
        events.put_rule(Name="all", EventPattern='{"source":["shop"]}')
        events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn("bus")}])
        role = iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}", Path="/")["Role"]["Arn"]
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("f.py", "def handler(event, context): return event")
        client("lambda").create_function(
            FunctionName="orders", Runtime="python3.11", Role=role, Handler="f.handler", Code={"ZipFile": archive.getvalue()}
        )
        cls.sqs = sqs
        # From here on every request is checked, but for those that look into the queues with an administrator's key.
        aws = {
            "region": "eu-central-1",
            "access_key_id": key["AccessKeyId"],
            "secret_access_key": key["SecretAccessKey"],
        }
        at = lambda service, path="/", secret=None: {
            "http": {"url": cls.url + path, "aws": aws | {"service": service} | ({"secret_access_key": secret} if secret else {})}
        }
        message = {"QueueUrl": cls.queues["direct"], "MessageBody": "${@body}"}
        publish = {"Action": "Publish", "Version": "2010-03-31", "TopicArn": topic, "Message": "${@body}"}
        entry = {"Source": "shop", "DetailType": "${type}", "Detail": "${@body}"}
        cls.targets = {
            "sqs": at("sqs") | {"body": message},
            "sns": at("sns") | {"body": publish},
            "events": at("events") | {"body": {"Entries": [entry]}},
            "malformed": at("events") | {"body": {"Entries": [entry | {"Detail": "no JSON"}]}},
            "lambda": at("lambda", "/2015-03-31/functions/orders/invocations"),
            "stranger": at("sqs", secret="another") | {"body": message},
        }
        cls.post("/moto-api/reset-auth", b"0")
        cls.relay = Relay(cls.targets)
        cls.relay.send(EVENT)
        for target in cls.targets:
            cls.relay.record(target)
        cls.post("/moto-api/reset-auth", b"1000")

    @classmethod
    def is_up(cls):
        try:
            urllib.request.urlopen(cls.url + "/moto-api/").close()
            return True
        except OSError:
            return False

    @classmethod
    def post(cls, path, body):
        # Without a type the body would be taken for a form.
        request = urllib.request.Request(cls.url + path, body, {"content-type": "text/plain"})
        urllib.request.urlopen(request).close()

    @classmethod
    def tearDownClass(cls):
        if hasattr(cls, "relay"):
            cls.relay.close()
        cls.server.terminate()
        cls.server.wait(30)

    def message(self, queue):
        found = self.sqs.receive_message(QueueUrl=self.queues[queue], WaitTimeSeconds=1).get("Messages")
        return json.loads(found[0]["Body"]) if found else None

    def taken(self, target):
        record = self.relay.record(target)
        self.assertEqual(record["status"], "SUCCEEDED", record)

    def test_a_message_comes_to_a_queue_of_sqs(self):
        self.taken("sqs")
        self.assertEqual(until("the message", lambda: self.message("direct")), EVENT)

    def test_a_form_comes_to_a_topic_of_sns(self):
        self.taken("sns")
        self.assertEqual(json.loads(until("the message", lambda: self.message("topic"))["Message"]), EVENT)

    def test_an_entry_comes_to_eventbridge(self):
        self.taken("events")
        event = until("the message", lambda: self.message("bus"))
        self.assertEqual((event["detail-type"], event["detail"]), ("order.paid", EVENT))

    def test_an_entry_that_eventbridge_does_not_take_is_a_failure_though_its_answer_is_200(self):
        record = self.relay.record("malformed")
        self.assertEqual(record["status"], "FAILED", record)
        self.assertTrue(record["error"].startswith("HTTP 200: AWS did not take it: Malformed"), record)

    def test_a_function_of_lambda_is_called(self):
        self.taken("lambda")

    def test_a_wrong_key_is_refused_as_ours(self):
        record = self.relay.record("stranger")
        self.assertEqual(record["response"]["status"], 403, record)
        self.assertIn("SignatureDoesNotMatch", record["response"]["body"])
