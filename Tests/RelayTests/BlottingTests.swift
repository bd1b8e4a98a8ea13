import EventJSON
import Testing

@testable import Relay

/// A configuration as the console shows it.
struct BlottingTests {
    @Test func aSecretIsBlottedOutAndAPlaceholderForOneStays() {
        #expect(SecretText.blotted("s3cr3t") == "•••")
        #expect(SecretText.blotted("${env:SECRET}") == "${env:SECRET}")
        #expect(SecretText.blotted("Bearer ${env:TOKEN}") == "Bearer ${env:TOKEN}")
        #expect(SecretText.blotted("Bearer abc") == "Bearer •••")
        #expect(SecretText.blotted("whsec_abc") == "whsec_•••")
        #expect(SecretText.blotted("") == "")
    }

    @Test func aURLKeepsItsPlaceAndLosesWhoMayGoThere() {
        #expect(
            SecretText.withoutCredentials("https://u:p@h.example/a?key=1&x=${env:Y}&z")
                == "https://h.example/a?key=•••&x=${env:Y}&z")
        #expect(SecretText.withoutCredentials("https://h.example/a") == "https://h.example/a")
        #expect(SecretText.withoutCredentials("no URL?a=b") == "no URL?a=b")
    }

    @Test func nothingSecretIsLeftInTheWholeText() {
        var configuration = Configuration()
        configuration.text = Array(
            """
            {"admin_token": "S1", "sources": {"a": {"path": "/a", "verify": {"scheme": "hmac", "secret": ["S2", "S3"]}}},
             "targets": {"t": {"http": {"url": "https://S4:S5@h/?k=S6", "headers": {"x-key": "S7", "accept": "text/plain"},
             "sign": {"secret": "whsec_S8"}, "oauth2": {"client_secret": "S9"}}},
             "c": {"command": {"argv": ["x"], "env": {"A": "S0"}}}}, "routes": []}
            """.utf8)
        var writer = JSONWriter()
        configuration.writeBlotted(to: &writer)
        for digit in 0...9 { #expect(!writer.text.contains("S\(digit)"), "S\(digit) in \(writer.text)") }
        for kept in ["text/plain", "\"scheme\":\"hmac\"", "https://h/"] {
            #expect(writer.text.contains(kept), "\(kept)")
        }
    }
}
