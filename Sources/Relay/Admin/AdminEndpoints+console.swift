import HTTPServer

/// The console: one page and what it is made of. The files say nothing of what the relay holds; that comes by the API.
extension AdminEndpoints {
    func consoleEndpoint(at path: String) -> AdminEndpoint? {
        switch path {
        case "/login": return login.endpoint
        case "/logout": return login.goodbye
        default:
            guard let file = ConsoleFile.at(path) else { return nil }
            return AdminEndpoint(
                access: path == "/" ? .browsers : .anyone, place: .loop, answers: [.get: { _ in file.response }])
        }
    }
}
