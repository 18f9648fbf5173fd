import Core

/// What clients may ask for at one address by one method, and who answers: all that is known of it, in one value. The
/// router serves what is declared here, and the document tells it.
public struct Operation: Sendable {
    public enum Method: String, Sendable, CaseIterable {
        case get = "GET"
        case put = "PUT"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    public let method: Method
    public let path: Path
    /// Unique in the document.
    public let id: String
    public let tag: Tag
    public let summary: String
    public let description: String
    public let access: Access
    public let rate: RateClass
    /// What an address may have of it beside the limit of its class.
    public let addressRate: RateLimiter.Rate?
    /// Other limits that count it, in words.
    public let otherLimits: String
    public let lane: Lane
    /// Of the query. One that is not declared is an error.
    public let parameters: [Declaration]
    /// Request headers that mean something here and not everywhere.
    public let headers: [HeaderField]
    public let body: RequestBody?
    public let responses: [DeclaredResponse]
    /// Codes beyond those that follow from the rest: see `problems`.
    let declaredProblems: [ErrorCode]
    public let idempotency: IdempotencyRule
    /// How long a response may get, where that is more than a few KB: room for it is taken before the work begins.
    /// Operations whose requests wait take it by `RequestContext.hold`, when their turn has come.
    public let largest: Int
    public let transport: Transport
    /// May who is suspended ask for it? What reads, and ends, is for all.
    public let servesSuspended: Bool
    /// The query is the page's own that is served: it is not looked at here.
    public let ignoresQuery: Bool

    /// - Parameters:
    ///   - rate: `nil`: by the method.
    ///   - lane: `nil`: by the method; a write is taken to make events.
    ///   - servesSuspended: `nil`: by the method and the transport.
    public init(
        _ method: Method, _ path: Path, id: String, tag: Tag, _ summary: String, description: String = "",
        access: Access = .signedIn, rate: RateClass? = nil, addressRate: RateLimiter.Rate? = nil,
        otherLimits: String = "", lane: Lane? = nil, parameters: [any Declares] = [], headers: [HeaderField] = [],
        body: RequestBody? = nil, responses: [DeclaredResponse], problems: [ErrorCode] = [],
        idempotency: IdempotencyRule = .none, largest: Int = 0, servesSuspended: Bool? = nil,
        ignoresQuery: Bool = false, transport: Transport
    ) {
        self.method = method
        self.path = path
        self.id = id
        self.tag = tag
        self.summary = summary
        self.description = description
        self.access = access
        self.rate = rate ?? (method == .get ? .read : .write)
        self.addressRate = addressRate
        self.otherLimits = otherLimits
        self.lane = lane ?? (method == .get ? .read : .write(makesEvents: true))
        let ticket: [Declaration] = if case .ticket(let ticket) = access { [ticket.declaration] } else { [] }
        self.parameters = ticket + parameters.map(\.declaration)
        self.headers = headers
        self.body = body
        self.responses = responses
        declaredProblems = problems
        self.idempotency = idempotency
        self.largest = largest
        self.transport = transport
        self.servesSuspended = servesSuspended ?? (method == .get && transport.isAnswered)
        self.ignoresQuery = ignoresQuery
        check()
    }

    /// One whose handler makes the response.
    public init(
        _ method: Method, _ path: Path, id: String, tag: Tag, _ summary: String, description: String = "",
        access: Access = .signedIn, rate: RateClass? = nil, addressRate: RateLimiter.Rate? = nil,
        otherLimits: String = "", lane: Lane? = nil, parameters: [any Declares] = [], headers: [HeaderField] = [],
        body: RequestBody? = nil, responses: [DeclaredResponse], problems: [ErrorCode] = [],
        idempotency: IdempotencyRule = .none, largest: Int = 0, servesSuspended: Bool? = nil,
        ignoresQuery: Bool = false, handler: @escaping Transport.Handler
    ) {
        self.init(
            method, path, id: id, tag: tag, summary, description: description, access: access, rate: rate,
            addressRate: addressRate, otherLimits: otherLimits, lane: lane, parameters: parameters, headers: headers,
            body: body, responses: responses, problems: problems, idempotency: idempotency, largest: largest,
            servesSuspended: servesSuspended, ignoresQuery: ignoresQuery, transport: .response(handler))
    }

    /// All that it declares to be read, in the order in which it is read.
    var declarations: [Declaration] { path.placeholders + parameters + (body?.fields ?? []) }

    /// A mistake in a declaration ends the program at its start.
    private func check() {
        precondition(parameters.allSatisfy { $0.place == .query }, "\(id): a parameter that is not the query's")
        if case .owner(let user, _) = access {
            precondition(path.placeholders.contains { $0 === user.declaration }, "\(id): the owner is not in its path")
        }
        precondition(method != .get || body == nil && idempotency == .none, "\(id): GET with a body or a key")
        for place in [Declaration.Place.path, .query, .body] {
            let names = declarations.filter { $0.place == place }.map(\.name)
            precondition(Set(names).count == names.count, "\(id): a name appears twice in its \(place.rawValue)")
        }
    }
}
