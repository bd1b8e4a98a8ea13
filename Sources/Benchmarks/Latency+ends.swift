import CPlatform
import Foundation
import Relay
import Synchronization

/// The two ends of the latency's measure, with blocking sockets: at a thousand events a second they are idle mostly.
extension Latency {
    /// When each event was answered 202, and when it was received, in nanoseconds.
    final class Times: Sendable {
        let count: Int
        private let moments: Mutex<(accepted: [Int64], received: [Int64])>

        init(count: Int) {
            self.count = count
            moments = Mutex(([Int64](repeating: 0, count: count), [Int64](repeating: 0, count: count)))
        }

        func accepted(_ number: Int) {
            let now = hs_monotonic_ns()
            moments.withLock { $0.accepted[number] = now }
        }

        func received(_ number: Int) {
            let now = hs_monotonic_ns()
            moments.withLock { if $0.received[number] == 0 { $0.received[number] = now } }
        }

        /// Waits for all; the time from 202 to receipt of each, in milliseconds, sorted. Received before its 202 counts as 0.
        func latencies() throws -> [Double] {
            let deadline = Date().addingTimeInterval(30)
            while Date() < deadline {
                let (accepted, received) = moments.withLock { $0 }
                if !accepted.contains(0) && !received.contains(0) {
                    return zip(accepted, received).map { Double(max(0, $1 - $0)) / 1e6 }.sorted()
                }
                usleep(10_000)
            }
            throw BenchmarkFault("events are missing")
        }
    }

    /// Posts events over one connection, each at its time.
    struct Sender {
        let port: UInt16
        let source: SourceConfiguration

        func send(_ numbers: StrideTo<Int>, from start: Int64, perSecond: Int, _ times: Times) {
            let connection = Port.connected(port)
            defer { close(connection) }
            var answer = [UInt8](repeating: 0, count: 4096)
            for number in numbers {
                let body = Workplace.event(project: "n-\(number)-")
                var head = "POST /voucherify HTTP/1.1\r\nhost: relay\r\ncontent-length: \(body.count)\r\n"
                for header in source.signatureHeaders(for: body, now: 0) {
                    head += "\(header.name): \(header.value)\r\n"
                }
                let request = Array((head + "\r\n").utf8) + body
                let due = start + Int64(number) * 1_000_000_000 / Int64(perSecond)
                let wait = due - hs_monotonic_ns()
                if wait > 0 { usleep(UInt32(wait / 1000)) }
                guard Foundation.send(connection, request, request.count, Int32(MSG_NOSIGNAL)) == request.count,
                    recv(connection, &answer, answer.count, 0) > 0
                else { return }
                times.accepted(number)
            }
        }
    }

    /// Answers 200 to whatever comes, and notes which event it was.
    struct Receiver {
        private let listener: Int32
        private let times: Times

        init(port: UInt16, _ times: Times) throws {
            self.times = times
            listener = Port.listening(port)
            guard listener >= 0 else { throw BenchmarkFault("port \(port) is taken") }
        }

        func start() {
            Thread.detachNewThread { [listener, times] in
                while true {
                    let connection = accept(listener, nil, nil)
                    guard connection >= 0 else { return }
                    Thread.detachNewThread { Receiver.serve(connection, times) }
                }
            }
        }

        private static func serve(_ connection: Int32, _ times: Times) {
            var on: Int32 = 1
            setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            let mark = Array("\"project_id\":\"n-".utf8)
            let answer = Array("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".utf8)
            var unread: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = recv(connection, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                unread += buffer[..<count]
                // One request at a time on a connection; its last byte is its JSON's end.
                guard unread.last == UInt8(ascii: "}"), let place = unread.firstRange(of: mark) else { continue }
                let digits = unread[place.upperBound...].prefix { $0 != UInt8(ascii: "-") }
                if let number = Int(String(decoding: digits, as: UTF8.self)) { times.received(number) }
                unread.removeAll(keepingCapacity: true)
                guard Foundation.send(connection, answer, answer.count, Int32(MSG_NOSIGNAL)) > 0 else { break }
            }
            close(connection)
        }
    }
}
