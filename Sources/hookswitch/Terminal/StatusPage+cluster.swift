import CPlatform
import EventJSON

/// The relays and the brokers of a cluster, where the answer is one of `GET /api/v1/cluster`.
extension StatusPage {
    func cluster(on terminal: Terminal) -> String {
        guard let relays = root[key: "relays"]?.array else { return "" }
        let now = hs_wall_ms()
        var table = Table(
            ["RELAY", "STATE", "LAST SEEN", "SINCE", "VERSION", "IN FLIGHT", "ACCEPTED", "BROKER"], keeping: ["RELAY"])
        for relay in relays {
            let state = relay[key: "state"]?.string ?? ""
            table.add([
                .init(relay[key: "relay"]?.string ?? "", .strong), .init(state, state == "running" ? .good : .bad),
                .init(LocalTime.described(relay[key: "last_seen"]?.string ?? "", now: now)),
                .init(LocalTime.described(relay[key: "since"]?.string ?? "", now: now)),
                .init(relay[key: "version"]?.string ?? ""),
                .init(relay[key: "in_flight"].map(\.plainText) ?? ""),
                .init(relay[key: "door"]?[key: "accepted"].map(\.plainText) ?? ""),
                .init(relay[key: "broker"]?[key: "name"]?.string ?? ""),
            ])
        }
        let shown = table.text(on: terminal)
        table = Table(["BROKER", "ROLE", "STATE", "LAG", "VERSION", "RELAYS"], keeping: ["BROKER"])
        for broker in root[key: "brokers"]?.array ?? [] {
            let state = broker[key: "state"]?.string ?? ""
            table.add([
                .init(broker[key: "name"]?.string ?? "", .strong), .init(broker[key: "role"]?.string ?? ""),
                .init(state, state == "current" ? .good : .bad), .init(broker[key: "lag"].map(\.plainText) ?? ""),
                .init(broker[key: "version"]?.string ?? ""),
                .init((broker[key: "relays"]?.array ?? []).compactMap(\.string).joined(separator: ", ")),
            ])
        }
        return "\n\(shown)\n\(table.text(on: terminal))"
    }
}
