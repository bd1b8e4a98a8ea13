/// By which of its parts each of many wildcards is found: by one that few others have.
///
/// Thousands of wildcards may begin alike (`order_*_eu`), end alike, or have stars at both ends (`*_0815*`). A value is
/// asked only about those whose landmark it has, so that what it costs doesn't grow with their number.
struct WildcardLandmarks {
    /// What a value must have for a wildcard to be looked at.
    enum Landmark: Equatable {
        /// It is this text: the wildcard has no star.
        case whole([UInt8])
        /// It begins or ends with this text, or has it anywhere (`.pieces`).
        case part(Automaton.Part, [UInt8])
        /// Anything: the wildcard is tried by itself.
        case none
    }

    private struct Key: Hashable {
        var part: Automaton.Part
        var text: [UInt8]
    }

    /// A beginning or an end that no more wildcards than this have is good enough: it is found with one question. A piece
    /// is asked for at each byte of the value.
    private static let fewEnough = 8

    private var counts: [Key: Int] = [:]

    init(_ wildcards: [Wildcard]) {
        for wildcard in wildcards {
            for key in WildcardLandmarks.ends(of: wildcard) + WildcardLandmarks.pieces(of: wildcard) {
                counts[key, default: 0] += 1
            }
        }
    }

    func landmark(of wildcard: Wildcard) -> Landmark {
        guard wildcard.suffix != nil else { return .whole(wildcard.prefix) }
        let end = rarest(WildcardLandmarks.ends(of: wildcard))
        let piece = rarest(WildcardLandmarks.pieces(of: wildcard))
        guard let end else { return piece.map { .part($0.part, $0.text) } ?? .none }
        guard let piece, counts[end]! > WildcardLandmarks.fewEnough, counts[piece]! < counts[end]! else {
            return .part(end.part, end.text)
        }
        return .part(piece.part, piece.text)
    }

    /// The one that fewest wildcards have; of those the longest.
    private func rarest(_ keys: [Key]) -> Key? {
        keys.min { (counts[$0]!, -$0.text.count) < (counts[$1]!, -$1.text.count) }
    }

    private static func ends(of wildcard: Wildcard) -> [Key] {
        guard let suffix = wildcard.suffix else { return [] }
        return [Key(part: .prefixes, text: wildcard.prefix), Key(part: .suffixes, text: suffix)]
            .filter { !$0.text.isEmpty }
    }

    /// The first and the last bytes of each piece between stars: as many as the next smaller power of two, so that there
    /// are few lengths to ask for.
    private static func pieces(of wildcard: Wildcard) -> [Key] {
        wildcard.middle.flatMap { piece in
            var length = 1
            while length * 2 <= piece.count { length *= 2 }
            return Set([Array(piece.prefix(length)), Array(piece.suffix(length))]).map { Key(part: .pieces, text: $0) }
        }
    }
}
