import Core
import Push
import PushDelivery

/// Requests that go through the sender at the same time.
struct Sending {
    let provider: PushProvider
    let request: PushRequest
    let authorities: String
    let count: Int
    let milliseconds: Int

    func run() async throws -> JSONValue {
        guard let host = WebAddress.origin(of: request.url) else { throw ToolError("no address") }
        var options = PushSenderOptions()
        options.authorities = authorities
        options.exempt = [IPRange("127.0.0.0/8")!]
        options.milliseconds = milliseconds
        let sender = PushSender(options)
        let route = PushRoute(provider, credential: "tool", host: host, device: "tool")
        let results = await withTaskGroup(of: JSONValue.self) { group in
            for _ in 0..<count { group.addTask { Self.value(await sender.send(request, on: route)) } }
            return await group.reduce(into: [JSONValue]()) { $0.append($1) }
        }
        let state = try await sender.state()
        sender.stop()
        return ["results": .array(results), "connections": .integer(Int64(state.connectionsOpened))]
    }

    private static func value(_ result: PushResult) -> JSONValue {
        guard case .attempted(let verdict) = result else { return ["outcome": .string("\(result)")] }
        return [
            "outcome": .string(verdict.outcome.name), "status": verdict.status.map { .integer(Int64($0)) } ?? .null,
            "reason": verdict.reason.map { .string($0) } ?? .null,
        ]
    }
}
