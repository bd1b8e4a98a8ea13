import Dispatch
import Glibc
import Synchronization

/// What file targets have in common: which file is whose, so that no two write to one, and the compression of files set
/// aside, one at a time on a queue of its own. May be used from any thread.
final class SharedFiles: Sendable {
    private let owners = Mutex<[String: String]>([:])
    private let waiting = Mutex<Set<String>>([])
    private let queue = DispatchQueue(label: "hookswitch.compress", qos: .utility)
    private let notify: @Sendable (DeliveryNotice) -> Void

    /// `notify` hears of files that can't be compressed; they stay as they are.
    init(notify: @escaping @Sendable (DeliveryNotice) -> Void = { _ in }) { self.notify = notify }

    /// Takes a file for a target; answers another target that has it.
    func claim(_ path: String, for target: String) -> String? {
        owners.withLock { owners in
            if let owner = owners[path], owner != target { return owner }
            owners[path] = target
            return nil
        }
    }

    /// Gives a file back.
    func release(_ path: String, of target: String) {
        owners.withLock { if $0[path] == target { $0[path] = nil } }
    }

    /// Replaces a file set aside by a compressed one, soon.
    func compress(_ path: String, of target: String) {
        guard waiting.withLock({ $0.insert(path).inserted }) else { return }
        queue.async { [self] in
            do throws(LineFile.Fault) { try Gzip.replace(path) } catch {
                complain("a file set aside could not be compressed and stays as it is: \(error.reason)", of: target)
            }
            waiting.withLock { _ = $0.remove(path) }
        }
    }

    /// Tells people of a fault that no attempt can be told of.
    func complain(_ message: String, of target: String) {
        notify(DeliveryNotice(level: .warning, target: target, message: message))
    }

    /// Compresses what an earlier run set aside of a file and did not come to.
    func compressLeftovers(of path: String, _ target: String) {
        for name in RotatingFile.setAside(path) { compress(name, of: target) }
    }

    /// Returns when what was asked for is compressed.
    func flush() { queue.sync {} }
}
