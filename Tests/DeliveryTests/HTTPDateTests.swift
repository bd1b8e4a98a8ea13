import Testing

@testable import Delivery

struct HTTPDateTests {
    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ]) func allThreeFormsAreRead(text: String) {
        #expect(HTTPDate.milliseconds(text) == 784_111_777_000)
    }

    @Test func leapDaysAndLeapSecondsAreDates() {
        #expect(HTTPDate.milliseconds("Thu, 29 Feb 2024 00:00:00 GMT") == 1_709_164_800_000)
        #expect(HTTPDate.milliseconds("Sat, 31 Dec 2016 23:59:60 GMT") == 1_483_228_800_000)
    }

    @Test func aYearOfTwoDigitsIsTheNearOne() {
        let late = HTTPDate.milliseconds("Thursday, 01-Jan-26 00:00:00 GMT")
        #expect(late == 1_767_225_600_000)
        #expect(HTTPDate.milliseconds("Thursday, 01-Jan-70 00:00:00 GMT") == 0)
    }

    @Test(arguments: [
        "", "GMT", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Non 1994 08:49:37 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov 99999 08:49:37 GMT",
        "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:x:49:37 GMT", "Sun, 06 Nov 1994 ::: GMT",
    ]) func anythingElseIsNoDate(text: String) {
        #expect(HTTPDate.milliseconds(text) == nil)
    }
}
