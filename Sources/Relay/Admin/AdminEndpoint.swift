import HTTPServer

/// What a path of the operators' listener offers.
struct AdminEndpoint: Sendable {
    /// Whom it answers.
    enum Access {
        /// Anyone who can connect: whether the relay lives is no secret.
        case anyone
        /// Those whom `AdminGuard` lets pass.
        case operators
        /// The same, but who has no pass is sent to the form where it is given.
        case browsers
    }

    /// Where it is answered.
    enum Place {
        /// On the loop's thread: it takes no longer than a look at memory.
        case loop
        /// On the operators' own queue, one after the other.
        case queue
        /// On another one: what may take a minute where there is a million of something, and keeps nobody from looking.
        case aside
    }

    typealias Answer = @Sendable (AdminRequest) -> Response

    var access = Access.operators
    var place = Place.queue
    /// The methods that are taken here; HEAD goes with GET.
    var answers: [Method: Answer]

    static func get(_ access: Access = .operators, on place: Place = .queue, _ answer: @escaping Answer)
        -> AdminEndpoint
    {
        AdminEndpoint(access: access, place: place, answers: [.get: answer])
    }

    static func post(on place: Place = .queue, _ answer: @escaping Answer) -> AdminEndpoint {
        AdminEndpoint(place: place, answers: [.post: answer])
    }

    /// What answers a method; `nil` if it is not taken here.
    func answer(to method: Method) -> Answer? { answers[method] ?? (method == .head ? answers[.get] : nil) }

    /// The methods that are taken here, as an `allow` header lists them.
    var allowed: String {
        let methods = answers.keys.sorted { $0.rawValue < $1.rawValue }.flatMap { $0 == .get ? [.get, .head] : [$0] }
        return methods.map(\.name).joined(separator: ", ")
    }
}
