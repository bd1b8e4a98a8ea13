extension Response {
    /// The reason phrase of a status (RFC 9110 §15).
    public static func reason(of status: Int) -> String { ResponseWriter.reason(status) }
}
