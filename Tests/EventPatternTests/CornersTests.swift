import Testing

@testable import EventPattern

/// The language's corners, as event-ruler 2.0 has them, beyond the cases of its answers in `Fixtures/patterns.jsonl`.
struct CornersTests {
    /// A pattern, an event, and whether it matches; `nil` where the pattern is refused.
    typealias Case = (pattern: String, event: String, matches: Bool?)

    private func check(_ one: Case) throws {
        guard let expected = one.matches else {
            #expect(throws: PatternError.self, "\(one.pattern)") { _ = try EventPattern(reading: one.pattern) }
            return
        }
        var rules = try Rules(one.pattern)
        #expect(try rules.matches(one.event) == (expected ? [0] : []), "\(one.pattern) and \(one.event)")
        #expect(try (rules.explanations(one.event)[0] == nil) == expected, "\(one.pattern) and \(one.event)")
    }

    @Test(arguments: [
        // A double holds it as it is written: one value, whatever the spelling.
        (#"{"a":[1e2]}"#, #"{"a":100.000}"#, true),
        (#"{"a":[0.1]}"#, #"{"a":1E-1}"#, true),
        (#"{"a":[9007199254740992]}"#, #"{"a":9.007199254740992e15}"#, true),
        (#"{"a":[0.30000000000000004]}"#, #"{"a":3.0000000000000004e-1}"#, true),
        (#"{"a":[100000000000000000000]}"#, #"{"a":1e20}"#, true),
        (#"{"a":[1.7976931348623157e308]}"#, #"{"a":17976931348623157e292}"#, true),
        (#"{"a":[0]}"#, #"{"a":0e999}"#, true),
        (#"{"a":[0]}"#, #"{"a":1e-400}"#, false),
        (#"{"a":[0.1]}"#, #"{"a":0.1000000000000000055511151231257827}"#, false),
        // None holds it: its own spelling, and no other.
        (#"{"a":[9007199254740993]}"#, #"{"a":9007199254740993}"#, true),
        (#"{"a":[9007199254740993]}"#, #"{"a":9007199254740992}"#, false),
        (#"{"a":[9007199254740993]}"#, #"{"a":9007199254740993.0}"#, false),
        (#"{"a":[12345678901234567890]}"#, #"{"a":12345678901234567891}"#, false),
        (#"{"a":[1e400]}"#, #"{"a":1e400}"#, true),
        (#"{"a":[1e400]}"#, #"{"a":10e399}"#, false),
        (#"{"a":[1e400]}"#, #"{"a":"1e400"}"#, false),
        // Where numbers are compared, they must be comparable.
        (#"{"a":[{"numeric":["=",9007199254740993]}]}"#, "", nil),
        (#"{"a":[{"numeric":["<",1e400]}]}"#, "", nil),
        (#"{"a":[{"numeric":[">",0,"<",12345678901234567890]}]}"#, "", nil),
        (#"{"a":[{"anything-but":9007199254740993}]}"#, "", nil),
        (#"{"a":[{"anything-but":[1,1e400]}]}"#, "", nil),
        (#"{"a":[{"numeric":[">",0]}]}"#, #"{"a":12345678901234567891}"#, false),
        (#"{"a":[{"numeric":["<",1e308]}]}"#, #"{"a":-1e308}"#, true),
        (#"{"a":[{"anything-but":[1,2]}]}"#, #"{"a":1e400}"#, true),
        (#"{"a":[{"anything-but":0}]}"#, #"{"a":-0.0}"#, false),
        (#"{"a":[{"numeric":[">=",5,"<=",5]}]}"#, "", nil),
        (#"{"a":[{"numeric":[">",1,">",2]}]}"#, "", nil),
        (#"{"a":[{"numeric":[">",1,"<"]}]}"#, "", nil),
        (#"{"a":[{"numeric":"=1"}]}"#, "", nil),
        (#"{"a":[{"numeric":["=",null]}]}"#, "", nil),
    ]) func numbersAreComparedAsFarAsADoubleHoldsThem(_ one: Case) throws { try check(one) }

    @Test(arguments: [
        // A block is its first bits, wherever in it the address lies that names it.
        (#"{"a":[{"cidr":"10.0.0.77/24"}]}"#, #"{"a":"10.0.0.1"}"#, true),
        (#"{"a":[{"cidr":"10.0.0.77/24"}]}"#, #"{"a":"10.0.1.1"}"#, false),
        (#"{"a":[{"cidr":"2001:db8::ffff/32"}]}"#, #"{"a":"2001:DB8:0:0:0:0:0:0"}"#, true),
        (#"{"a":[{"cidr":"0.0.0.0/0"}]}"#, #"{"a":"::1"}"#, false),
        (#"{"a":[{"cidr":"::/0"}]}"#, #"{"a":"fe80::1"}"#, true),
        (#"{"a":[{"cidr":"10.0.0.0/31"}]}"#, #"{"a":"10.0.0.1"}"#, true),
        (#"{"a":[{"cidr":"10.0.0.0/32"}]}"#, "", nil), (#"{"a":[{"cidr":"::1/128"}]}"#, "", nil),
        (#"{"a":[{"cidr":"10.0.0.0/-1"}]}"#, "", nil), (#"{"a":[{"cidr":"10.0.0/8"}]}"#, "", nil),
        (#"{"a":[{"cidr":"10.0.0.256/8"}]}"#, "", nil), (#"{"a":[{"cidr":"10.0.0.0/8/8"}]}"#, "", nil),
        (#"{"a":[{"cidr":"1::2::3/8"}]}"#, "", nil), (#"{"a":[{"cidr":"1:2:3/8"}]}"#, "", nil),
        (#"{"a":[{"cidr":"::ffff:10.0.0.0/8"}]}"#, "", nil), (#"{"a":[{"cidr":"/8"}]}"#, "", nil),
        // An IPv4 address in IPv6's clothes is an IPv4 one.
        (#"{"a":[{"cidr":"10.0.0.0/8"}]}"#, #"{"a":"::ffff:a00:1"}"#, true),
        (#"{"a":[{"cidr":"10.0.0.0/8"}]}"#, #"{"a":"010.000.0.1"}"#, true),
        (#"{"a":[{"cidr":"10.0.0.0/8"}]}"#, #"{"a":"10.1"}"#, false),
        (#"{"a":[{"cidr":"10.0.0.0/8"}]}"#, #"{"a":" 10.0.0.1"}"#, false),
        // An address equals each of its spellings; as something excluded it is a text.
        (#"{"a":["::1"]}"#, #"{"a":"0:0:0:0:0:0:0:1"}"#, true),
        (#"{"a":["10.0.0.255"]}"#, #"{"a":"10.0.0.255"}"#, true),
        (#"{"a":["10.0.0.255"]}"#, #"{"a":"10.0.0.254"}"#, false),
        (#"{"a":[{"exactly":"::1"}]}"#, #"{"a":"0:0:0:0:0:0:0:1"}"#, false),
        (#"{"a":[{"anything-but":"::1"}]}"#, #"{"a":"0:0:0:0:0:0:0:1"}"#, true),
        // Other conditions at the same place look at the text.
        (#"{"a":[{"cidr":"11.0.0.0/8"},{"prefix":"10."}]}"#, #"{"a":"10.1.2.3"}"#, true),
        (#"{"a":[{"cidr":"11.0.0.0/8"},{"anything-but":"10.1.2.3"}]}"#, #"{"a":"10.1.2.3"}"#, false),
        (#"{"a":[{"cidr":"10.0.0.0/8"},{"numeric":["=",1]}]}"#, #"{"a":"10.1.2.3"}"#, true),
    ]) func addressesAreComparedAsAddresses(_ one: Case) throws { try check(one) }

    @Test(arguments: [
        // A value that is itself an element belongs to no other of that array.
        (#"{"a":["x"],"a.b":["y"]}"#, #"{"a":["x",{"b":"y"}]}"#, true),
        (#"{"a":["x"],"a.b":["y"]}"#, #"{"a":[["x"],[{"b":"y"}]]}"#, false),
        (#"{"a":["x"],"a.b":["y"]}"#, #"{"a":[["x",{"b":"y"}]]}"#, true),
        // What is missing is missing beside the elements chosen for places of lower names.
        (#"{"a":{"b":["x"],"c":[{"exists":false}]}}"#, #"{"a":[{"b":"x"},{"b":"y","c":1}]}"#, true),
        (#"{"a":{"c":[{"exists":false}],"b":["x"]}}"#, #"{"a":[{"b":"x","c":1},{"b":"y"}]}"#, false),
        (#"{"a":{"b":[{"exists":false}],"c":["x"]}}"#, #"{"a":[{"c":"x"},{"b":1,"c":"y"}]}"#, false),
        (#"{"a":{"b":["x"],"c":[{"exists":false}]}}"#, #"{"a":[{"b":["x"]},{"c":1}]}"#, true),
        (#"{"a":{"b":["x"],"c":[{"exists":false}]}}"#, #"{"a":{"b":"x"},"d":[1]}"#, true),
        (
            #"{"a":{"b":["x"],"c":[{"exists":false}],"d":[1]}}"#, #"{"a":[{"b":"x","d":2},{"b":"x","d":1},{"c":0}]}"#,
            true
        ),
        (#"{"a":{"b":["x"],"c":[{"exists":false},2]}}"#, #"{"a":[{"b":"x"},{"b":"y","c":1}]}"#, true),
        (#"{"a":{"b":{"c":["x"]},"d":[2]}}"#, #"{"a":[{"b":[{"c":"x"}],"d":1},{"b":[{"c":"y"}],"d":2}]}"#, false),
        (#"{"a":{"b":{"c":[1],"d":[2]}}}"#, #"{"a":[{"b":[{"c":1},{"d":2}]},{"b":[{"c":1,"d":2}]}]}"#, true),
        (#"{"a":{"b":{"c":[1],"d":[2]}}}"#, #"{"a":[{"b":{"c":1}},{"b":{"d":2}}]}"#, false),
        (#"{"a":{"x":[1]},"b":{"y":[2]}}"#, #"{"a":[{"x":0},{"x":1}],"b":[{"y":2}]}"#, true),
    ]) func conditionsOnOneArrayAreConsistent(_ one: Case) throws { try check(one) }

    @Test(arguments: [
        (#"{"$or":[{"a":[1]},{"b":[2]}],"c":{"$or":[{"d":[3]},{"e":[4]}]}}"#, #"{"b":2,"c":{"e":4}}"#, true),
        (#"{"$or":[{"a":[1]},{"b":[2]}],"c":{"$or":[{"d":[3]},{"e":[4]}]}}"#, #"{"b":2,"c":{"e":3}}"#, false),
        // A key that comes again counts as it came last, in each branch for itself.
        (#"{"a":[1],"$or":[{"a":[2]},{"b":[3]}]}"#, #"{"a":2}"#, true),
        (#"{"a":[1],"$or":[{"a":[2]},{"b":[3]}]}"#, #"{"a":1,"b":3}"#, true),
        (#"{"a":[1],"$or":[{"a":[2]},{"b":[3]}]}"#, #"{"a":1}"#, false),
        (#"{"$or":[{"a":[2]},{"b":[3]}],"a":[1]}"#, #"{"a":2}"#, false),
        (#"{"$or":[{"a":[2]},{"b":[3]}],"a":[1]}"#, #"{"a":1}"#, true),
        (#"{"a":{"b":[1]},"a.b":[2]}"#, #"{"a":{"b":2}}"#, true),
        // As a key it is one where no branch can be read, and then everywhere in the pattern.
        (#"{"$or":[{"prefix":"x"},"y"]}"#, #"{"$or":"xa"}"#, true),
        (#"{"a":{"$or":["x"]}}"#, #"{"a":{"$or":"x"}}"#, true),
        (#"{"$or":[{"a":[1]},{"b":[2]}],"c":{"$or":["x"]}}"#, "", nil),
        (#"{"$or":["x","y"],"c":{"$or":[{"prefix":"z"}]}}"#, #"{"$or":"y","c":{"$or":"zz"}}"#, true),
        (#"{"$or":[{"a":{"prefix":[1]}},{"b":[2]}]}"#, "", nil),
        (#"{"$or":[{"a":[1]},{}]}"#, "", nil), (#"{"$or":[{"a":[1]},[{"b":[1]}]]}"#, "", nil),
        (#"{"$or":{"a":[1]}}"#, #"{"$or":{"a":1}}"#, true), (#"{"$or":"x"}"#, "", nil), (#"{"$or":null}"#, "", nil),
    ]) func orIsAnOperatorWhereItCanBe(_ one: Case) throws { try check(one) }

    @Test(arguments: [
        (#"{"a":[{"anything-but":{"prefix":["x","y"]}}]}"#, #"{"a":"yes"}"#, false),
        (#"{"a":[{"anything-but":{"prefix":["x","y"]}}]}"#, #"{"a":["yes","no"]}"#, true),
        (#"{"a":[{"anything-but":{"suffix":["x","y"]}}]}"#, #"{"a":"z"}"#, true),
        (#"{"a":[{"anything-but":{"wildcard":"a*\\*"}}]}"#, #"{"a":"ab*"}"#, false),
        (#"{"a":[{"anything-but":{"wildcard":""}}]}"#, #"{"a":""}"#, false),
        (#"{"a":[{"anything-but":{"equals-ignore-case":""}}]}"#, #"{"a":""}"#, false),
        (#"{"a":[{"anything-but":""}]}"#, #"{"a":""}"#, false),
        (#"{"a":[{"anything-but":["x","x"]}]}"#, #"{"a":true}"#, true),
        (#"{"a":[{"anything-but":1.0}]}"#, #"{"a":1}"#, false),
        (#"{"a":[{"anything-but":{"prefix":[]}}]}"#, "", nil),
        (#"{"a":[{"anything-but":{"suffix":["x",""]}}]}"#, "", nil),
        (#"{"a":[{"anything-but":{"wildcard":["a**"]}}]}"#, "", nil),
        (#"{"a":[{"anything-but":{"wildcard":[1]}}]}"#, "", nil),
        (#"{"a":[{"anything-but":{"equals-ignore-case":[["x"]]}}]}"#, "", nil),
        (#"{"a":[{"anything-but":{"prefix":{"equals-ignore-case":"x"}}}]}"#, "", nil),
        (#"{"a":[{"anything-but":{"prefix":"x","suffix":"y"}}]}"#, "", nil),
        (#"{"a":[{"anything-but":{"anything-but":"x"}}]}"#, "", nil),
        (#"{"a":[{"anything-but":{"exists":true}}]}"#, "", nil),
        (#"{"a":[{"anything-but":{"cidr":"10.0.0.0/8"}}]}"#, "", nil),
        (#"{"a":[{"anything-but":["x",null]}]}"#, "", nil), (#"{"a":[{"anything-but":[true]}]}"#, "", nil),
        (#"{"a":[{"anything-but":[["x"]]}]}"#, "", nil), (#"{"a":[{"anything-but":[{"prefix":"x"}]}]}"#, "", nil),
    ]) func anythingButTakesWhatIsThereAndNotExcluded(_ one: Case) throws { try check(one) }

    @Test(arguments: [
        (#"{"a":[{"wildcard":"\\\\\\*"}]}"#, #"{"a":"\\*"}"#, true),
        (#"{"a":[{"wildcard":"*\\**"}]}"#, #"{"a":"x*y"}"#, true),
        (#"{"a":[{"wildcard":"*a*a*"}]}"#, #"{"a":"a"}"#, false),
        (#"{"a":[{"wildcard":"*aba*"}]}"#, #"{"a":"ababa"}"#, true),
        (#"{"a":[{"wildcard":"ab*ba"}]}"#, #"{"a":"aba"}"#, false),
        (#"{"a":[{"wildcard":"x"}]}"#, #"{"a":"x"}"#, true),
        (#"{"a":[{"wildcard":"a\\n"}]}"#, "", nil),
        (#"{"a":[{"prefix":""}]}"#, #"{"a":""}"#, true), (#"{"a":[{"suffix":""}]}"#, #"{"a":"x"}"#, true),
        (#"{"a":[{"prefix":{"equals-ignore-case":""}}]}"#, #"{"a":"x"}"#, true),
        (#"{"a":[{"prefix":{"equals-ignore-case":"x","a":"b"}}]}"#, "", nil), (#"{"a":[{"prefix":{}}]}"#, "", nil),
        (#"{"a":[{"prefix":{"prefix":"x"}}]}"#, "", nil), (#"{"a":[{"prefix":null}]}"#, "", nil),
        (#"{"a":[{"equals-ignore-case":"ⱥ"}]}"#, #"{"a":"Ⱥ"}"#, true),
        (#"{"a":[{"suffix":{"equals-ignore-case":"ß"}}]}"#, #"{"a":"GRUSS"}"#, true),
        (#"{"a":[{"equals-ignore-case":"Σ"}]}"#, #"{"a":"ς"}"#, false),
        (#"{"a":[{"equals-ignore-case":"\u212a"}]}"#, #"{"a":"k"}"#, true),
        (#"{"a":[{"equals-ignore-case":"k"}]}"#, #"{"a":"\u212a"}"#, false),
        // What event-ruler has no case for.
        (#"{"a":[{"equals-ignore-case":"😀 ok"}]}"#, #"{"a":"😀 ok"}"#, false),
        (#"{"a":[{"exactly":"x"}]}"#, #"{"a":"x"}"#, true), (#"{"a":[{"exactly":1}]}"#, "", nil),
        (#"{"a":[{"exists":false}],"b":[{"exists":false}]}"#, #"{}"#, true),
        (#"{"a":[{"exists":false},{"exists":true}]}"#, #"{"a":1}"#, true),
        (#"{"a":[{"exists":null}]}"#, "", nil),
    ]) func textsAreComparedByTheirBytes(_ one: Case) throws { try check(one) }

    @Test(arguments: [
        (#"{"a.b":{"c.d":["x"]}}"#, #"{"a":{"b.c":{"d":"x"}}}"#, true),
        (#"{"a":{"b":["x"]}}"#, #"{"\u0061.\u0062":"x"}"#, true),
        (#"{"\u0061":["x"]}"#, #"{"a":"x"}"#, true),
        (#"{"a":["é"]}"#, #"{"a":"e\u0301"}"#, false),
        (#"{"a":["x"]}"#, #"{"a":"\ud800"}"#, false), (#"{"a":[{"wildcard":"*"}]}"#, #"{"a":"\ud800"}"#, false),
        (#"{"a":[{"exists":true}]}"#, #"{"a":"\ud800"}"#, true),
        (#"{"a":["x"]}"#, #"{"a":{"a":"x"},"a":"x"}"#, true),
        (#"{"a":{"b":[1],"c":[2]}}"#, #"{"a":{"b":1},"a":{"c":2}}"#, true),
        (#"{"a":[{"exists":true}]}"#, #"{"a":[[],{},[{}]]}"#, false),
        (#"{"a":[null]}"#, #"{"a":[[null]]}"#, true), (#"{"a":[true,1,"x",null]}"#, #"{"a":false}"#, false),
    ]) func keysAndValuesAreWhatTheyMeanNotHowTheyAreWritten(_ one: Case) throws { try check(one) }
}
