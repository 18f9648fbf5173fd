import Core
import HTTPService
import Synchronization

/// What the operator asks: is it alive, can it serve, what does it count.
struct OperationRoutes: Sendable {
    static let paths = ["/healthz", "/readyz", "/metrics"]

    /// Names what is missing; empty: it can serve.
    let missing: @Sendable () async -> [String]

    var routes: [Route] {
        [
            Route("GET", "/healthz", .anyone, .free) { _ in
                .json(Array(#"{"status":"alive"}"#.utf8))
            },
            Route("GET", "/readyz", .anyone, .free) { _ in
                let missing = await missing()
                return .json(status: missing.isEmpty ? 200 : 503) { writer in
                    writer.append(missing.isEmpty ? #"{"status":"ready""# : #"{"status":"not ready","missing":["#)
                    for (index, name) in missing.enumerated() {
                        if index > 0 { writer.append(ascii: ",") }
                        writer.append(jsonString: name)
                    }
                    writer.append(missing.isEmpty ? "}" : "]}")
                }
            },
            Route("GET", "/metrics", .anyone, .free) { _ in
                Answer(
                    status: 200, headers: [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")],
                    body: Array(Metrics.shared.render().utf8))
            },
        ]
    }
}
