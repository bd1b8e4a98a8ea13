import Delivery
import EventJSON
import HTTPServer
import Spool

/// Reads `targets`.
extension ConfigurationReader {
    /// Reads one target. `nil` if it is of no kind that could be used.
    func target(_ name: String, _ place: Place) -> TargetSettings? {
        let kinds = place.value.members?.filter { ["http", "file", "command"].contains($0.key) } ?? []
        if place.value.members != nil && kinds.count != 1 {
            error(
                kinds.isEmpty ? "a target needs one of `http`, `file` and `command`" : "a target is of one kind only",
                at: kinds.last?.keyOffset ?? place.value.offset, place.path,
                hint: "for example \"http\": { \"url\": \"https://crm.example.com/hooks\" }")
        }
        var settings: TargetSettings?
        func kind(_ kind: TargetSettings.Kind?) {
            guard let kind, settings == nil else { return }
            settings = TargetSettings(name: name, queue: QueueID(rawValue: 0), kind: kind)
        }
        var policy = RetryPolicy()
        var changes: [(inout TargetSettings) -> Void] = []
        object(
            place,
            [
                ("http", { kind(self.http($0)) }),
                ("file", { kind(self.file($0)) }),
                ("command", { kind(self.command($0)) }),
                (
                    "timeout",
                    { place in
                        if let value = self.duration(place, atLeast: .milliseconds(1)) {
                            changes.append { $0.timeout = value }
                        }
                    }
                ),
                (
                    "rate",
                    { place in
                        if let value = self.rate(place) { changes.append { $0.rate = value } }
                    }
                ),
                (
                    "order",
                    { place in
                        if let value = self.path(place) { changes.append { $0.order = value } }
                    }
                ),
                (
                    "retry",
                    { place in
                        var finalExits: Set<Int32> = []
                        policy = self.retry(place, finalExits: &finalExits)
                        if !finalExits.isEmpty {
                            changes.append {
                                if case .command(var command) = $0.kind {
                                    command.finalExits = finalExits
                                    $0.kind = .command(command)
                                }
                            }
                        }
                    }
                ),
                (
                    "breaker",
                    { place in
                        let value = self.breaker(place)
                        changes.append { $0.breaker = value }
                    }
                ),
                (
                    "body",
                    { place in
                        if let value = self.jsonTemplate(place) { changes.append { $0.body = value } }
                    }
                ),
                (
                    "format",
                    { place in
                        if let value = self.choice(place, EventFormat.self) { changes.append { $0.format = value } }
                    }
                ),
                (
                    "batch",
                    { place in
                        let value = self.batch(place)
                        changes.append { $0.batch = value }
                    }
                ),
                (
                    "paused",
                    { place in
                        if let value = self.bool(place) { changes.append { $0.paused = value } }
                    }
                ),
            ] + paceKeys(of: place) { changes.append($0) })
        settings?.retry = policy
        if var made = settings {
            if case .command(let command) = made.kind, command.isStream {
                made.concurrency = TargetSettings.streamConcurrency
            }
            for change in changes { change(&made) }
            checkShape(of: made, place)
            settings = made
        }
        return settings
    }

    func rate(_ place: Place) -> Rate? {
        guard let text = string(place) else { return nil }
        if let rate = Units.rate(text) { return rate }
        error("\"\(text)\" is no rate", at: place.value.offset, place.path, hint: Units.rateHint)
        return nil
    }

    func path(_ place: Place) -> EventPath? {
        guard let text = string(place) else { return nil }
        let path = EventPath(text)
        guard !path.keys.contains("") else {
            error(
                "\"\(text)\" is no path", at: place.value.offset, place.path,
                hint: "write it like \"data.voucher.code\"")
            return nil
        }
        return path
    }

    private func breaker(_ place: Place) -> BreakerSettings {
        var settings = BreakerSettings()
        object(
            place,
            [
                ("after", { settings.after = self.integer($0, 0...1_000_000) ?? settings.after }),
                ("probe", { settings.probe = self.duration($0, atLeast: .milliseconds(10)) ?? settings.probe }),
            ])
        return settings
    }

