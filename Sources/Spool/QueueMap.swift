/// What each queue has, in order of the queues' numbers.
///
/// A spool has as many queues as there were ever targets: few, and few are new. A number is found by halving, which costs less than to
/// hash it, and a value is changed where it stands.
struct QueueMap<Value> {
    private var numbers: [UInt16] = []
    /// Each number's value; `nil` where it was taken away: it keeps its place.
    private var slots: [Value?] = []

    /// Where a number stands, or would.
    @inline(__always) private func place(of queue: QueueID) -> (index: Int, isThere: Bool) {
        var (low, high) = (0, numbers.count)
        while low < high {
            let middle = (low + high) / 2
            if numbers[middle] < queue.rawValue { low = middle + 1 } else { high = middle }
        }
        return (low, low < numbers.count && numbers[low] == queue.rawValue)
    }

    private mutating func insert(_ value: Value?, at index: Int, of queue: QueueID) {
        numbers.insert(queue.rawValue, at: index)
        slots.insert(value, at: index)
    }

    /// A queue's value, if it has one.
    subscript(queue: QueueID) -> Value? {
        @inline(__always) get {
            let place = place(of: queue)
            return place.isThere ? slots[place.index] : nil
        }
        @inline(__always) _modify {
            let place = place(of: queue)
            if place.isThere {
                yield &slots[place.index]
            } else {
                var value: Value?
                defer { if value != nil { insert(value, at: place.index, of: queue) } }
                yield &value
            }
        }
    }

    /// A queue's value, which is `fresh` if it has none yet.
    subscript(queue: QueueID, default fresh: @autoclosure () -> Value) -> Value {
        @inline(__always) get { self[queue] ?? fresh() }
        @inline(__always) _modify {
            let place = place(of: queue)
            if !place.isThere { insert(fresh(), at: place.index, of: queue) }
            if slots[place.index] == nil { slots[place.index] = fresh() }
            yield &slots[place.index]!
        }
    }

    /// Takes a value out, so that it can be changed and put back without a copy of it anywhere.
    mutating func take(_ queue: QueueID) -> Value? {
        let place = place(of: queue)
        return place.isThere ? slots[place.index].take() : nil
    }

    /// The queues that have a value, in order.
    var keys: [QueueID] { map(\.key) }

    /// The values, in the queues' order.
    var values: [Value] { slots.compactMap(\.self) }

    /// What `transform` makes of each value, by its queue.
    func mapValues<Result>(_ transform: (Value) -> Result) -> [QueueID: Result] {
        Dictionary(uniqueKeysWithValues: map { ($0.key, transform($0.value)) })
    }
}

extension QueueMap: Sequence {
    /// Goes through the values that there are, in the queues' order.
    func makeIterator() -> some IteratorProtocol<(key: QueueID, value: Value)> {
        zip(numbers, slots).lazy.compactMap { number, value in
            value.map { (key: QueueID(rawValue: number), value: $0) }
        }.makeIterator()
    }
}

extension QueueMap: Sendable where Value: Sendable {}
