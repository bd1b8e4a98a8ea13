import CConsole
import HTTPServer

/// One of the files that the console is made of, served from the binary. Their sources stand in `Sources/CConsole/page`.
struct ConsoleFile: Sendable {
    let contentType: String
    let bytes: [UInt8]

    /// The file at a path; `nil` if there is none.
    static func at(_ path: String) -> ConsoleFile? { all[path] }

    /// The file as an answer.
    var response: Response { Response(status: 200, contentType: contentType, body: bytes) }

    private static let all: [String: ConsoleFile] = {
        var files: [String: ConsoleFile] = [:]
        while let file = hs_console_file_at(files.count)?.pointee {
            files[String(cString: file.path)] = ConsoleFile(
                contentType: String(cString: file.content_type),
                bytes: Array(UnsafeBufferPointer(start: file.bytes, count: file.count)))
        }
        return files
    }()
}
