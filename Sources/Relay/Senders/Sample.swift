import CPlatform
import EventJSON
import Platform

/// An event made up for trying things out: the envelope of a Voucherify webhook with little in it.
public enum Sample {
    /// The types that `hookswitch send --type` offers.
    public static var types: [String] { VoucherifyCatalogue.sortedTypes }

    /// A body of a type that a source takes: a form where it takes forms; with the moment of sending where its sender signs that.
    public static func body(type: String, for source: SourceConfiguration, now milliseconds: Int64) -> [UInt8] {
        guard source.body != .form else {
            return Array(
                "id=whs_sample&type=\(type.filter { $0.isLetter || $0.isNumber || $0 == "." || $0 == "_" })".utf8)
        }
        let sample = body(type: type, now: milliseconds)
        guard let path = source.timestampPath else { return sample }
        // The moment goes before the sample's own members, around which its path opens objects.
        let opened = path.keys.dropLast().map { "\"\($0)\":{" }.joined()
        let closed = String(repeating: "}", count: path.keys.count - 1)
        return Array("{\(opened)\"\(path.keys.last ?? "")\":\(milliseconds)\(closed),".utf8) + sample.dropFirst()
    }

    /// A body of a type. A distribution's type comes as a distribution webhook, anything else as a project one.
    public static func body(type: String, now milliseconds: Int64) -> [UInt8] {
        let isDistribution = VoucherifyCatalogue.distribution.contains(type)
        let moment = CivilDate.iso8601(milliseconds)
        let id = String(UInt64(truncatingIfNeeded: milliseconds), radix: 16)
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("id", "whs_\(id)")
            writer.member("project_id", "proj_sample")
            writer.member("created_at", moment)
            writer.member("type", type)
            writer.member("data") { data(type, id, moment, &$0) }
            writer.member("source") {
                $0.object {
                    $0.member("id", isDistribution ? "dstr_sample" : "wh_sample")
                    $0.member("object", isDistribution ? "distribution" : "webhook")
                    if !isDistribution { $0.member("target_url", "https://relay.example.com/voucherify") }
                }
            }
            writer.member("event") {
                $0.object {
                    $0.member("id", "ev_\(id)")
                    $0.member("type", type)
                    $0.member("created_at", moment)
                    $0.member("entity_id", "sample_\(id)")
                    $0.member("group_id", "v-\(id)")
                    $0.member("event_source") {
                        $0.object {
                            $0.member("channel", "API")
                            $0.member("user") { $0.null() }
                            $0.member("api_key") { $0.null() }
                        }
                    }
                }
            }
        }
        return writer.bytes
    }

    private static func data(_ type: String, _ id: String, _ moment: String, _ writer: inout JSONWriter) {
        let object = type.prefix { $0 != "." }
        writer.object {
            $0.member(String(object)) {
                $0.object {
                    $0.member("id", "sample_\(id)")
                    $0.member("object", String(object))
                    $0.member("created_at", moment)
                }
            }
            if object != "voucher" {
                $0.member("voucher") {
                    $0.object {
                        $0.member("code", "SAMPLE-\(id.uppercased())")
                        $0.member("object", "voucher")
                    }
                }
            }
            if object != "customer" {
                $0.member("customer") {
                    $0.object {
                        $0.member("id", "cust_sample")
                        $0.member("source_id", "sample@example.com")
                    }
                }
            }
        }
    }
}
