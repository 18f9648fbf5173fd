import Core
public import Push

/// What the sink makes of a request.
public struct SinkReply: Sendable, Equatable {
    /// What a device got.
    public struct Delivery: Sendable, Equatable {
        /// The device, subscription or webhook by the name that the sink knows it by.
        public let device: String
        /// Of the message, where the protocol has one.
        public let id: String?
        /// Decrypted.
        public let payload: [UInt8]
    }

    public let response: PushResponse
    /// `nil`: it was refused.
    public let delivery: Delivery?

    init(_ response: PushResponse, _ delivery: Delivery? = nil) {
        (self.response, self.delivery) = (response, delivery)
    }

    init(_ status: Int, _ body: JSONValue? = nil, headers: [PushHeader] = []) {
        let type = body == nil ? [] : [PushHeader("content-type", "application/json")]
        self.init(PushResponse(status: status, headers: type + headers, body: body.map { Array($0.text.utf8) } ?? []))
    }
}
