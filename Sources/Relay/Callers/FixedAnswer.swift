import EventJSON
import HTTPServer

/// What a sender is told instead of the 202: `sources.*.answer` in `routes.json`.
public struct FixedAnswer: Hashable, Sendable {
    /// A success: anything else would be a lie about an event that is safe.
    public static let statuses = 200...299
    /// The longest body, in bytes.
    public static let bodyLimitBytes = 64 << 10

    /// The status.
    public var status = 202
    /// The body.
    public var body = ""
    /// What the body is; JSON if it reads as that, else plain text.
    public var contentType: String?

    /// The answer. A body has no place beside 204 and 205.
    var response: Response {
        let bytes = Array(body.utf8)
        var type = contentType
        if type == nil {
            do throws(JSONSyntaxError) {
                _ = try JSONDocument(bytes)
                type = Response.json
            } catch {
                type = "text/plain; charset=utf-8"
            }
        }
        return Response(status: status, contentType: type ?? Response.json, body: bytes)
    }
}
