public import Core
public import Crypto
public import Sockets

/// A request on its way through a route: who asks, what for, and the checked pieces of it.
public struct RequestScope: Sendable {
    public let request: HTTPRequest
    public let requestID: String
    /// By name of the pattern's placeholder.
    public let path: [String: String]
    /// `nil` when not signed in; never on a route that needs it.
    public let token: AccessToken?
    public let address: String
    let holder: FairShare.Holder
    let budget: ByteBudget

    public var context: TraceContext {
        TraceContext(
            requestID: requestID, traceparent: request.headers.only("traceparent").flatMap(Self.traceparent))
    }

    public var viewer: ID? { token?.subject }

    /// The caller of a route that needs one.
    public var caller: ID { token!.subject }

    /// The id at a placeholder of the path. What isn't an id names nothing: 404.
    public func id(_ name: String = "id") throws(Problem) -> ID {
        guard let id = ID(path[name]!) else { throw Problem(.notFound, "there is nothing at this address") }
        return id
    }

    /// Room for an answer, before any work for it is done; it is the caller's address and user that hold it.
    /// - Parameter bytes: of its body, at most.
    public func hold(_ bytes: Int) throws(Problem) -> HeldBytes {
        guard let held = budget.take(bytes + Self.headRoom, for: holder) else {
            // Those who come back do not come back together.
            throw Problem(
                .overloaded, "too many answers wait to be read: there is no room for this one, try again",
                retryAfter: .random(in: 1...3))
        }
        return held
    }

    /// For the head of an answer.
    private static let headRoom = 1024

    public func parameter(_ name: String) -> String? {
        request.query.first { $0.name.isExactly(name) }?.value
    }

    public func integer(_ name: String, in range: ClosedRange<Int>, default fallback: Int) throws(Problem) -> Int {
        guard let text = parameter(name) else { return fallback }
        guard let value = Int(text), range.contains(value), String(value) == text else {
            throw Problem(
                .invalidField, "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)",
                field: name)
        }
        return value
    }

    /// How many items of a list.
    public func limit() throws(Problem) -> Int {
        try integer("limit", in: 1...100, default: 30)
    }

    /// Where a list goes on; from the top when no cursor is given.
    public func below(_ list: PageCursor.List, _ signer: CursorSigner) throws(Problem) -> ID {
        guard let text = parameter("cursor") else { return .max }
        guard let cursor = PageCursor(text, list, viewer: viewer ?? .zero, signer) else {
            throw Problem(.invalidCursor, "the cursor was not made for this list and caller", field: "cursor")
        }
        return cursor.below
    }

    /// The body as a JSON object with these fields.
    public func body(_ fields: [String]) throws(Problem) -> Body {
        try request.checkBodyIsJSON()
        return try Body(request.body, fields: fields)
    }

    /// A route without fields takes no body, or an empty object.
    public func expectNoFields() throws(Problem) {
        if !request.body.isEmpty { _ = try body([]) }
    }

    /// The caller's key for this write, checked.
    public func idempotencyKey() throws(Problem) -> String? {
        guard request.headers.first("idempotency-key") != nil else { return nil }
        guard let key = request.headers.only("idempotency-key") else {
            throw Problem(.invalidField, "Idempotency-Key is given twice", field: "Idempotency-Key")
        }
        guard (1...128).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw Problem(.invalidField, "1 to 128 visible ASCII characters", field: "Idempotency-Key")
        }
        return key
    }

    /// W3C Trace Context, version 00; anything else is not passed on.
    private static func traceparent(_ text: String) -> String? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let lengths = [2, 32, 16, 2]
        guard parts.count == 4,
            zip(parts, lengths).allSatisfy({ $0.utf8.count == $1 && $0.utf8.allSatisfy(isLowerHex) })
        else { return nil }
        return text
    }
}

private func isLowerHex(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (97...102).contains(byte)
}
