/// What `hookswitch init` writes: a configuration that runs as it is and says what each of its parts is for.
enum FirstConfiguration {
    static let bytes = Array(text.utf8)

    private static let text = #"""
        {
          "$schema": "routes.schema.json",
          "description": "Which webhooks are taken, and where each goes. `hookswitch check` shows what is wrong; `hookswitch reload` (or kill -HUP) puts a change in force.",
          "listen": "127.0.0.1:8080",
          "admin": "127.0.0.1:8081",
          "spool": {
            "description": "Every event is written here before its sender gets 202, and kept for so long after it was delivered. `tail -F spool/failures.ndjson` shows what was given up.",
            "path": "spool",
            "retain": "7d"
          },
          "sources": {
            "voucherify": {
              "description": "In Voucherify: Project Settings, Webhooks, the public URL of this path. Then set the secret that is shown there, by adding here: \"verify\": { \"scheme\": \"voucherify\", \"secret\": \"${env:VOUCHERIFY_SECRET}\" }. Until then anybody who reaches the port can send.",
              "path": "/voucherify",
              "envelope": "voucherify-2024-01-01",
              "dedupe": { "key": "id", "for": "24h" }
            }
          },
          "targets": {
            "archive": {
              "description": "One event, one line, in a file for each type and day.",
              "file": { "path": "archive/${type}-%Y-%m-%d.ndjson", "rotate": "256MiB" }
            }
          },
          "routes": [
            {
              "description": "A rule: the events that `match` takes go to the targets in `to`. `hookswitch match FILE` says why one is not taken. For an endpoint of your own, add a target: \"crm\": { \"http\": { \"url\": \"https://crm.example.com/hooks\" } }, and name it here.",
              "name": "redemptions",
              "from": ["voucherify"],
              "match": { "type": [{ "prefix": "redemption." }, { "prefix": "customer.redemption." }] },
              "to": ["archive"]
            }
          ],
          "unmatched": ["archive"],
          "tests": [
            {
              "description": "`hookswitch check` holds this true, and so does every reload: an event, and all routes that take it.",
              "event": { "type": "redemption.succeeded" },
              "routes": ["redemptions"]
            },
            { "event": { "type": "voucher.created" }, "routes": [] }
          ]
        }

        """#
}
