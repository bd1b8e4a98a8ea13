import EventJSON

/// What a configuration says, part by part, in so far as it can be told from another one: prints of its values instead of
/// the values, which are big where there are 100,000 routes, and secret here and there.
struct ConfigurationOutline: Sendable, Equatable {
    /// Sources or targets: by name, each key's print.
    typealias Named = [String: [String: Int]]

    private var settings: [String: Int] = [:]
    private var sources: Named = [:]
    private var targets: Named = [:]
    private var routes: [String: Int] = [:]
    private var order: [String] = []

    init() {}

    /// The outline of a document. Remarks (`description`) are left out: they change nothing.
    init(_ document: JSONDocument) {
        for member in document.root.members ?? [] {
            switch member.key {
            case "sources": sources = ConfigurationOutline.named(member.value)
            case "targets": targets = ConfigurationOutline.named(member.value)
            case "routes":
                for route in member.value.array ?? [] {
                    guard let name = route[key: "name"]?.string else { continue }
                    routes[name] = ConfigurationOutline.print(of: route)
                    order.append(name)
                }
            case "description", "$schema": break
            default: settings[member.key] = ConfigurationOutline.print(of: member.value)
            }
        }
    }

    /// What another configuration has otherwise.
    func changes(to new: ConfigurationOutline) -> [ConfigurationChange] {
        var changes = ConfigurationOutline.keys(settings, new.settings).map {
            ConfigurationChange(kind: .changed, noun: "key", name: $0)
        }
        changes += ConfigurationOutline.changes("source", from: sources, to: new.sources)
        changes += ConfigurationOutline.changes("target", from: targets, to: new.targets)
        for name in order where new.routes[name] == nil {
            changes.append(ConfigurationChange(kind: .removed, noun: "route", name: name))
        }
        for name in new.order {
            guard let before = routes[name] else {
                changes.append(ConfigurationChange(kind: .added, noun: "route", name: name))
                continue
            }
            if before != new.routes[name] {
                changes.append(ConfigurationChange(kind: .changed, noun: "route", name: name))
            }
        }
        if order.filter({ new.routes[$0] != nil }) != new.order.filter({ routes[$0] != nil }) {
            changes.append(ConfigurationChange(kind: .changed, noun: "key", name: "routes", keys: ["order"]))
        }
        return changes
    }

    private static func changes(_ noun: String, from old: Named, to new: Named) -> [ConfigurationChange] {
        Set(old.keys).union(new.keys).sorted().compactMap { name in
            guard let before = old[name] else { return ConfigurationChange(kind: .added, noun: noun, name: name) }
            guard let after = new[name] else { return ConfigurationChange(kind: .removed, noun: noun, name: name) }
            let keys = keys(before, after)
            return keys.isEmpty ? nil : ConfigurationChange(kind: .changed, noun: noun, name: name, keys: keys)
        }
    }

    private static func keys(_ old: [String: Int], _ new: [String: Int]) -> [String] {
        Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.sorted()
    }

    private static func named(_ value: JSONValue) -> Named {
        var named: Named = [:]
        for member in value.members ?? [] {
            var keys: [String: Int] = [:]
            for part in member.value.members ?? [] where part.key != "description" {
                keys[part.key] = print(of: part.value)
            }
            named[member.key] = keys
        }
        return named
    }

    /// A number that equal values share and others hardly ever; the order of an object's members does not matter.
    private static func print(of value: JSONValue) -> Int {
        var hasher = Hasher()
        switch value.content {
        case .null: hasher.combine(0)
        case .bool(let flag): hasher.combine(flag)
        case .number(let text):
            hasher.combine(1)
            hasher.combine(text)
        case .string(let text): hasher.combine(text)
        case .array(let elements):
            hasher.combine(elements.count)
            for element in elements { hasher.combine(print(of: element)) }
        case .object(let members):
            var sum = 0
            for member in members where member.key != "description" {
                var inner = Hasher()
                inner.combine(member.key)
                inner.combine(print(of: member.value))
                sum &+= inner.finalize()
            }
            hasher.combine(sum)
        }
        return hasher.finalize()
    }
}
