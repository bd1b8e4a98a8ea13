import Delivery
import EventJSON

/// Reads how fast a target is asked, and who hears of its failures.
extension ConfigurationReader {
    /// The keys with what reads them; each gives its change of the settings to `change`.
    func paceKeys(
        of target: Place, _ change: @escaping (@escaping (inout TargetSettings) -> Void) -> Void
    ) -> [(String, (Place) -> Void)] {
        [
            (
                "concurrency",
                { place in
                    guard place.value.string == "auto" else {
                        if let value = self.integer(place, 1...10_000) { change { $0.concurrency = value } }
                        return
                    }
                    if target.value[key: "file"] != nil {
                        self.error(
                            "a file is written by one at a time", at: place.value.offset, place.path,
                            hint: "leave `concurrency` out")
                    }
                    change { $0.adaptsConcurrency = true }
                }
            ),
            (
                "burst",
                { place in
                    if target.value[key: "rate"] == nil {
                        self.error("`burst` goes with a `rate`", at: place.value.offset, place.path)
                    }
                    if let value = self.integer(place, 1...1_000_000) { change { $0.burst = value } }
                }
            ),
            (
                "on_failure",
                { place in
                    let names = self.targets(named: place)
                    change { $0.onFailure = names }
                }
            ),
        ]
    }
}
