import Delivery
import EventJSON
import Platform
import Spool

/// An event as `hookswitch show` and `/api/v1/events/N` present it, made from its record whether the daemon runs or not.
public struct EventReport: Sendable {
    /// The record.
    public var event: StoredEvent
    /// What was recorded beside the body.
    public var attributes: EventAttributes
    /// How its deliveries stand.
    public var deliveries: [DeliveryStanding]

    /// A report on a record. Attributes that can't be read are left empty: the body is worth showing all the same.
    public init(_ event: StoredEvent, _ deliveries: [DeliveryStanding]) {
        self.event = event
        self.deliveries = deliveries
        attributes = (try? EventAttributes(decoding: event.attributes)) ?? EventAttributes()
    }

    /// One object. A body that is no UTF-8 stands in base64 as `body_base64`.
    public func write(to writer: inout JSONWriter, _ more: (inout JSONWriter) -> Void = { _ in }) {
        writer.object { writer in
            writer.member("event", event.number.rawValue)
            writer.member("received_at", CivilDate.iso8601(event.receivedAt))
            writer.member("source", attributes.source)
            writer.member("type", attributes.columns.type)
            writer.member("routes", attributes.routes)
            writer.member("webhook-id", attributes.webhookID)
            writer.member("headers") { writer in
                writer.object { for header in attributes.headers { $0.member(header.name, header.value) } }
            }
            writer.member("deliveries") { writer in
                writer.array { for delivery in deliveries { EventReport.write(delivery, of: event, to: &$0) } }
            }
            more(&writer)
            if event.isErased {
                writer.member("erased", true)
            } else if let text = String(validating: event.body, as: UTF8.self) {
                writer.member("body", text)
            } else {
                writer.member("body_base64", Base64.encode(event.body))
            }
        }
    }

    private static func write(_ delivery: DeliveryStanding, of event: StoredEvent, to writer: inout JSONWriter) {
        writer.object {
            $0.member("delivery", "\(event.number)/\(delivery.target)")
            $0.member("target", delivery.target)
            switch delivery.state {
            case .waiting: $0.member("state", "waiting")
            case .done: $0.member("state", "done")
            // There is nothing left that a retry could send.
            case .failed: $0.member("state", event.isErased ? "erased" : "failed")
            case .later(let notBefore):
                $0.member("state", "retrying")
                $0.member("next_attempt_at", CivilDate.iso8601(notBefore))
            }
            if delivery.progress.attempts > 0 { $0.member("attempts", delivery.progress.attempts) }
        }
    }
}
