import EventPattern

extension ConfigurationReader {
    /// `routes`, in their order.
    func routes(_ place: Place, _ result: inout Configuration) {
        var seen: [String: Int] = [:]
        let sources = names(of: "sources")
        let targets = targetNames
        for element in array(place) ?? [] {
            var route = RouteConfiguration(name: "")
            var matchPlace: Place?
            object(
                element, required: ["name", "to"],
                [
                    (
                        "name",
                        { place in
                            guard let name = self.string(place) else { return }
                            if !ConfigurationReader.isName(name) {
                                self.error(
                                    "\"\(name)\" can't name a route", at: place.value.offset, place.path,
                                    hint: "names have 1 to 64 letters, digits, `-`, `_` or `.`")
                            }
                            if let first = seen[name] {
                                self.error(
                                    "there is already a route \"\(name)\", in line \(self.document.location(of: first).line)",
                                    at: place.value.offset,
                                    place.path, hint: "give each route a name of its own")
                            }
                            seen[name] = place.value.offset
                            route.name = name
                        }
                    ),
                    ("active", { route.active = self.bool($0) ?? true }),
                    ("from", { route.from = self.references($0, to: sources, "source") }),
                    (
                        "match",
                        { place in
                            let place = Place(value: self.taken(place), path: place.path)
                            matchPlace = place
                            route.match = self.pattern(place)
                        }
                    ),
                    ("to", { route.to = self.references($0, to: targets, "target") }),
                    ("final", { route.final = self.bool($0) ?? false }),
                ])
            if let matchPlace { checkTypes(matchPlace, route, result) }
            result.routes.append(route)
        }
    }

    private func pattern(_ place: Place) -> EventPattern? {
        if let pattern = try? EventPattern(place.value) { return patterns.shared(pattern) }
        for fault in EventPattern.faults(in: place.value) {
            let path = fault.path.isEmpty ? place.path : "\(place.path).\(fault.path)"
            error(fault.message, at: fault.offset, path, hint: fault.hint)
        }
        return nil
    }
}
