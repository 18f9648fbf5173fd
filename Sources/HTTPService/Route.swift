import Core

/// An operation in the router, with what is counted of it.
final class Route: Sendable {
    let operation: Operation
    /// What it reads, in the order in which it is read.
    let declarations: [Declaration]
    let parameterNames: [String]
    let duration: Histogram
    /// For logs and metrics: the method and the path are those of the declaration, not the client's.
    let name: String

    init(_ operation: Operation) {
        self.operation = operation
        declarations = operation.declarations
        parameterNames = operation.parameters.map(\.name)
        name = operation.path.template
        duration = Metrics.shared.histogram(
            "martlet_http_request_seconds", "method=\"\(operation.method.rawValue)\",route=\"\(name)\"",
            help: "Time from a whole request to its response")
    }

    /// What goes into `Allow`: where there is a GET, HEAD works, too.
    var methods: [String] { operation.method == .get ? ["GET", "HEAD"] : [operation.method.rawValue] }

    func takes(_ method: String) -> Bool {
        method.isExactly(operation.method.rawValue) || operation.method == .get && method.isExactly("HEAD")
    }
}
