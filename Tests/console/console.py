"""The console in a real Chromium, and what keeps strangers out of it. Screenshots go to .build/console."""

import datetime
import json
import os
import re
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../peers"))
from accessibility import faults
from brokers import Brokers
from relay import Receiver, Relay, until
from webdriver import Browser

PICTURES = os.path.join(os.getcwd(), ".build", "console")
EVENTS = 10_000
TYPES = ["redemption.succeeded", "voucher.created", "customer.created", "order.paid"]
SCRIPT = "<script>document.title='stolen'</script><img src=x onerror=\"document.title='stolen'\">"
SECRETS = ["s3cr3t-of-source", "t0ken-of-target"]


def event(number, **more):
    moment = datetime.datetime(2026, 1, 1) + datetime.timedelta(seconds=number)
    return {
        "id": f"whs_{number:08x}", "type": TYPES[number % 4], "source": {"object": "webhook"},
        "event": {"group_id": f"v-{number:06d}", "created_at": moment.isoformat() + "Z",
                  "event_source": {"channel": "API"}},
        "data": {"voucher": {"code": f"SUMMER-{number}"}, "amount": 12345678901234567890}, **more}


def configuration(receiver):
    return {
        "sources": {"s": {"path": "/s"}, "closed": {"path": "/closed", "verify": {
            "scheme": "voucherify", "secret": SECRETS[0]}},
            "kept": {"path": "/kept", "on_invalid": "quarantine", "verify": {"scheme": "github", "secret": SECRETS[0]}}},
        "targets": {
            "archive": {"file": {"path": "archive.ndjson"}},
            "crm": {"http": {"url": receiver.url, "headers": {"authorization": f"Bearer {SECRETS[1]}"}},
                    "retry": {"attempts": 1}, "breaker": {"after": 0}},
        },
        "routes": [
            {"name": "everything", "to": ["archive"]},
            {"name": "redemptions", "match": {"type": [{"prefix": "redemption."}]}, "to": ["crm"]},
        ]}


class ConsoleTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.makedirs(PICTURES, exist_ok=True)
        cls.receiver = Receiver(500)
        cls.relay = Relay(configuration(cls.receiver))
        cls.relay.post(event(number) for number in range(EVENTS))
        cls.relay.wait_settled()
        # Script tags in every field that a sender fills.
        cls.relay.post([event(EVENTS, id=SCRIPT, type=SCRIPT, source={"object": SCRIPT},
                              event={"group_id": SCRIPT, "created_at": SCRIPT, "event_source": {"channel": SCRIPT}},
                              data={SCRIPT: [SCRIPT]})])
        cls.relay.wait_settled()
        cls.profile = tempfile.TemporaryDirectory(prefix="hookswitch-chromium-")
        cls.browser = Browser(cls.profile.name)

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.relay.close()
        cls.receiver.close()
        cls.profile.cleanup()

    def show(self, section, css="main h1"):
        self.browser.open("about:blank")
        self.browser.open(f"{self.relay.root}/#/{section}")
        self.browser.wait(f"{section} is there", "document.querySelector(arguments[0])", css)

    def tearDown(self):
        self.assertEqual(self.browser.run("return document.title.includes('stolen')"), False)
        self.assertEqual([line for line in self.browser.log() if "status of 422" not in line and "status of 400" not in line], [])

    def rows(self):
        return self.browser.count("#records tbody tr")

    def test_the_log_of_ten_thousand_lines_is_paged(self):
        self.show("audit", "#records tbody tr")
        self.assertEqual(self.rows(), 100)
        self.assertIn("100 shown", self.browser.text(".foot"))
        for pages in range(2, 6):
            self.browser.click("#older")
            self.browser.wait("an older page came", "document.querySelectorAll('#records tbody tr').length === arguments[0]",
                              pages * 100)
        names = self.browser.run("return [...document.querySelectorAll('#records thead th')].map(th => th.textContent)")
        self.assertEqual(names[:9], ["Status", "Type", "Webhook ID", "Source", "Target", "Target URL", "Request ID",
                                     "Event created at", "Executed at"])
        lines = self.browser.run(
            "return [...document.querySelectorAll('#records tbody tr')].map(tr => tr.textContent + tr.cells[8].firstChild.dateTime)")
        self.assertEqual(len(set(lines)), 500)

    def test_the_page_keeps_a_thousand_rows_however_many_are_asked_for(self):
        self.show("audit", "#records tbody tr")
        last = "document.querySelector('#records tbody tr:last-child').textContent"
        for _ in range(11):
            before = self.browser.run(f"return {last}")
            self.browser.click("#older")
            self.browser.wait("an older page came", f"{last} !== arguments[0] && !document.querySelector('#older').disabled", before)
        self.assertEqual(self.rows(), 1000)
        self.browser.click("#newest")
        self.browser.wait("the newest are shown", "document.querySelectorAll('#records tbody tr').length === 100")
        self.assertEqual(self.browser.count("#newest"), 0)

    def test_what_stands_far_back_is_found_without_a_hand(self):
        # Nothing on the first page matches: the page goes on by itself to the end.
        self.show("audit?text=no-such-thing")
        self.browser.wait("all was looked through", "document.querySelector('.foot').innerText.includes('Nothing matches')")

    def test_filters_stand_in_the_address_bar(self):
        self.show("audit", "#records tbody tr")
        self.browser.run("document.querySelector('[name=status]').value = 'FAILED';"
                         "document.querySelector('[name=status]').dispatchEvent(new Event('change', {bubbles: true}))")
        self.browser.wait("only failures are shown",
                          "[...document.querySelectorAll('#records tbody tr')].every(tr => tr.textContent.includes('FAILED'))"
                          " && document.querySelectorAll('#records tbody tr').length")
        self.assertIn("#/audit?status=FAILED", self.browser.url)
        self.show("audit?text=whs_00000010", "#records tbody tr")
        self.assertEqual(self.rows(), 2)
        self.show("audit?text=v-000017&target=archive", "#records tbody tr")
        self.assertEqual(self.rows(), 1)
        self.show("audit?route=redemptions&status=SUCCEEDED&type=redemption.succeeded", "#records tbody tr")
        self.assertIn("redemption.succeeded", self.browser.text("#records tbody tr"))
        self.show("audit?until=2020-01-01")
        self.browser.wait("nothing matches", "document.body.innerText.includes('Nothing matches')")

    def test_new_lines_come_by_themselves(self):
        self.show("audit?type=live", "#records")
        self.relay.post([event(1, type="live")])
        self.browser.wait("the new line came", "document.querySelectorAll('#records tbody tr').length === 1")

    def test_an_event_shows_its_data_and_every_attempt(self):
        self.show("events/1", "#attempts")
        self.assertIn("redemptions", self.browser.text(".facts"))
        self.assertEqual(self.browser.count("#attempts tbody tr"), 2)
        self.assertIn("12345678901234567890", self.browser.text("#data"))
        self.assertIn('\n  "id": "whs_00000000"', self.browser.text("#data"))
        self.browser.click("#data-Raw")
        self.assertEqual(json.loads(self.browser.text("#data"))["id"], "whs_00000000")
        self.browser.click("#data-Headers")
        self.browser.wait("headers are shown", "document.querySelector('#data').innerText.trim()")

    def test_script_tags_are_text_wherever_they_stand(self):
        number = self.relay.api("audit?limit=1&target=archive&text=script")["lines"][0]["delivery"].split("/")[0]
        self.show("audit", "#records tbody tr")
        self.assertIn(SCRIPT, self.browser.text("#records"))
        self.show(f"events/{number}", "#attempts")
        self.assertIn(SCRIPT.replace('"', '\\"'), self.browser.text("#data"))
        self.assertIn(SCRIPT, self.browser.text(".facts"))
        self.show(f"routes?event={number}", "#try-event")
        self.browser.wait("the event is there", "document.querySelector('#try-event').value.includes('stolen')")
        self.browser.click(".try .primary")
        self.browser.wait("the verdict is there", "document.querySelector('#verdict')")
        self.assertIn("stolen", self.browser.text("#verdict"))
        self.show("failures", "#records tbody tr")
        self.browser.open(f"{self.relay.root}/#/events/1")
        self.browser.wait("attempts are there", "document.querySelector('#attempts')")
        self.browser.run("document.querySelectorAll('details').forEach(one => one.open = true)")
        self.assertIn("stolen", self.browser.text("#attempts"))
        self.assertEqual(self.browser.count("main script, main img"), 0)

    def quarantined(self):
        return [kept["number"] for kept in self.relay.api("quarantine")["quarantined"]]

    def test_what_came_with_a_wrong_signature_is_looked_at_released_and_discarded(self):
        for number in self.quarantined():
            self.relay.api("quarantine/discard", {"numbers": [number]})
        self.relay.post([event(30_003, type=SCRIPT), event(30_007), event(30_011)], "/kept", 401)
        until("three are kept", lambda: len(self.quarantined()) == 3)
        first, second, third = self.quarantined()
        self.show("quarantine", "#quarantined tbody tr")
        self.assertEqual(self.browser.count("#quarantined tbody tr"), 3)
        self.show(f"quarantine/{first}", "#release")
        self.assertIn("stolen", self.browser.text("main"))
        self.assertIn("POST /kept HTTP/1.1", self.browser.text(".facts"))
        self.browser.click("#release")
        self.browser.wait("it says that the signature still fails", "document.querySelector('#alerts .error')")
        self.assertIn(first, self.quarantined())
        self.browser.click("#force")
        self.browser.wait("it asks first", "document.querySelector('#dialog').open")
        self.browser.click("#confirm")
        self.browser.wait("the list is shown", "location.hash === '#/quarantine' && document.querySelector('#quarantined')")
        self.assertNotIn(first, self.quarantined())
        self.browser.wait("two are left", "document.querySelectorAll('#quarantined tbody tr').length === 2")
        self.browser.click(f"[data-discard='{second}']")
        self.browser.click("#confirm")
        self.browser.wait("one is left", "document.querySelectorAll('#quarantined tbody tr').length === 1")
        self.assertEqual(self.quarantined(), [third])

    def test_a_replay_is_counted_begun_watched_and_ended(self):
        self.relay.post([event(20_000 + number, type="again") for number in range(20)])
        self.show("replays", "#replay")
        self.browser.click("#replay")
        self.assertEqual(self.browser.count("[name=since]:invalid"), 1)
        self.browser.type("[name=since]", "1h")
        self.browser.click("#replay")
        self.browser.wait("it asks for a target", "document.querySelector('#alerts .error')")
        self.browser.type("[name=match]", '{"type": ["agai"')
        self.browser.click("[name=to][value=archive]")
        self.browser.click("#replay")
        self.browser.wait("it says what is wrong with the pattern", "document.body.innerText.includes('the pattern is not JSON')")
        self.browser.type("[name=match]", "]}")
        self.browser.run("document.querySelector('[name=match]').value = '{\"type\": [\"again\"]}'")
        self.browser.type("[name=rate]", "1/h")
        self.browser.click("#replay")
        self.browser.wait("it asks first", "document.querySelector('#dialog').open")
        self.assertIn("Send 20 events to archive?", self.browser.text("#dialog"))
        self.browser.click("#confirm")
        until("the job has begun", lambda: not self.relay.api("replays")["replays"][-1]["dry_run"])
        job = self.relay.api("replays")["replays"][-1]["replay"]
        self.browser.wait("the job is there", f"document.querySelector('#pause-{job}')")
        self.browser.click(f"#pause-{job}")
        self.browser.wait("it is paused", f"document.querySelector('#resume-{job}')")
        self.browser.click(f"#resume-{job}")
        self.browser.wait("it goes on", f"document.querySelector('#pause-{job}')")
        self.browser.click(f"#cancel-{job}")
        self.browser.wait("it is cancelled", f"document.querySelector('[data-replay=\"{job}\"]').innerText.includes('cancelled')")
        self.assertEqual(self.relay.api("replays")["replays"][-1]["state"], "cancelled")

    def test_one_delivery_is_retried_by_its_button(self):
        self.show("failures", "#records tbody tr")
        delivery = self.browser.run("return document.querySelector('#records tbody button').dataset.delivery")
        before = self.receiver.count
        self.browser.click("#records tbody tr button")
        until("the receiver has it", lambda: self.receiver.count > before)
        self.browser.wait("it says so", "document.querySelector('#alerts').innerText.includes(arguments[0])", delivery)

    def test_all_that_match_are_retried_with_their_number_to_confirm(self):
        self.show("failures?text=v-0001", "#records tbody tr")
        expected = sum(1 for number in range(100, 200) if number % 4 == 0)
        self.receiver.status = 200
        try:
            self.browser.click("#retry-all")
            self.browser.wait("the number is shown", "document.querySelector('dialog[open]')")
            self.assertIn(f"Send {expected} deliveries again?", self.browser.text("dialog"))
            self.browser.picture(f"{PICTURES}/retry.png")
            before = self.receiver.count
            self.browser.click("#confirm")
            until("all of them came", lambda: self.receiver.count >= before + expected)
            self.relay.wait_settled()
            self.assertEqual(self.receiver.count, before + expected)
            self.browser.click("#retry-all")
            self.browser.wait("none is left", "document.querySelector('#alerts').innerText.includes('No failure matches')")
        finally:
            self.receiver.status = 500

    def test_all_that_failed_can_be_asked_for_in_parts(self):
        whole = self.relay.api("retry", {"failed": True, "target": "crm", "dry_run": True})["retried"]
        parts, after = [], 0
        while after is not None:
            answer = self.relay.api("retry", {"failed": True, "target": "crm", "after": after, "limit": 1000, "dry_run": True})
            parts.append(answer["retried"])
            after = answer.get("after")
        self.assertEqual(sum(parts), whole)
        self.assertGreater(len(parts), 2)
        self.assertEqual(max(parts), 1000)

    def test_a_target_is_paused_and_resumed(self):
        self.show("targets", "#targets tbody tr")
        self.assertEqual(self.browser.count("#targets tbody tr"), 2)
        self.browser.click("[data-target=archive] button")
        self.browser.wait("it is paused", "document.querySelector('[data-target=archive]').innerText.includes('paused')")
        self.assertTrue(self.relay.api("status")["targets"]["archive"]["paused"])
        self.assertEqual(self.browser.text("[data-target=archive] button"), "Resume")
        self.browser.click("[data-target=archive] button")
        self.browser.wait("it works", "document.querySelector('[data-target=archive]').innerText.includes('working')")
        self.assertEqual(self.browser.text("[data-target=archive] button"), "Pause")

    def test_a_cluster_shows_its_relays_and_brokers_and_other_relays_have_no_such_section(self):
        self.show("targets", "#health .version")
        self.assertFalse(self.browser.run("return document.querySelector('#cluster').checkVisibility()"))
        brokers = Brokers(1)
        self.addCleanup(brokers.close)
        shared = {"spool": {"max_size": "500MB", "jetstream": {"servers": brokers.urls, "replicas": 1}}}
        relays = []
        for _ in range(2):
            relays.append(Relay(configuration(self.receiver) | shared))
            self.addCleanup(relays[-1].close)
        until("each has heard of the other", lambda: all(len(relay.api("cluster").get("relays", [])) == 2 for relay in relays))
        self.browser.open(f"{relays[0].root}/#/cluster")
        self.browser.wait("the link is shown", "document.querySelector('#cluster').checkVisibility()")
        self.browser.wait("both are shown", "document.querySelectorAll('#relays tbody tr').length === 2")
        for relay in relays:
            self.assertIn(f":{relay.door}", self.browser.text("#relays"))
        self.assertIn("current", self.browser.text("[data-broker=n0]"))
        self.assertEqual(faults(self.browser), [])
        self.browser.picture(f"{PICTURES}/cluster.png")
        self.records_of_all(relays)

    def records_of_all(self, relays):
        """What the relays of a cluster wrote, each and all, by the API and on the page."""
        for number, relay in enumerate(relays):
            relay.post([{"type": "both", "id": f"both-{number}-{place}"} for place in range(6)])
        names = {relay["relay"] for relay in relays[0].api("cluster")["relays"]}

        def lines(page):
            return sorted(map(json.dumps, page["lines"]))

        def own():
            return sorted(line for relay in relays for line in lines(relay.api("audit?limit=500")))

        until("all has come to its end", lambda: all(
            not t["waiting"] and not t["in_flight"] for relay in relays for t in relay.api("status")["targets"].values()))
        until("the brokers have every line", lambda: lines(relays[0].api("audit?limit=500&cluster=true")) == own())
        whole = relays[1].api("audit?limit=500&cluster=true")
        self.assertGreaterEqual(len(whole["lines"]), 12)
        self.assertEqual(len(whole["relays"]), len(whole["lines"]))
        self.assertLessEqual(set(whole["relays"]), names)
        parts, before = [], ""
        while before is not None:
            page = relays[0].api(f"audit?limit=3&cluster=true&before={before}")
            parts += page["lines"]
            before = page["older"]
        self.assertEqual(parts, whole["lines"], "page by page it is the same")
        self.assertEqual(relays[0].api(f"audit?cluster=true&after={whole['newer']}")["lines"], [])
        for name in names:
            self.assertEqual(len(relays[0].api(f"audit?limit=500&cluster=true&relay={name}")["lines"]), whole["relays"].count(name))
        relays[1].post([{"type": "news", "id": "news"}])
        until("it is news", lambda: relays[0].api(f"audit?cluster=true&type=news&after={whole['newer']}")["lines"])
        self.assertEqual(relays[0].ask("/api/v1/audit?cluster=perhaps")[0], 400)
        self.assertEqual(self.relay.ask("/api/v1/failures?cluster=true")[0], 409)
        self.browser.open(f"{relays[0].root}/#/audit?type=both")
        self.browser.wait("the relays are named", "document.querySelectorAll('[name=relay] option').length === 4")
        self.browser.run("document.querySelector('[name=relay]').value = '*';"
                         "document.querySelector('[name=relay]').dispatchEvent(new Event('change', {bubbles: true}))")
        wanted = relays[0].api("audit?type=both&limit=100&cluster=true")
        self.browser.wait("all are shown", f"document.querySelectorAll('#records tbody tr').length === {len(wanted['lines'])}")
        self.assertIn("cluster=true", self.browser.url)
        self.assertIn(wanted["relays"][0], self.browser.text("#records tbody tr"))
        self.assertEqual(faults(self.browser), [])
        self.browser.open(f"{relays[0].root}/#/audit")
        self.browser.wait("this page's own alone", "document.querySelector('#records') && !document.querySelector('#records thead').innerText.includes('Relay')")

    def test_a_refused_reload_says_what_is_wrong_and_where(self):
        wrong = configuration(self.receiver)
        wrong["routes"][0]["to"] = ["archiv"]
        self.show("configuration", "main pre")
        try:
            self.relay.configure(wrong)
            self.browser.click("#reload")
            self.browser.wait("the finding is shown", "document.querySelector('#findings tbody tr')")
            self.assertIn("did you mean", self.browser.text("#findings"))
            self.assertIn("refused", self.browser.text("main"))
            self.browser.picture(f"{PICTURES}/refused.png")
        finally:
            self.relay.configure(configuration(self.receiver))
        self.browser.click("#reload")
        self.browser.wait("it is in force", "document.querySelector('main').innerText.includes('in force since')")

    def test_no_secret_is_shown(self):
        for section, css in [("configuration", "main pre"), ("targets", "#targets"), ("routes", "#routes"),
                             ("audit", "#records tbody tr")]:
            self.show(section, css)
            for secret in SECRETS:
                self.assertNotIn(secret, self.browser.run("return document.documentElement.outerHTML"), section)
        for path in ["/metrics"] + ["/api/v1/" + name for name in ["status", "configuration", "targets", "routes"]]:
            for secret in SECRETS:
                self.assertNotIn(secret.encode(), self.relay.ask(path)[2], path)

    def test_everything_can_be_done_by_keyboard(self):
        self.show("failures?text=v-0002", "#records tbody tr")
        self.browser.press("Tab")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "skip")
        self.browser.press("Enter")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "main")
        self.tab_to("document.activeElement.id === 'retry-all'")
        self.browser.press("Enter")
        self.browser.wait("the dialog has the keyboard", "document.activeElement.id === 'confirm'")
        self.browser.press("Escape")
        self.browser.wait("the dialog is gone", "!document.querySelector('dialog[open]')")
        self.tab_to("document.activeElement.tagName === 'A' && document.activeElement.hash.startsWith('#/events/')")
        self.browser.press("Enter")
        self.browser.wait("the event is shown", "document.querySelector('#data')")
        self.tab_to("document.activeElement.id === 'data-Pretty'")
        self.browser.press("Right")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "data-Raw")

    def tab_to(self, condition):
        for _ in range(60):
            self.browser.press("Tab")
            if self.browser.run(f"return {condition}"):
                return
        self.fail(f"Tab never leads to {condition}")

    def test_every_section_is_accessible_in_both_schemes_and_on_a_phone(self):
        self.relay.post([event(30_000)], "/kept", 401)
        for scheme in ["light", "dark"]:
            self.browser.scheme(scheme)
            for width, height, name in [(1440, 900, ""), (390, 844, "-phone")]:
                self.browser.size(width, height, mobile=width < 500)
                for section, css in [("audit", "#records tbody tr"), ("failures", "#records tbody tr"),
                                     ("events/1", "#attempts"), ("targets", "#targets tbody tr"),
                                     ("routes", "#routes"), ("replays", "#replays"), ("quarantine", "#quarantined tbody tr"),
                                     ("configuration", "main pre")]:
                    self.show(section, css)
                    self.browser.wait("the head is there", "document.querySelector('#health').innerText")
                    self.assertEqual(faults(self.browser), [], f"{section} {scheme} {width}")
                    wider = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
                    self.assertLessEqual(self.browser.run(wider), 0, f"{section} is wider than {width}")
                    file = re.sub(r"[^a-z]", "", section.split("/")[0])
                    self.browser.picture(f"{PICTURES}/{file}-{scheme}{name}.png")
        self.browser.scheme("light")
        self.browser.devtools("Emulation.clearDeviceMetricsOverride")


if __name__ == "__main__":
    unittest.main(verbosity=2)
