import CCurl
import Glibc

/// One of libcurl's handles with the memory that it borrows; used for one request after the other on the transfer thread.
final class Transfer {
    /// How much of an answer's body is read at the most, in bytes; then the connection is closed.
    static let bodyLimitBytes = AttemptEnding.Answer.readBodyBytes
    /// How much of headers an answer may have, in bytes.
    static let headerLimitBytes = 16 << 10
    /// For how long a name's addresses are kept, in seconds.
    static let addressLifeSeconds = 60
    /// How old a connection may become, in seconds: then the name is looked up again, also where it is never idle.
    static let connectionLifeSeconds = 300
    /// For how long a connection waits for a request, in seconds: less than servers commonly allow.
    static let connectionIdleSeconds = 4
    /// For how long the authorities of a file are kept in memory, in seconds.
    static let authoritiesLifeSeconds = 300
    /// How much memory a handle keeps between requests, in bytes.
    static let keptBytes = 64 << 10

    let easy: UnsafeMutableRawPointer
    private let sockets: WatchedSockets
    private(set) var request: TransferRequest?
    /// Until when the request must have its answer, by the steady clock in milliseconds.
    var dueAt: Int64 = .max
    private var body = UnsafeMutableRawBuffer()
    private var lines = UnsafeMutableRawBuffer()
    private var nodes: [UnsafeMutablePointer<curl_slist>] = []
    private let errorText: UnsafeMutablePointer<CChar>
    /// Whether only the connection is made, for requests that are sent without libcurl.
    private(set) var onlyConnects = false
    /// How the handle is set up to connect.
    private var connection: ConnectionProfile?
    /// The address that was refused, by the IPv6 form.
    private var deniedAddress: UInt128?
    /// How often the request was about to go out, and whether it was kept from going out again.
    private var sendings = 0
    private var isRepetition = false
    // The answer, as it comes.
    private var kept: [UInt8] = []
    private var bodyBytes = 0
    private var headerBytes = 0
    /// Whether the empty line behind the headers has come: libcurl also calls a head well that was cut off.
    private var hasWholeHead = false
    private var retryAfter: RetryAfter?
    private var location: String?
    private var hasFunctionError = false

    init?(_ sockets: WatchedSockets) {
        guard let easy = curl_easy_init() else { return nil }
        self.sockets = sockets
        self.easy = easy
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText[0] = 0
        configure()
    }

    deinit {
        curl_easy_cleanup(easy)
        errorText.deallocate()
        for node in nodes { node.deallocate() }
        body.free()
        lines.free()
    }

