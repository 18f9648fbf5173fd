public import Core

/// A message to a webhook.
public struct WebhookMessage: Sendable, Concealed {
    /// What the standard recommends as the most.
    public static let longestPayload = 20_000

    private let id: String
    private let payload: [UInt8]

    /// - Parameters:
    ///   - id: the same at each attempt: receivers know by it what they have had.
    ///   - payload: a JSON object of at most 20,000 bytes.
    public init(id: String, payload: [UInt8]) throws(InvalidPush) {
        // A period would let one message be read as another.
        guard Checks.isName(id, 1...128, and: "-_") else {
            throw InvalidPush("id", "must be 1 to 128 letters, digits, hyphens and underscores")
        }
        try Checks.checkPayload(payload, longest: Self.longestPayload)
        (self.id, self.payload) = (id, payload)
    }

    /// - Parameter now: of this attempt, milliseconds since 1970.
    public func request(to endpoint: WebhookEndpoint, signer: WebhookSigner, now: Int64) -> PushRequest {
        PushRequest(
            url: endpoint.url,
            headers: [PushHeader("content-type", "application/json")]
                + signer.headers(id: id, body: payload, now: now), body: payload)
    }
}
