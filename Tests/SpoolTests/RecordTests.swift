import CPlatform
import Testing

@testable import Spool

struct RecordTests {
    private let payload: [UInt8] = Array("an event".utf8) + [0, 1, 2]

    @Test func aRecordIsReadAsItWasWritten() {
        let bytes = Record.encode(.outcomes, generation: 7, sequence: 9, payload: payload)
        bytes.withUnsafeBytes { raw in
            let header = Record.header(raw, generation: 7)
            #expect(header?.kind == .outcomes)
            #expect(header?.sequence == 9)
            #expect(header?.length == payload.count)
            #expect(header?.size == bytes.count)
            #expect(Record.isIntact(raw, length: payload.count))
            #expect(Array(raw[Record.headerBytes..<Record.headerBytes + payload.count]) == payload)
        }
    }

    @Test(arguments: 0...17)
    func aRecordFillsWholeStepsOfEightBytes(length: Int) {
        let bytes = Record.encode(.event, generation: 1, sequence: 1, payload: Array(repeating: 1, count: length))
        #expect(bytes.count % 8 == 0)
        #expect(bytes.count == Record.paddedSize(payload: length))
        #expect(bytes.count - Record.headerBytes - length < 8)
    }

    /// However many stretches a checksum is put together from, it is CRC32C: by the polynomial, bit by bit.
    @Test func theChecksumIsCRC32COfAnyLengthFromAnyPlace() {
        var random = SeededRandom(seed: 3)
        let bytes = (0..<5000).map { _ in UInt8(random.below(256)) }
        func slowly(_ bytes: ArraySlice<UInt8>) -> UInt32 {
            var crc: UInt32 = .max
            for byte in bytes {
                crc ^= UInt32(byte)
                for _ in 0..<8 {
                    let rest = crc >> 1
                    crc = crc & 1 == 1 ? rest ^ 0x82F6_3B78 : rest
                }
            }
            return ~crc
        }
        for count in [0, 1, 7, 8, 63, 191, 192, 193, 384, 1535, 1536, 1537, 1728, 3071, 3072, 4993] {
            for start in 0..<8 {
                let part = bytes[start..<start + count]
                let crc = bytes.withUnsafeBytes { hs_crc32c(0, $0.baseAddress! + start, count) }
                #expect(crc == slowly(part), "\(count) bytes from \(start)")
                let half = count / 2
                let first = bytes.withUnsafeBytes { hs_crc32c(0, $0.baseAddress! + start, half) }
                let both = bytes.withUnsafeBytes { hs_crc32c(first, $0.baseAddress! + start + half, count - half) }
                #expect(both == crc, "\(count) bytes from \(start), in two steps")
            }
        }
        #expect(Array("123456789".utf8).withUnsafeBytes { hs_crc32c(0, $0.baseAddress, $0.count) } == 0xE306_9283)
    }

    @Test func everyFlippedBitIsNoticed() {
        let bytes = Record.encode(.event, generation: 1, sequence: 1, payload: payload)
        for bit in 0..<(Record.headerBytes + payload.count) * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            let isTaken = flipped.withUnsafeBytes { raw in
                guard let header = Record.header(raw, generation: 1) else { return false }
                guard Record.headerBytes + header.length <= raw.count else { return false }
                return Record.isIntact(raw, length: header.length)
            }
            #expect(!isTaken, "bit \(bit)")
        }
    }

    @Test func aRecordOfAnotherFileIsNone() {
        let bytes = Record.encode(.event, generation: 1, sequence: 1, payload: payload)
        #expect(bytes.withUnsafeBytes { Record.header($0, generation: 2) } == nil)
    }

    @Test func anImpossibleLengthIsNotTrusted() {
        var bytes = Record.encode(.event, generation: 1, sequence: 1, payload: payload)
        bytes.replaceSubrange(8..<12, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(bytes.withUnsafeBytes { Record.header($0, generation: 1) } == nil)
    }

    @Test func aBodyThatIsWrittenFromElsewhereCountsInTheChecksum() {
        var split: [UInt8] = []
        _ = payload.withUnsafeBytes { body in
            Record.begin(.event, generation: 1, sequence: 1, body: body, into: &split) { $0 += [5, 6] }
        }
        split += payload
        let whole = Record.encode(.event, generation: 1, sequence: 1, payload: [5, 6] + payload)
        #expect(split == Array(whole[..<split.count]))
    }

    @Test func aReaderAnswersNothingPastTheEnd() {
        [UInt8](arrayLiteral: 1, 0, 9).withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            let numbers = [reader.number(UInt16.self), reader.number(UInt16.self)]
            #expect(numbers == [1, nil])
            let taken = [reader.take(2), reader.take(-1), reader.take(1)].map { $0.map(Array.init) }
            #expect(taken == [nil, nil, [9]])
            #expect(reader.isAtEnd)
        }
    }
}
