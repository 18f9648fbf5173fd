import Core
import Sockets

/// What every operation wants checked. The order is a promise of its own: who may not ask learns nothing of the request.
extension Router {
    func context(
        of request: HTTPRequest, _ requestID: String, _ route: Route, _ places: [Range<Int>]
    ) throws(Problem) -> RequestContext {
        let operation = route.operation
        let caller = try authenticate(request, route)
        try checkStays(operation, caller)
        let address = options.trustedProxies.callerAddress(of: request)
        try checkRate(operation, caller?.user, address)
        if !operation.servesSuspended, let caller, let problem = authenticator.refusal(of: caller) { throw problem }
        if !operation.ignoresQuery { try request.checkParameters(route.parameterNames) }
        let takesBody = operation.method != .get
        if takesBody { try request.checkBodyIsPlain() }
        var values: [any Sendable] = []
        values.reserveCapacity(route.shape.declarations.count)
        try readPath(request, operation, places, &values)
        try checkOwner(operation, caller, values)
        for parameter in operation.parameters {
            values.append(try parameter.read(request.parameter(parameter.name).map { .string($0) }))
        }
        if takesBody { try readBody(request, operation, &values) }
        return RequestContext(
            request, requestID: requestID, shape: route.shape, values: values, authenticated: caller, address: address,
            idempotencyKey: operation.idempotency == .none ? nil : try request.idempotencyKey(),
            holder: .init(address: options.trustedProxies.client(of: request), user: caller?.user),
            budget: options.budget)
    }

    private func checkStays(_ operation: Operation, _ caller: Caller?) throws(Problem) {
        guard let caller, caller.isLeaving else { return }
        if case .signedInOrLeaving = operation.access { return }
        throw Problem(.forbidden, "the account is about to be deleted: cancel that first (DELETE /v1/me/deletion)")
    }

    private func readPath(
        _ request: HTTPRequest, _ operation: Operation, _ places: [Range<Int>], _ values: inout [any Sendable]
    ) throws(Problem) {
        guard !places.isEmpty else { return }
        let path = Array(request.path.utf8)
        for (placeholder, place) in zip(operation.path.placeholders, places) {
            values.append(try placeholder.read(.string(String(decoding: path[place], as: UTF8.self))))
        }
    }

    private func checkOwner(_ operation: Operation, _ caller: Caller?, _ path: [any Sendable]) throws(Problem) {
        guard case .owner(let parameter, let refusal) = operation.access else { return }
        let index = operation.path.placeholders.firstIndex { $0 === parameter.declaration }!
        guard path[index] as? ID == caller?.user else { throw Problem(.forbidden, refusal) }
    }

    /// An operation without fields, or without one that is required, takes no body as an empty object.
    private func readBody(
        _ request: HTTPRequest, _ operation: Operation, _ values: inout [any Sendable]
    ) throws(Problem) {
        guard let body = operation.body else {
            guard !request.body.isEmpty else { return }
            try request.checkBodyIsJSON()
            _ = try RequestBody.object(request.body, [])
            return
        }
        guard !request.body.isEmpty || body.isRequired else { return try body.read(Array("{}".utf8), &values) }
        try request.checkBodyIsJSON()
        try body.read(request.body, &values)
    }

    // MARK: Who asks, and how often

    private func authenticate(_ request: HTTPRequest, _ route: Route) throws(Problem) -> Caller? {
        switch route.operation.access {
        case .anyone: return nil
        case .optional:
            guard let token = try request.bearerToken() else { return nil }
            return try authenticator.authenticate(token)
        case .signedIn, .signedInOrLeaving, .owner:
            guard let token = try request.bearerToken() else {
                throw Problem(.unauthenticated, "send an access token as Authorization: Bearer")
            }
            return try authenticator.authenticate(token)
        case .ticket(let ticket):
            // A query that can't be read has no ticket.
            try request.checkParameters(route.parameterNames)
            guard request.parameter(ticket.name) == nil else { return nil }
            guard let token = try request.bearerToken() else {
                throw Problem(.unauthenticated, "a stream needs a ticket, or Authorization: Bearer")
            }
            return try authenticator.authenticate(token)
        }
    }

    private func checkRate(_ operation: Operation, _ user: ID?, _ address: String) throws(Problem) {
        guard options.limitsAreOn else { return }
        for (key, rate) in operation.buckets(user: user, address: address) {
            guard let seconds = limiter.take(key, rate) else { continue }
            throw Problem(.rateLimited, "too many requests: wait \(seconds) s", retryAfter: seconds)
        }
    }
}
