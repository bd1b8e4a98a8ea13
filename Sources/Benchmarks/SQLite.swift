import Foundation

/// What a sensible person would use instead: a table in SQLite, WAL, synchronous=FULL, one transaction a group.
final class SQLite {
    /// The system's library, found at run time: nothing else here needs it.
    struct Library {
        typealias Open = @convention(c) (UnsafePointer<CChar>, UnsafeMutablePointer<OpaquePointer?>) -> Int32
        typealias Exec =
            @convention(c) (OpaquePointer?, UnsafePointer<CChar>, OpaquePointer?, OpaquePointer?, OpaquePointer?) ->
            Int32
        typealias Prepare =
            @convention(c) (
                OpaquePointer?, UnsafePointer<CChar>, Int32, UnsafeMutablePointer<OpaquePointer?>, OpaquePointer?
            ) -> Int32
        typealias Bind = @convention(c) (OpaquePointer?, Int32, UnsafeRawPointer?, Int32, OpaquePointer?) -> Int32
        typealias One = @convention(c) (OpaquePointer?) -> Int32

        let open: Open
        let exec: Exec
        let prepare: Prepare
        let bindBlob: Bind
        let step: One
        let reset: One
        let finalize: One
        let close: One

        init() throws {
            guard let library = dlopen("libsqlite3.so.0", RTLD_NOW) else {
                throw MissingPeer(program: "libsqlite3.so.0", package: "libsqlite3-0")
            }
            func find<Function>(_ name: String, as type: Function.Type) throws -> Function {
                guard let address = dlsym(library, name) else { throw BenchmarkFault("\(name) is not in libsqlite3") }
                // What sqlite3.h declares under this name has this type.
                return unsafeBitCast(address, to: type)
            }
            open = try find("sqlite3_open", as: Open.self)
            exec = try find("sqlite3_exec", as: Exec.self)
            prepare = try find("sqlite3_prepare_v2", as: Prepare.self)
            bindBlob = try find("sqlite3_bind_blob", as: Bind.self)
            step = try find("sqlite3_step", as: One.self)
            reset = try find("sqlite3_reset", as: One.self)
            finalize = try find("sqlite3_finalize", as: One.self)
            close = try find("sqlite3_close", as: One.self)
        }
    }

    private static let ok: Int32 = 0
    private static let done: Int32 = 101

    private let library: Library
    private var database: OpaquePointer?
    private var insert: OpaquePointer?

    init(_ library: Library, _ path: String) throws {
        self.library = library
        guard library.open(path, &database) == SQLite.ok else { throw BenchmarkFault("sqlite3_open \(path)") }
        try run("PRAGMA journal_mode=WAL")
        try run("PRAGMA synchronous=FULL")
        try run("CREATE TABLE events (number INTEGER PRIMARY KEY, body BLOB NOT NULL)")
        let text = "INSERT INTO events (body) VALUES (?)"
        guard library.prepare(database, text, -1, &insert, nil) == SQLite.ok else {
            throw BenchmarkFault("sqlite3_prepare_v2")
        }
    }

    deinit {
        _ = library.finalize(insert)
        _ = library.close(database)
    }

    private func run(_ text: String) throws {
        guard library.exec(database, text, nil, nil, nil) == SQLite.ok else { throw BenchmarkFault("sqlite: \(text)") }
    }

    /// Inserts one group durably.
    func append(_ group: Int, _ body: Blob) throws {
        try run("BEGIN")
        for _ in 0..<group {
            guard library.bindBlob(insert, 1, body.bytes.baseAddress, Int32(body.bytes.count), nil) == SQLite.ok,
                library.step(insert) == SQLite.done, library.reset(insert) == SQLite.ok
            else { throw BenchmarkFault("sqlite3_step") }
        }
        try run("COMMIT")
    }
}
