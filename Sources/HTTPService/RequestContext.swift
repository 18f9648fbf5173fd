public import Core
public import Sockets

/// A request on its way through an operation: what was asked for, by whom, and the pieces that the operation declares, read
/// and checked: `request[PostFields.text]`.
public final class RequestContext: Sendable {
    public let http: HTTPRequest
    public let requestID: String
    /// `nil` when not signed in; never where the operation needs it.
    public let authenticated: Caller?
    /// Whose limits count it.
    public let address: String
    /// Checked; `nil` where the operation takes none.
    public let idempotencyKey: String?
    let route: Route
    private let values: [any Sendable]
    private let holder: FairShare.Holder
    private let budget: ByteBudget

    /// - Parameter values: of the route's declarations, in their order.
    init(
        _ http: HTTPRequest, requestID: String, route: Route, values: [any Sendable], authenticated: Caller?,
        address: String, idempotencyKey: String?, holder: FairShare.Holder, budget: ByteBudget
    ) {
        self.http = http
        self.requestID = requestID
        self.route = route
        self.values = values
        self.authenticated = authenticated
        self.address = address
        self.idempotencyKey = idempotencyKey
        self.holder = holder
        self.budget = budget
    }

    /// The value of what the operation declares. To ask for something else is a bug of the handler.
    public subscript<Declared: Declares>(_ declared: Declared) -> Declared.Value {
        let declaration = declared.declaration
        let places = route.declarations
        guard
            let index = places.firstIndex(where: { $0 === declaration })
                ?? places.firstIndex(where: { $0.place == declaration.place && $0.name == declaration.name })
        else { preconditionFailure("\(route.operation.id) does not declare \(declaration.name)") }
        guard let value = values[index] as? Declared.Value else {
            preconditionFailure("\(route.operation.id) declares another \(declaration.name)")
        }
        return value
    }

    public var operation: Operation { route.operation }

    // MARK: Who asks

    public var viewer: ID? { authenticated?.user }

    /// The caller of an operation that needs one.
    public var caller: ID { authenticated!.user }

    public var trace: TraceContext {
        TraceContext(requestID: requestID, traceparent: http.headers.only("traceparent").flatMap(Self.traceparent))
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

    // MARK: Room for the response

    /// Room for a response, before any work for it is done; it is the caller's address and user that hold it.
    /// - Parameter bytes: of its body, at most.
    public func hold(_ bytes: Int) throws(Problem) -> HeldBytes {
        guard let held = budget.take(bytes + Self.headRoom, for: holder) else {
            // Those who come back do not come back together.
            throw Problem(
                .overloaded, "too many responses wait to be read: there is no room for this one, try again",
                retryAfter: .random(in: 1...3))
        }
        return held
    }

    /// For the head of a response.
    private static let headRoom = 1024
}

private func isLowerHex(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (97...102).contains(byte)
}
