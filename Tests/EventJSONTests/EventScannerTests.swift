import Testing

@testable import EventJSON

struct EventScannerTests {
    /// What is found in a body, as text: each field as `path=bytes`, with its trail as `array/element` from the outside in.
    private struct Scan {
        var scanner: EventScanner
        private let bytes: [UInt8]
        private let paths: [EventPath]

        init(_ text: String, for paths: String...) throws {
            bytes = Array(text.utf8)
            self.paths = paths.map { EventPath($0) }
            var set = PathSet()
            for path in self.paths { _ = set.insert(path) }
            scanner = EventScanner(set)
            try bytes.withUnsafeBytes { try scanner.scan($0) }
        }

        var fields: [String] {
            scanner.fields.map { "\(paths[$0.path])=\(text($0.value))\(trail($0.trail))" }
        }

        func first(_ path: Int = 0) -> String? { scanner.first(path).map(text) }

        private func text(_ value: FoundValue) -> String { String(decoding: bytes[value.range], as: UTF8.self) }

        private func trail(_ index: Int) -> String {
            guard index >= 0 else { return "" }
            let trail = scanner.trails[index]
            return self.trail(trail.parent) + " \(trail.array)/\(trail.element)"
        }
    }

    @Test func aValueIsFoundWithItsKindAndItsBytes() throws {
        let texts: [(String, ValueKind, String)] = [
            ("\"x\"", .string, "x"), ("-1.5e3", .number, "-1.5e3"), ("true", .true, "true"), ("false", .false, "false"),
            ("null", .null, "null"), ("{ \"b\" : 1 }", .object, "{ \"b\" : 1 }"), ("\"\"", .string, ""),
        ]
        for (text, kind, bytes) in texts {
            let scan = try Scan("{ \"z\": [1], \"a\" : \(text) }", for: "a")
            #expect(scan.scanner.first(0)?.kind == kind)
            #expect(scan.first() == bytes)
            #expect(scan.scanner.rootKind == .object)
        }
    }

