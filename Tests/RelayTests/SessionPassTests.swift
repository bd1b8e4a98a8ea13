import Testing

@testable import Relay

/// The pass that a browser carries.
struct SessionPassTests {
    private let token = Array("token".utf8)

    @Test func aPassIsValidUntilItsTimeIsOverAndForItsTokenAlone() {
        let pass = SessionPass.issue(token: token, now: 1000)
        let end = 1000 + SessionPass.lifetimeMilliseconds
        #expect(SessionPass.isValid(pass[...], token: token, now: 1000))
        #expect(SessionPass.isValid(pass[...], token: token, now: end - 1))
        #expect(!SessionPass.isValid(pass[...], token: token, now: end))
        #expect(!SessionPass.isValid(pass[...], token: Array("other".utf8), now: 1000))
    }

    @Test func whatIsNoPassIsNoPass() {
        for text in ["", ".", "1.2", "ffffffffffffffff.00", "-1.00", "1.2.3"] {
            #expect(!SessionPass.isValid(text[...], token: token, now: 0), "\(text)")
        }
    }

    @Test func aPassIsFoundAmongOtherCookies() {
        #expect(SessionPass.find(in: "a=b; hookswitch_session=x.y; c=d") == "x.y")
        #expect(SessionPass.find(in: "hookswitch_session_of_another=x") == nil)
        #expect(SessionPass.find(in: "") == nil)
    }
}
