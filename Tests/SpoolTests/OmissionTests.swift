import Testing

/// The simulation finds each step that is left out, within a few hundred seeds. The seeds that do stand in the documentation.
struct OmissionTests {
    private static let seeds: UInt64 = 2000

    private func failure(seed: UInt64, without omission: Omission?) -> String? {
        var simulation = CrashSimulation(seed: seed, faults: seed % 2 == 1, without: omission)
        simulation.run(flippingABit: omission == .checksum)
        return simulation.failures.first
    }

    @Test(arguments: Omission.allCases)
    func aStepThatIsLeftOutIsFound(omission: Omission) async {
        for seed in 0..<OmissionTests.seeds {
            if let failure = failure(seed: seed, without: omission) {
                #expect(self.failure(seed: seed, without: nil) == nil, "seed \(seed) fails by itself")
                return print("without \(omission.rawValue): seed \(seed) finds: \(failure)")
            }
            await Task.yield()
        }
        Issue.record("\(OmissionTests.seeds) seeds do not miss the \(omission.rawValue)")
    }
}