    @Test func pathsLeadThroughObjects() throws {
        let scan = try Scan(#"{"a":{"b":{"c":1},"c":2},"b":3,"c":4}"#, for: "a.b.c", "c", "a.c", "b.c")
        #expect(scan.fields == ["a.b.c=1", "a.c=2", "c=4"])
        #expect(scan.scanner.first(3) == nil)
    }

    @Test func aContainerComesBehindWhatStandsInIt() throws {
        let scan = try Scan(#"{"a":{"b":1}}"#, for: "a", "a.b")
        #expect(scan.fields == ["a.b=1", #"a={"b":1}"#])
    }

    @Test func keysMustBeTheSameByteForByte() throws {
        let scan = try Scan("{\"A\":1,\"aa\":2,\"\":3,\"a\\u0000\":4,\"e\u{301}\":5}", for: "a", "\u{E9}", "e\u{301}")
        #expect(scan.fields == ["e\u{301}=5"])
    }

    @Test func anEmptyKeyIsAKey() throws {
        #expect(try Scan(#"{"":{"a":1}}"#, for: ".a").first() == "1")
    }

    @Test func escapedKeysAreFound() throws {
        let scan = try Scan(#"{"\u0061":{"\u00e9\"":1},"\/":2,"\ud800":3}"#, for: "a.é\"", "/")
        #expect(scan.fields == ["a.é\"=1", "/=2"])
    }

    @Test func escapesInAValueAreTold() throws {
        #expect(try Scan(#"{"a":"x\n"}"#, for: "a").scanner.first(0)?.hasEscapes == true)
        #expect(try Scan(#"{"\u0061":"x"}"#, for: "a").scanner.first(0)?.hasEscapes == false)
    }

    @Test func theFirstOfDuplicateKeysWinsAndAllAreFound() throws {
        let scan = try Scan(#"{"a":{"b":1,"b":2},"a":3,"\u0061":{"b":4}}"#, for: "a.b", "a")
        #expect(scan.first(0) == "1")
        #expect(scan.first(1) == #"{"b":1,"b":2}"#)
        #expect(scan.fields.count == 6)
    }

    @Test func arraysArePassedThroughAndLeaveTheirTrail() throws {
        let scan = try Scan(#"{"a":[{"b":1},{"c":2},[{"b":[3,4]}]]}"#, for: "a.b", "a.c")
        #expect(scan.fields == ["a.b=1 0/0", "a.c=2 0/1", "a.b=3 0/2 1/0", "a.b=4 0/2 1/0", "a.b=[3,4] 0/2 1/0"])
        #expect(scan.first() == "1")
    }

    @Test func anArrayThatOnePathAloneLeadsThroughLeavesNoTrail() throws {
        let scan = try Scan(#"{"a":[{"b":1},{"b":[2]}]}"#, for: "a.b")
        #expect(scan.fields == ["a.b=1", "a.b=2", "a.b=[2]"])
        #expect(scan.scanner.trails.isEmpty)
    }

    @Test(arguments: 1...24) func aDotIsSeenWhereverItStandsInAKey(place: Int) throws {
        let first = String(repeating: "k", count: place)
        let text = "{\"\(first).rest-of-it\":1,\"\(first)/rest-of-it\":2}"
        #expect(try Scan(text, for: "\(first).rest-of-it").fields == ["\(first).rest-of-it=1"])
    }

    @Test func aKeyWithDotsStandsForTheObjectsItAbbreviates() throws {
        let scan = try Scan(#"{"a.b":{"c":1},"a":{"b.c":2},"a.b.c":3,"a..b":4,".":5,"a.":6}"#, for: "a.b.c", "a", "a.")
        #expect(scan.fields == ["a.b.c=1", "a.b.c=2", #"a={"b.c":2}"#, "a.b.c=3", "a.=6"])
    }

    @Test func twoArraysAreToldApart() throws {
        let scan = try Scan(#"{"a":[{"c":1}],"z":[[0],[]],"b":[{"c":2}]}"#, for: "a.c", "a.d", "b.c", "b.d")
        #expect(scan.fields.count == 2)
        #expect(scan.fields[0] == "a.c=1 0/0")
        #expect(scan.scanner.trails[0].array != scan.scanner.trails[1].array)
    }

    @Test func anEmptyArrayIsFoundItself() throws {
        #expect(try Scan(#"{"a":[]}"#, for: "a").fields == ["a=[]"])
        #expect(try Scan(#"{"a":[]}"#, for: "a.b").fields == [])
    }

    @Test func valuesOnTheWayThatAreNoObjectsAreSkipped() throws {
        #expect(try Scan(#"{"a":1,"a":"x","a":null,"a":[1,[2]],"a":{"b":3}}"#, for: "a.b").fields == ["a.b=3"])
    }

    @Test func aRootThatIsNoObjectHasNoPaths() throws {
        let scan = try Scan(#"[{"a":1}]"#, for: "a")
        #expect(scan.fields.isEmpty)
        #expect(scan.scanner.rootKind == .array)
        #expect(try Scan("\"a\"", for: "a").scanner.rootKind == .string)
    }

    @Test func theNextBodyForgetsTheLast() throws {
        var scanner = try Scan(#"{"a":[1],"b":2}"#, for: "a", "b").scanner
        try Array(#"{"b":3}"#.utf8).withUnsafeBytes { try scanner.scan($0) }
        #expect(scanner.first(0) == nil)
        #expect(scanner.first(1)?.range == 5..<6)
        #expect(scanner.fields.count == 1)
        #expect(scanner.trails.isEmpty)
    }

    @Test func aBodyThatFailsLeavesNothingToTheNext() throws {
        var scanner = try Scan("{}", for: "a").scanner
        #expect(throws: JSONSyntaxError.self) { try Array(#"{"a":1,}"#.utf8).withUnsafeBytes { try scanner.scan($0) } }
        try Array("{}".utf8).withUnsafeBytes { try scanner.scan($0) }
        #expect(scanner.first(0) == nil)
        #expect(scanner.fields.isEmpty)
    }

    @Test func nothingIsScannedInNothing() {
        var scanner = EventScanner(PathSet())
        #expect(throws: JSONSyntaxError("the text is empty", at: 0)) {
            try scanner.scan(UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }

    @Test func whatIsNotWantedIsStillChecked() {
        for text in [#"{"z":[1,]}"#, #"{"a":1,"z":"\x"}"#, #"{"a":1}}"#, "{\"z\":\"\u{1}\"}"] {
            #expect(throws: JSONSyntaxError.self) { try Scan(text, for: "a") }
        }
    }
}
