import Cluster
import Relay
import Spool

/// The events that the relays of a configuration keep, read without a daemon: on this machine's disk, or on the brokers.
enum StoredEvents {
    case directory(String)
    case cluster(ClusterReader)

    init(_ arguments: Arguments) throws(Failure) {
        let file = ConfigurationFile(arguments)
        guard file.isOnCluster else {
            self = .directory(try file.spoolPath())
            return
        }
        guard let settings = try file.usable().clusterInForce else {
            throw Failure(ExitCode.configuration, "the configuration names no cluster")
        }
        do throws(SpoolError) { self = .cluster(try ClusterReader(settings)) } catch {
            throw StoredEvents.failure(error)
        }
    }

    /// An event and how its deliveries stand; `nil` if it is not there.
    func event(_ number: EventNumber) throws(Failure) -> (event: StoredEvent, deliveries: [DeliveryStanding])? {
        do throws(SpoolError) {
            switch self {
            case .directory(let path): return try SpoolReader(path: path).event(number)
            case .cluster(let reader): return try reader.event(number)
            }
        } catch {
            throw StoredEvents.failure(error)
        }
    }

    /// Every event with how its deliveries stand, in order, until `take` answers `false`. What can't be read is told.
    func each(
        unreadable: (EventNumber, SpoolError) -> Void = { _, _ in },
        _ take: (StoredEvent, [DeliveryStanding]) -> Bool
    ) throws(Failure) {
        do throws(SpoolError) {
            switch self {
            case .directory(let path): try SpoolReader(path: path).events(unreadable: unreadable, take)
            case .cluster(let reader): try reader.events(unreadable: unreadable, take)
            }
        } catch {
            throw StoredEvents.failure(error)
        }
    }

    static func failure(_ error: SpoolError) -> Failure {
        guard case .elsewhere = error else { return Failure(ExitCode.file, error.described) }
        return Failure(
            ExitCode.unavailable, error.described, hint: "are the brokers there? `hookswitch check --live` asks them")
    }
}
