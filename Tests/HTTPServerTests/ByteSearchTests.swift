import Testing

@testable import HTTPServer

struct ByteSearchTests {
    @Test func theFirstPlaceInARangeIsFound() {
        Array("abcabc".utf8).withUnsafeBytes { bytes in
            #expect(ByteSearch.first(0x62, in: bytes, from: 0) == 1)
            #expect(ByteSearch.first(0x62, in: bytes, from: 2) == 4)
            #expect(ByteSearch.first(0x62, in: bytes, 2..<4) == nil)
            #expect(ByteSearch.first(0x62, in: bytes, from: 6) == nil)
        }
    }

    @Test func nothingIsFoundInNothing() {
        #expect(ByteSearch.first(0, in: UnsafeRawBufferPointer(start: nil, count: 0), from: 0) == nil)
    }
}
