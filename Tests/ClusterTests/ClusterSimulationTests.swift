import Testing

import class Foundation.ProcessInfo

@testable import Cluster

/// A failing run prints its seed: `ClusterSimulation(seed: N).run()` repeats it. `CLUSTER_SEEDS` sets how many each quarter takes.
struct ClusterSimulationTests {
    private static let seeds = ProcessInfo.processInfo.environment["CLUSTER_SEEDS"].flatMap(UInt64.init) ?? 250

    @Test(arguments: [0, 1, 2, 3])
    func whateverGoesWrongWhatWasAcknowledgedIsDeliveredOrGivenUpForAllToSee(quarter: UInt64) async {
        for seed in quarter * ClusterSimulationTests.seeds..<(quarter + 1) * ClusterSimulationTests.seeds {
            let simulation = ClusterSimulation(seed: seed)
            simulation.run()
            let report = "seed \(seed): \(simulation.failures.joined(separator: "; "))"
            #expect(simulation.failures.isEmpty, Comment(rawValue: report))
            if !simulation.failures.isEmpty { return }
            await Task.yield()
        }
    }

    @Test(arguments: ClusterOmission.allCases)
    func aStepThatIsLeftOutIsFound(omission: ClusterOmission) async {
        for seed in 0..<2_000 as Range<UInt64> {
            let simulation = ClusterSimulation(seed: seed, without: omission)
            simulation.run()
            if let failure = simulation.failures.first {
                print("without \"\(omission.rawValue)\": seed \(seed), \(failure)")
                return
            }
            await Task.yield()
        }
        Issue.record("nobody noticed that it is left out: \(omission.rawValue)")
    }
}