    /// What never changes from request to request.
    private func configure() {
        hs_curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        hs_curl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        hs_curl_set_pointer(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        hs_curl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
        hs_curl_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        hs_curl_set_long(easy, CURLOPT_BUFFERSIZE, 16 << 10)
        hs_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        hs_curl_set_long(easy, CURLOPT_DNS_CACHE_TIMEOUT, Transfer.addressLifeSeconds)
        hs_curl_set_long(easy, CURLOPT_MAXLIFETIME_CONN, Transfer.connectionLifeSeconds)
        hs_curl_set_long(easy, CURLOPT_MAXAGE_CONN, Transfer.connectionIdleSeconds)
        hs_curl_set_long(easy, CURLOPT_CA_CACHE_TIMEOUT, Transfer.authoritiesLifeSeconds)
        let this = Unmanaged.passUnretained(self).toOpaque()
        hs_curl_set_opener(
            easy,
            { user, _, address in
                address.map { Unmanaged<Transfer>.fromOpaque(user!).takeUnretainedValue().open($0) } ?? -1
            }, this)
        hs_curl_set_gate(
            easy, { user, _, _, _, _ in Unmanaged<Transfer>.fromOpaque(user!).takeUnretainedValue().sends() }, this)
        // A connection outlives the handle that made it: it is closed by what outlives both.
        hs_curl_set_closer(
            easy,
            { user, socket in Unmanaged<WatchedSockets>.fromOpaque(user!).takeUnretainedValue().close(socket) },
            Unmanaged.passUnretained(sockets).toOpaque())
        hs_curl_set_pointer(easy, CURLOPT_PRIVATE, this)
        hs_curl_set_pointer(easy, CURLOPT_WRITEDATA, this)
        hs_curl_set_pointer(easy, CURLOPT_HEADERDATA, this)
        hs_curl_set_sink(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, user in
            Unmanaged<Transfer>.fromOpaque(user!).takeUnretainedValue().tookBody(
                UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        hs_curl_set_sink(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, user in
            Unmanaged<Transfer>.fromOpaque(user!).takeUnretainedValue().tookHeader(
                UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
    }

    /// The handle whose request libcurl says has ended.
    static func of(_ easy: UnsafeMutableRawPointer) -> Transfer? {
        hs_curl_get_private(easy).map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Makes the handle ready for a request, or for connecting alone, which has so many milliseconds.
    func prepare(_ request: TransferRequest, onlyConnecting milliseconds: Int64? = nil) {
        self.request = request
        kept.removeAll(keepingCapacity: true)
        (bodyBytes, headerBytes, retryAfter, location, deniedAddress) = (0, 0, nil, nil, nil)
        (sendings, isRepetition) = (0, false)
        hasFunctionError = false
        hasWholeHead = false
        errorText[0] = 0
        var url = request.url
        url.append(0)
        url.withUnsafeBytes { _ = hs_curl_set_pointer(easy, CURLOPT_URL, $0.baseAddress) }
        let limit = Int(milliseconds ?? request.timeoutMilliseconds)
        hs_curl_set_long(easy, CURLOPT_TIMEOUT_MS, limit)
        hs_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, limit)
        if connection !== request.connection { connect(by: request.connection) }
        if onlyConnects != (milliseconds != nil) {
            onlyConnects.toggle()
            hs_curl_set_long(easy, CURLOPT_CONNECT_ONLY, onlyConnects ? 1 : 0)
        }
        if onlyConnects { return }
        hs_curl_set_long(easy, CURLOPT_POST, 1)
        hs_curl_set_pointer(easy, CURLOPT_CUSTOMREQUEST, request.method == "POST" ? nil : request.method)
        body.fill(request.body)
        hs_curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
        hs_curl_set_pointer(easy, CURLOPT_POSTFIELDS, body.start)
        hs_curl_set_pointer(easy, CURLOPT_HTTPHEADER, headerList(request.headers))
    }

    /// The socket of the connection that was made, which from now on is the caller's; `nil` if there is none.
    func takeSocket() -> Int32? {
        let socket = hs_curl_get_socket(easy)
        guard socket >= 0 else { return nil }
        sockets.give(socket)
        return socket
    }

    /// Sets the handle up to connect in another way than before. libcurl reuses a connection only where all of this agrees.
    private func connect(by profile: ConnectionProfile) {
        connection = profile
        let settings = profile.settings
        hs_curl_set_long(
            easy, CURLOPT_HTTP_VERSION, settings.http2 ? Int(CURL_HTTP_VERSION_2TLS) : Int(CURL_HTTP_VERSION_1_1))
        // HTTP/2 asks for TLS 1.2 (RFC 9113 §9.2). It also keeps libcurl from taking another target's HTTP/1.1 connection.
        hs_curl_set_long(
            easy, CURLOPT_SSLVERSION,
            settings.http2
                ? Int(CURL_SSLVERSION_TLSv1_2) | Int(CURL_SSLVERSION_MAX_TLSv1_3) : Int(CURL_SSLVERSION_DEFAULT))
        // Requests wait for the connection that is being made, and share it.
        hs_curl_set_long(easy, CURLOPT_PIPEWAIT, settings.http2 ? 1 : 0)
        // An empty text keeps libcurl from looking into the environment.
        hs_curl_set_pointer(easy, CURLOPT_PROXY, settings.proxy ?? "")
        hs_curl_set_pointer(easy, CURLOPT_UNIX_SOCKET_PATH, settings.socket)
        hs_curl_set_pointer(easy, CURLOPT_SSLCERT, settings.certificate)
        hs_curl_set_pointer(easy, CURLOPT_SSLKEY, settings.key)
        // Without authorities of its own the handle goes back to the system's.
        hs_curl_set_pointer(easy, CURLOPT_CAINFO, settings.authorities ?? Transfer.systemAuthorities.file)
        hs_curl_set_pointer(
            easy, CURLOPT_CAPATH, settings.authorities == nil ? Transfer.systemAuthorities.directory : nil)
        let pins = settings.pins.isEmpty ? nil : settings.pins.joined(separator: ";")
        hs_curl_set_pointer(easy, CURLOPT_PINNEDPUBLICKEY, pins)
    }

    /// The authorities that libcurl was built to trust.
    private static let systemAuthorities: (file: String?, directory: String?) = {
        guard let easy = curl_easy_init() else { return (nil, nil) }
        defer { curl_easy_cleanup(easy) }
        return (
            hs_curl_get_text(easy, CURLINFO_CAINFO).map { String(cString: $0) },
            hs_curl_get_text(easy, CURLINFO_CAPATH).map { String(cString: $0) }
        )
    }()

    /// Makes the socket for an address, unless the address is one that is not connected to. No command inherits it.
    private func open(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        let place = UnsafeRawPointer(address)
        if let settings = connection?.settings, settings.proxy == nil, settings.socket == nil,
            let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr),
            let target = AddressGuard.address(address.pointee.family, place + offset),
            settings.guardedAddresses.denies(target)
        {
            deniedAddress = target
            return -1
        }
        let type = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
        let made = socket(address.pointee.family, type, address.pointee.protocol)
        sockets.opened(made)
        return made
    }

    /// Whether a request may go out that libcurl is about to send. By itself it sends one again whose connection, a kept one, ended
    /// without an answer; but what was sent may have been acted upon, and a second time is another attempt (RFC 9110 §9.2.2).
    private func sends() -> Int32 {
        sendings += 1
        isRepetition = sendings > 1 && hs_curl_get_long(easy, CURLINFO_REQUEST_SIZE) > 0
        return isRepetition ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK
    }

    /// Lets go of the request; the answer is how it ended.
    func finish(_ result: CURLcode) -> AttemptEnding {
        defer { release() }
        let status = hs_curl_get_long(easy, CURLINFO_RESPONSE_CODE)
        let isCutByUs = result == CURLE_WRITE_ERROR && bodyBytes > Transfer.bodyLimitBytes
        guard result == CURLE_OK || isCutByUs || isWholeAllTheSame(result) else {
            // A proxy that refuses our credentials says so before there is an answer of the endpoint's.
            let proxyStatus = hs_curl_get_long(easy, CURLINFO_HTTP_CONNECTCODE)
            if proxyStatus == 407 && headerBytes == 0 { return .answered(AttemptEnding.Answer(status: 407)) }
            return .broken(reason: fault(result))
        }
        guard status >= 100 else { return .broken(reason: "the answer is not HTTP") }
        guard hasWholeHead else { return .broken(reason: "the answer was cut off inside its headers") }
        var answer = AttemptEnding.Answer(status: status, body: kept, retryAfter: retryAfter, location: location)
        answer.hasFunctionError = hasFunctionError
        return .answered(answer)
    }

    /// An HTTP/2 server that has answered in full may stop reading the request (RFC 9113 §8.1): the answer counts.
    private func isWholeAllTheSame(_ result: CURLcode) -> Bool {
        result == CURLE_HTTP2_STREAM
            && hs_curl_get_time(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T) == curl_off_t(bodyBytes)
    }

    /// Lets go of the request without an ending.
    func release() {
        request = nil
        body.shrink(to: Transfer.keptBytes)
        lines.shrink(to: Transfer.keptBytes)
    }

    private func fault(_ result: CURLcode) -> String {
        if result == CURLE_WRITE_ERROR && headerBytes > Transfer.headerLimitBytes {
            return "the answer's headers are over \(Transfer.headerLimitBytes >> 10) KiB"
        }
        if let deniedAddress, result == CURLE_COULDNT_CONNECT {
            return TransferFault.denied(AddressGuard.text(deniedAddress)).reason
        }
        if isRepetition { return TransferFault.closedUnanswered }
        let text = String(cString: errorText)
        return TransferFault(
            result, detail: text.isEmpty ? String(cString: curl_easy_strerror(result)) : text,
            errno: Int32(truncatingIfNeeded: hs_curl_get_long(easy, CURLINFO_OS_ERRNO)), phase: phase
        ).reason
    }

    /// How far the request has come.
    private var phase: TransferFault.Phase {
        if headerBytes > 0 { return .readingAnswer }
        if hs_curl_get_time(easy, CURLINFO_PRETRANSFER_TIME_T) > 0 {
            let sent = hs_curl_get_time(easy, CURLINFO_SIZE_UPLOAD_T)
            return sent < curl_off_t(request?.body.count ?? 0) ? .sending : .waitingForAnswer
        }
        // libcurl counts the handshake as connecting; a port of our own there is once TCP is connected.
        if hs_curl_get_long(easy, CURLINFO_LOCAL_PORT) > 0 { return .handshake }
        return hs_curl_get_time(easy, CURLINFO_NAMELOOKUP_TIME_T) > 0 ? .connecting : .resolving
    }

    /// The header lines as libcurl's list, in memory of our own that lives as long as the request.
    private func headerList(_ headers: HeaderLines) -> UnsafeMutablePointer<curl_slist>? {
        lines.fill(headers.bytes)
        while nodes.count < headers.count { nodes.append(.allocate(capacity: 1)) }
        guard headers.count > 0, let start = lines.start else { return nil }
        var line = start.assumingMemoryBound(to: CChar.self)
        for index in 0..<headers.count {
            let next = index + 1 < headers.count ? nodes[index + 1] : nil
            nodes[index].initialize(to: curl_slist(data: line, next: next))
            line += strlen(line) + 1
        }
        return nodes[0]
    }

    private func tookBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        bodyBytes += bytes.count
        let room = (request?.keptBodyBytes ?? 0) - kept.count
        if room > 0 { kept.append(contentsOf: bytes.prefix(room)) }
        return bodyBytes > Transfer.bodyLimitBytes ? 0 : bytes.count
    }

    private func tookHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        headerBytes += bytes.count
        if headerBytes > Transfer.headerLimitBytes { return 0 }
        switch bytes.first {
        case UInt8(ascii: "r"), UInt8(ascii: "R"):
            if let value = Transfer.value(of: "retry-after", in: bytes) { retryAfter = RetryAfter(value) }
        case UInt8(ascii: "\r"), UInt8(ascii: "\n"): hasWholeHead = true
        // What came before was an interim answer (RFC 9110 §15.2).
        case UInt8(ascii: "H") where bytes.starts(with: "HTTP/".utf8): hasWholeHead = false
        case UInt8(ascii: "l"), UInt8(ascii: "L"):
            if let value = Transfer.value(of: "location", in: bytes) { location = String(value.prefix(512)) }
        case UInt8(ascii: "x"), UInt8(ascii: "X"):
            if Transfer.value(of: "x-amz-function-error", in: bytes) != nil { hasFunctionError = true }
        default: break
        }
        return bytes.count
    }

    private static func value(of name: String, in line: UnsafeRawBufferPointer) -> String? {
        let name = Array(name.utf8)
        guard line.count > name.count, line[name.count] == UInt8(ascii: ":"),
            zip(line, name).allSatisfy({ $0 | 0x20 == $1 | 0x20 })
        else { return nil }
        return String(decoding: line[(name.count + 1)...].filter { $0 != 13 && $0 != 10 }, as: UTF8.self).trimmingSpaces
    }
}
