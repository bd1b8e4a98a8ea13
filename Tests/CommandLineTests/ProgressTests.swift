import Testing

@testable import hookswitch

/// The line that says how far something is.
struct ProgressTests {
    @Test func itSaysHowFarAtWhatRateAndHowLongItTakes() {
        #expect(
            Progress.line("retrying", 1200, of: 5000, "deliveries", elapsed: 1.5)
                == "retrying 1,200 of 5,000 deliveries (24 %), 800/s, 5 s left")
        #expect(Progress.line("verifying", 3, of: nil, "records", elapsed: 2) == "verifying 3 records, 1.5/s")
    }

    @Test func withNothingDoneYetItPromisesNothing() {
        #expect(
            Progress.line("retrying", 0, of: 5000, "deliveries", elapsed: 9) == "retrying 0 of 5,000 deliveries (0 %)")
        #expect(Progress.line("retrying", 0, of: 0, "deliveries", elapsed: 0) == "retrying 0 of 0 deliveries (100 %)")
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000")])
    func thousandsStandApart(_ number: Int, _ text: String) {
        #expect(Progress.grouped(number) == text)
    }
}
