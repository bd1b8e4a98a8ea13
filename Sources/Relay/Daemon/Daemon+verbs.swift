import Dispatch
import HTTPServer

extension Daemon {
    /// How soon the verbs' socket is tried again, in seconds.
    private static let socketPauseSeconds = 5

    /// Has the operators' loop listen for the verbs too. On a disk without room for the socket the relay runs without it, and tries again
    /// until there is some.
    /// - Throws: whatever else keeps the socket from being had.
    static func listenForVerbs(_ controls: LoopGroup, at socket: ListenerSettings, _ log: Log) throws(ListenError) {
        do throws(ListenError) { try controls.listen(also: socket) } catch {
            guard error.isForWantOfRoom else { throw error }
            log.write(
                .error, "the verbs' socket could not be made and is tried again; the operators' listener answers",
                ["reason": error.description])
            tryAgain(controls, at: socket, log)
        }
    }

    private static func tryAgain(_ controls: LoopGroup, at socket: ListenerSettings, _ log: Log) {
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(socketPauseSeconds)) { [weak controls] in
            guard let controls, !controls.occupancy.isStopping else { return }
            do throws(ListenError) {
                try controls.listen(also: socket)
                log.write(.info, "the verbs' socket is there")
            } catch {
                tryAgain(controls, at: socket, log)
            }
        }
    }
}
