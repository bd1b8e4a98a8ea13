/// What the relay gives to delivery from outside.
public struct DeliveryOptions: Sendable {
    /// `user-agent` of HTTP requests: `hookswitch/VERSION`.
    public var userAgent: String
    /// The working directory of commands that have none of their own, absolute.
    public var directory: String
    /// Hears what people should know. Called from any thread; it must not block.
    public var notify: @Sendable (DeliveryNotice) -> Void
    /// Hears of deliveries given up, their lines being durable: for `on_failure`. Calls back, from any thread, with whether
    /// they were taken; those that were not come again. Must not block.
    public var failed: @Sendable ([AttemptRecord], _ done: @escaping @Sendable (Bool) -> Void) -> Void
    /// Hears of what is to be remembered of a target over a restart, by its name. Must not block.
    public var remember: @Sendable (String, TargetMemory) -> Void
    /// A number from 0 up to 1, for jitter; a test gives its own.
    public var random: @Sendable () -> Double

    /// Options without notices.
    public init(
        userAgent: String, directory: String,
        notify: @escaping @Sendable (DeliveryNotice) -> Void = { _ in },
        failed: @escaping @Sendable ([AttemptRecord], _ done: @escaping @Sendable (Bool) -> Void) -> Void = {
            $1(true)
        },
        remember: @escaping @Sendable (String, TargetMemory) -> Void = { _, _ in },
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.userAgent = userAgent
        self.directory = directory
        self.notify = notify
        self.failed = failed
        self.remember = remember
        self.random = random
    }
}
