import Core

/// What the operator asks: is it alive, can it serve, what does it count. Answered when nothing else is.
public struct ProcessOperations: Sendable {
    private let readiness: @Sendable () async -> Readiness

    public init(readiness: @escaping @Sendable () async -> Readiness) {
        self.readiness = readiness
    }

    public var all: [Operation] {
        [
            operation("/healthz", id: "health", "Does the process live?", [.json(Self.health, "Yes.")]) { _ in
                .json(Array(#"{"status":"alive"}"#.utf8))
            },
            operation(
                "/readyz", id: "readiness", "Can it serve?",
                [
                    .json(Self.health, "Yes. `degraded` names what is not there, where its roles can do without."),
                    .json(Self.unready, "No: `missing` names what is not there.", status: 503),
                ]
            ) { _ in
                let readiness = await readiness()
                return .json(status: readiness.missing.isEmpty ? 200 : 503) { Self.append(readiness, to: &$0) }
            },
            operation(
                "/metrics", id: "metrics", "Metrics for Prometheus",
                [.text(["text/plain"], "The text format.", example: "martlet_queue_length{queue=\"outbox\"} 0\n")]
            ) { _ in
                Response(
                    status: 200, headers: [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")],
                    body: Array(Metrics.shared.render().utf8))
            },
        ]
    }

    private func operation(
        _ path: Path, id: String, _ summary: String, _ responses: [DeclaredResponse],
        handler: @escaping Transport.Handler
    ) -> Operation {
        Operation(
            .get, path, id: id, tag: .process, summary, access: .anyone, rate: .free, lane: .free,
            responses: responses, handler: handler)
    }

    private static let health = Component(
        "Health",
        .object([
            .always("status", .word(of: ["alive", "ready"])),
            .sometimes("degraded", .array(of: .string(), count: 1...Int.max)),
        ]), example: ["status": "ready"])

    private static let unready = Component(
        "Unready",
        .object([
            .always("status", .constant("not ready")),
            .always("missing", .array(of: .string(), count: 1...Int.max)),
            .sometimes("degraded", .array(of: .string(), count: 1...Int.max)),
        ])
    ) { append(Readiness(missing: ["redis"]), to: &$0) }

    private static func append(_ readiness: Readiness, to writer: inout ByteWriter) {
        writer.append(ascii: readiness.missing.isEmpty ? #"{"status":"ready""# : #"{"status":"not ready""#)
        append(readiness.missing, after: #","missing":["#, to: &writer)
        append(readiness.degraded, after: #","degraded":["#, to: &writer)
        writer.append(ascii: "}")
    }

    private static func append(_ names: [String], after key: StaticString, to writer: inout ByteWriter) {
        guard !names.isEmpty else { return }
        writer.append(ascii: key)
        for (index, name) in names.enumerated() {
            if index > 0 { writer.append(ascii: ",") }
            writer.append(jsonString: name)
        }
        writer.append(ascii: "]")
    }
}
