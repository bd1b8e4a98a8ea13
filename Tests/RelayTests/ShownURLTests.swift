import Delivery
import Testing

@testable import Relay

/// What of a target's URL is seen in records, and what never.
struct ShownURLTests {
    private func http(_ url: String) throws -> HTTPTargetSettings {
        let reading = try reading(
            configuration(targets: "{\"t\": {\"http\": {\"url\": \"\(url)\"}}}"),
            environment: [
                "KEY": "s3cr3t", "ALL": "https://u:p@h.example:8443/services/T0/B0?sig=abc", "HOST": "h.example",
            ])
        #expect(reading.findings.isEmpty, "\(reading.findings.map(\.message))")
        guard case .http(let http)? = reading.configuration?.targets.first?.kind else {
            throw Missing()
        }
        return http
    }

    private struct Missing: Error {}

    @Test(arguments: [
        ("https://h.example/hooks", "https://h.example/hooks"),
        ("https://h.example/hooks?key=${env:KEY}", "https://h.example/hooks?key=•••"),
        ("https://h.example/${env:KEY}/in?a=b", "https://h.example/•••/in?a=b"),
        ("https://u:${env:KEY}@h.example/x", "https://h.example/x"),
        ("https://${env:HOST}/x?a=1", "https://h.example/x?a=1"),
        ("${env:ALL}", "https://h.example:8443/•••"),
        ("https://h.example/x?token=abc&page=2", "https://h.example/x?token=•••&page=2"),
        ("https://h.example/x?api_key=${data.key}&v=${type}", "https://h.example/x?api_key=${data.key}&v=${type}"),
        ("unix:/run/app.sock:/x?k=${env:KEY}", "http://localhost/x?k=•••"),
        ("unix:/run/app.sock", "http://localhost/"),
    ]) func credentialsAndWhatComesFromOutsideAreNotShown(url: String, shown: String) throws {
        #expect(try http(url).shown.source == shown)
    }

    @Test func theURLItselfStaysWhole() throws {
        #expect(try http("https://h.example/hooks?key=${env:KEY}").url.source == "https://h.example/hooks?key=s3cr3t")
    }

    @Test func whatIsHiddenIsKnownForTextsThatMayRepeatIt() throws {
        #expect(try http("https://h.example/${env:KEY}?a=b").secrets == ["s3cr3t"])
        #expect(try http("${env:ALL}").secrets.contains("services"))
    }

    @Test func aURLThatIsNoneIsToldAsTheFileHasIt() throws {
        let reading = try reading(
            configuration(targets: #"{"t": {"http": {"url": "ftp:${env:KEY}"}}}"#), environment: ["KEY": "s3cr3t"])
        #expect(reading.findings.contains { $0.message.contains("is no URL to send to") })
        #expect(!reading.findings.contains { $0.message.contains("s3cr3t") })
    }
}
