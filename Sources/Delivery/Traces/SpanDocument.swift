import EventJSON

/// Spans as a collector reads them: an `ExportTraceServiceRequest` in JSON (OTLP, "JSON Protobuf Encoding"): identifiers in
/// hexadecimal, 64-bit numbers as text, enumerations as numbers.
enum SpanDocument {
    /// The request's body.
    static func body(_ spans: [Span], version: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { request in
            request.member("resourceSpans") { list in
                list.array { list in
                    list.object { resource in
                        resource.member("resource") {
                            $0.object {
                                let name = Span.Attribute(key: "service.name", value: .text("hookswitch"))
                                write([name, .init(key: "service.version", value: .text(version))], to: &$0)
                            }
                        }
                        resource.member("scopeSpans") { list in
                            list.array { list in
                                list.object { scope in
                                    scope.member("scope") {
                                        $0.object {
                                            $0.member("name", "hookswitch")
                                            $0.member("version", version)
                                        }
                                    }
                                    scope.member("spans") { $0.array { for span in spans { write(span, to: &$0) } } }
                                }
                            }
                        }
                    }
                }
            }
        }
        return writer.bytes
    }

    /// How many spans a collector did not take of a request that it took otherwise (`ExportTracePartialSuccess`).
    static func rejected(_ answer: [UInt8]) -> Int {
        let path = EventPath("partialSuccess.rejectedSpans")
        let found = EventBody.values(at: [path], in: answer)?[path]
        return max(0, found.flatMap { Int(String(decoding: $0.inText, as: UTF8.self)) } ?? 0)
    }

    private static func write(_ span: Span, to writer: inout JSONWriter) {
        writer.object {
            $0.member("traceId", span.traceID)
            $0.member("spanId", span.spanID)
            if let parent = span.parentID { $0.member("parentSpanId", parent) }
            $0.member("name", span.name)
            $0.member("kind", span.kind.rawValue)
            $0.member("startTimeUnixNano", String(span.startedAt))
            $0.member("endTimeUnixNano", String(span.endedAt))
            write(span.attributes, to: &$0)
            if let fault = span.fault {
                $0.member("status") {
                    $0.object {
                        $0.member("code", 2)
                        $0.member("message", fault)
                    }
                }
            }
        }
    }

    private static func write(_ attributes: [Span.Attribute], to writer: inout JSONWriter) {
        writer.member("attributes") { list in
            list.array { list in
                for attribute in attributes {
                    list.object {
                        $0.member("key", attribute.key)
                        $0.member("value") {
                            $0.object {
                                switch attribute.value {
                                case .text(let text): $0.member("stringValue", text)
                                case .number(let number): $0.member("intValue", String(number))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