    private func retry(_ place: Place, finalExits: inout Set<Int32>) -> RetryPolicy {
        var policy = RetryPolicy()
        var first = Duration.seconds(1)
        var factor = 2.0
        var max = Duration.seconds(3600)
        var isNamed = false
        var exits: Set<Int32> = []
        object(
            place,
            [
                ("first", { first = self.duration($0, atLeast: .milliseconds(1)) ?? first }),
                ("factor", { factor = self.number($0, 1...1000) ?? factor }),
                ("max", { max = self.duration($0, atLeast: .milliseconds(1)) ?? max }),
                ("for", { policy.deadline = self.duration($0) ?? policy.deadline }),
                ("attempts", { policy.attempts = self.integer($0, 1...1_000_000) }),
                ("on", { policy.retriedStatuses = self.statuses($0) }),
                (
                    "final",
                    { given in
                        policy.finalStatuses = self.statuses(given)
                        self.refuseStatuses(of: given, thatAreAlsoIn: place.value[key: "on"])
                    }
                ),
                (
                    "final_exits",
                    { place in
                        for element in self.array(place) ?? [] {
                            if let exit = self.integer(element, 1...255) { exits.insert(Int32(exit)) }
                        }
                    }
                ),
                (
                    "schedule",
                    { place in
                        guard let text = self.string(place) else { return }
                        if text == "voucherify" {
                            isNamed = true
                        } else {
                            self.error(
                                "there is no schedule \"\(text)\"", at: place.value.offset, place.path,
                                hint: "the one with a name is \"voucherify\"; or give first, factor, max and for")
                        }
                    }
                ),
            ])
        if isNamed {
            for key in ["first", "factor", "max"] {
                guard let value = place.value[key: key] else { continue }
                error(
                    "the schedule \"voucherify\" has its own waits", at: value.offset, "\(place.path).\(key)",
                    hint: "take `\(key)` out, or `schedule`")
            }
        }
        finalExits = exits
        policy.schedule = isNamed ? .voucherify : .exponential(first: first, factor: factor, max: max)
        if isNamed { policy.deadline = Swift.max(policy.deadline, .seconds(25 * 3600)) }
        return policy
    }

    /// A status can't be tried again and final. One that stands beside its class is no contradiction: it is the exception.
    private func refuseStatuses(of final: Place, thatAreAlsoIn on: JSONValue?) {
        let tried = Set(on?.array?.compactMap(\.string) ?? [])
        for element in final.value.array ?? [] {
            guard let text = element.string, tried.contains(text) else { continue }
            error(
                "\"\(text)\" is both tried again (`on`) and final", at: element.offset, final.path,
                hint: "leave it in one of the two")
        }
    }

    private func statuses(_ place: Place) -> StatusSet {
        var set = StatusSet()
        for (text, element) in strings(place) {
            if text.count == 3, text.hasSuffix("xx"), let hundred = Int(text.prefix(1)), (3...5).contains(hundred) {
                set.classes.insert(hundred)
            } else if let status = Int(text), (300...599).contains(status) {
                set.statuses.insert(status)
            } else {
                error(
                    "\"\(text)\" is no status that could be moved", at: element.value.offset, element.path,
                    hint: "write \"404\", or \"5xx\" for all of them")
            }
        }
        return set
    }

    private func jsonTemplate(_ place: Place) -> JSONTemplate? {
        node(place).map(JSONTemplate.init)
    }

    private func node(_ place: Place) -> JSONTemplate.Node? {
        switch place.value.content {
        case .object(let members):
            var nodes: [(key: String, value: JSONTemplate.Node)] = []
            for member in members {
                guard let value = node(Place(value: member.value, path: "\(place.path).\(member.key)")) else {
                    return nil
                }
                nodes.append((member.key, value))
            }
            return .object(nodes)
        case .array:
            let nodes = (array(place) ?? []).map(node)
            return nodes.contains { $0 == nil } ? nil : .array(nodes.compactMap { $0 })
        case .string: return template(place).map { .template($0) }
        case .number(let text): return .literal(Array(text.utf8))
        case .bool(let flag): return .literal(Array("\(flag)".utf8))
        case .null: return .literal(Array("null".utf8))
        }
    }
}
