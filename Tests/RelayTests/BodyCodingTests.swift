import CZlib
import Testing

@testable import HTTPServer
@testable import Relay

/// Bodies in gzip and zlib, and what only looks like them.
struct BodyCodingTests {
    /// What Python's `gzip.compress(b'{"a": 1}', mtime=0)` and `zlib.compress` make.
    static let gzipped: [UInt8] = [
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0xab, 0x56, 0x4a, 0x54, 0xb2, 0x52, 0x30, 0xac, 5, 0, 0x97, 0x8e, 0xa1,
        0xfb, 8,
        0, 0, 0,
    ]
    static let deflated: [UInt8] = [0x78, 0x9c, 0xab, 0x56, 0x4a, 0x54, 0xb2, 0x52, 0x30, 0xac, 5, 0, 9, 0xe5, 2, 0x29]
    static let plain = Array(#"{"a": 1}"#.utf8)

    /// The bytes decoded, or the status of the refusal.
    private func decode(
        _ bytes: [UInt8], _ coding: BodyCoding = .gzip, limit: Int = 1000, memory: DecodedMemory = DecodedMemory()
    ) -> Result<[UInt8], BodyCoding.Fault> {
        bytes.withUnsafeBytes { bytes in
            do throws(BodyCoding.Fault) {
                let body = try DecodedBody(bytes, coding, limitBytes: limit, memory: memory)
                return .success(withExtendedLifetime(body) { Array(body.bytes) })
            } catch {
                return .failure(error)
            }
        }
    }

    private func status(_ bytes: [UInt8], _ coding: BodyCoding = .gzip, limit: Int = 1000) -> Int {
        switch decode(bytes, coding, limit: limit) {
        case .success: 200
        case .failure(let fault): fault.response.status
        }
    }

    @Test func aBodyIsDecoded() throws {
        #expect(try decode(Self.gzipped).get() == Self.plain)
        #expect(try decode(Self.deflated, .deflate).get() == Self.plain)
        // Several members are one body (RFC 1952 §2.2).
        #expect(try decode(Self.gzipped + Self.gzipped).get() == Self.plain + Self.plain)
    }

    @Test func whatIsNotWholeOrNotThatCodingIsRefused() {
        for end in 0..<Self.gzipped.count { #expect(status(Array(Self.gzipped[..<end])) == 400, "\(end)") }
        for end in 0..<Self.deflated.count { #expect(status(Array(Self.deflated[..<end]), .deflate) == 400, "\(end)") }
        #expect(status(Self.gzipped + [0]) == 400)
        #expect(status(Self.deflated + [0], .deflate) == 400)
        #expect(status(Self.deflated) == 400)
        #expect(status(Self.gzipped, .deflate) == 400)
        #expect(status(Self.plain) == 400)
        // Raw deflate without zlib's frame, which some call deflate.
        #expect(status(Array(Self.deflated[2..<(Self.deflated.count - 4)]), .deflate) == 400)
        var damaged = Self.gzipped
        damaged[20] ^= 1
        #expect(status(damaged) == 400)
        #expect(status(Array(repeatElement(Self.gzipped, count: 16).joined())) == 200)
        #expect(status(Array(repeatElement(Self.gzipped, count: 17).joined())) == 400)
    }

    @Test func theLimitIsExact() {
        #expect(status(Self.gzipped, limit: Self.plain.count) == 200)
        #expect(status(Self.gzipped, limit: Self.plain.count - 1) == 413)
        #expect(status(Self.gzipped + Self.gzipped, limit: 2 * Self.plain.count - 1) == 413)
    }

    @Test func aBombIsStoppedAtTheLimit() {
        let memory = DecodedMemory()
        let bomb = gzip([UInt8](repeating: 0x20, count: 64 << 20))
        #expect(bomb.count < 100_000)
        guard case .failure(.tooLong(1_000_000)) = decode(bomb, limit: 1_000_000, memory: memory) else {
            Issue.record("it was decoded")
            return
        }
        #expect(memory.hold(DecodedMemory.limitBytes), "all was given back")
    }

    @Test func onlySoMuchIsHeldAtOnce() {
        let memory = DecodedMemory()
        #expect(memory.hold(DecodedMemory.limitBytes))
        guard case .failure(.full) = decode(Self.gzipped, memory: memory) else {
            Issue.record("there was room")
            return
        }
        memory.release(DecodedMemory.limitBytes)
        #expect(throws: Never.self) { try decode(Self.gzipped, memory: memory).get() }
    }

    @Test(arguments: [
        ("gzip", 200), ("X-GZip", 200), ("deflate", 200), ("identity", 200), ("", 200), ("br", 415),
        ("gzip, gzip", 415), ("zstd", 415),
        ("gzip;q=1", 415),
    ]) func aCodingIsKnownOrRefused(_ name: String, _ expected: Int) throws {
        try withRequest("", [("content-encoding", name)]) { request in
            do throws(BodyCoding.Fault) {
                _ = try BodyCoding.of(request.head)
                #expect(expected == 200)
            } catch {
                #expect(error.response.status == expected)
                #expect(error.response.headers.contains { $0.name == "accept-encoding" })
            }
        }
    }

    private func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var stream = hs_zlib_stream()
        _ = hs_gzip_open(&stream)
        defer { deflateEnd(&stream) }
        var out = [UInt8](repeating: 0, count: 1 << 20)
        return bytes.withUnsafeBufferPointer { input in
            out.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                _ = deflate(&stream, Int32(HS_ZLIB_FINISH))
                return Array(output[..<(output.count - Int(stream.avail_out))])
            }
        }
    }
}
