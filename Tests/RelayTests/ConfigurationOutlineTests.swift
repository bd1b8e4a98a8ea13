import EventJSON
import Testing

@testable import Relay

/// What one configuration has otherwise than another.
struct ConfigurationOutlineTests {
    private func changes(_ old: String, _ new: String) throws -> [String] {
        let outlines = try [old, new].map { ConfigurationOutline(try JSONDocument(Array($0.utf8))) }
        return outlines[0].changes(to: outlines[1]).map(\.description)
    }

    @Test func remarksLayoutAndTheOrderOfKeysChangeNothing() throws {
        let found = try changes(
            #"{"targets": {"t": {"file": {"path": "x", "mode": "0600"}, "rate": "1/s"}}, "description": "a"}"#,
            #"{"description": "b", "targets": {"t": {"description": "c", "rate": "1/s",   "file": {"mode": "0600", "path": "x"}}}}"#
        )
        #expect(found == [])
    }

    @Test func eachPartIsNamedWithWhatBecameOfIt() throws {
        let found = try changes(
            #"{"listen": ":1", "sources": {"a": {"path": "/a"}}, "targets": {"x": {"rate": "1/s", "timeout": "1s"}}, "routes": [{"name": "r", "to": ["x"]}]}"#,
            #"{"listen": ":2", "sources": {"b": {"path": "/a"}}, "targets": {"x": {"rate": "2/s", "order": "id"}}, "routes": [{"name": "r", "to": []}]}"#
        )
        #expect(
            found == [
                "key listen changed", "source a removed", "source b added", "target x changed (order, rate, timeout)",
                "route r changed",
            ])
    }

    @Test func theOrderOfRoutesMatters() throws {
        let found = try changes(
            #"{"routes": [{"name": "a"}, {"name": "b"}]}"#,
            #"{"routes": [{"name": "b"}, {"name": "c"}, {"name": "a"}]}"#)
        #expect(found == ["route c added", "key routes changed (order)"])
    }
}
