import EventJSON
import Foundation
import Testing

/// File and command targets as a configuration asks for them.
struct FileAndCommandTests {
    @Test func filesAreRotatedAndCompressedAndTheLinesAreAllThere() throws {
        let relay = try RelayUnderTest(
            targets: """
                {"log": {"file": {"path": "kept/${type}.ndjson", "rotate": "4KiB", "compress": "gzip", "mode": "0600", \
                "sync": "interval:100ms"}}}
                """,
            routes: #"[{"name": "all", "to": ["log"]}]"#)
        #expect(try relay.verb("check").code == 0)
        try relay.start()
        for index in 1...200 {
            let body = "{\"type\":\"order.paid\",\"n\":\(index),\"text\":\"\(String(repeating: "x", count: 60))\"}"
            #expect(try relay.post(Array(body.utf8)).status == 202)
        }
        try wait("all are delivered") {
            try JSONDocument(Array(relay.verb("status", "--json").out.utf8)).root[key: "targets"]?[key: "log"]?[
                key: "succeeded"]?.integer == 200
        }
        let names = { try FileManager.default.contentsOfDirectory(atPath: relay.directory + "/kept").sorted() }
        try wait("what was set aside is compressed") {
            try names().filter { $0.hasSuffix(".ndjson") } == ["order.paid.ndjson"]
        }
        #expect(try names().count { $0.hasSuffix(".gz") } >= 3)
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", "(gzip -dc kept/*.gz; cat kept/order.paid.ndjson) | wc -l > count"]
        shell.currentDirectoryURL = URL(fileURLWithPath: relay.directory)
        try shell.run()
        shell.waitUntilExit()
        let count = try String(contentsOfFile: relay.directory + "/count", encoding: .utf8)
        #expect(count.trimmingCharacters(in: .whitespacesAndNewlines) == "200")
        let attributes = try FileManager.default.attributesOfItem(atPath: relay.directory + "/kept/order.paid.ndjson")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func aScriptGetsAStreamOfEventsAndItsRefusalsCount() throws {
        let relay = try RelayUnderTest(
            targets: """
                {"script": {"command": {"argv": ["/bin/sh", "script.sh"], "stream": true}, \
                "body": {"n": "${n}", "event": "${@event}"}, \
                "retry": {"first": "50ms", "max": "50ms", "attempts": 3}}}
                """,
            routes: #"[{"name": "all", "to": ["script"]}]"#)
        let script = #"""
            echo $$ >> pids
            while read -r line; do
              echo "$line" >> lines
              case "$line" in
                *'"n":7,'*) echo '{"ok":false,"retry":false,"error":"no seven"}';;
                *'"n":8,'*) echo '{"ok":false,"error":"not yet"}';;
                *) echo '{"ok":true}';;
              esac
            done
            """#
        try script.write(toFile: relay.directory + "/script.sh", atomically: true, encoding: .utf8)
        try relay.start()
        for index in 1...50 { #expect(try relay.post(Array("{\"n\":\(index)}".utf8)).status == 202) }
        try wait("two have failed") { try relay.lines("spool/failures.ndjson").count == 2 }
        let failures = try relay.lines("spool/failures.ndjson")
        #expect(Set(failures.compactMap { $0[key: "error"]?.string }) == ["no seven", "not yet"])
        #expect(failures.first { $0[key: "error"]?.string == "not yet" }?[key: "attempt"]?.integer == 3)
        try wait("all have been given") { try relay.lines("lines").count == 52 }
        #expect(try relay.lines("lines").first?[key: "event"]?.integer == 1)
        #expect(
            try String(contentsOfFile: relay.directory + "/pids", encoding: .utf8).split(separator: "\n").count == 1)
        #expect(relay.stop() == 0)
    }

    @Test func whatCannotBeConfiguredIsSaid() throws {
        let relay = try RelayUnderTest(
            targets: """
                {"a": {"file": {"path": "out/./x.ndjson"}},
                 "b": {"file": {"path": "out/../out//x.ndjson", "rotate": "soon", "sync": "maybe", "compress": "zip"}},
                 "c": {"file": {"path": "spool/audit.ndjson"}},
                 "d": {"command": {"argv": ["/bin/cat", "${type}"], "stream": true}},
                 "e": {"command": {"shell": "true", "user": "nobody-of-this-name", "rlimits": {"cpu": "1ms", "memroy": 1}}},
                 "f": {"file": {"path": "f"}, "concurrency": "auto"},
                 "g": {"http": {"url": "http://127.0.0.1:1/"}, "burst": 5}}
                """,
            routes: #"[{"name": "all", "to": ["a", "b", "c", "d", "e", "f", "g"]}]"#)
        let check = try relay.verb("check")
        #expect(check.code == 78)
        let text = check.out + check.error
        for part in [
            "the target \"a\" writes to this file already", "\"soon\" is no size", "\"maybe\" is no way to sync",
            "\"zip\" is no way to compress", "the spool's directory is the daemon's own",
            "no placeholder can stand in `argv`", "there is no user", "no duration that fits here",
            "did you mean `memory`?", "a file is written by one at a time", "`burst` goes with a `rate`",
        ] {
            #expect(text.contains(part), "\(part)")
        }
    }
}
