/// Who asked, for the event's headers and the logs.
public struct TraceContext: Sendable {
    public let requestID: String
    public let traceparent: String?

    public init(requestID: String, traceparent: String? = nil) {
        self.requestID = requestID
        self.traceparent = traceparent
    }
}
