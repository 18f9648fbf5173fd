/// What an operation declares of its requests, as a request carries it along.
final class RequestShape: Sendable {
    /// The operation's id.
    let name: String
    /// What is read of a request, in the order in which it is read.
    let declarations: [Declaration]
    let idempotency: IdempotencyRule

    init(name: String, declarations: [Declaration], idempotency: IdempotencyRule) {
        self.name = name
        self.declarations = declarations
        self.idempotency = idempotency
    }
}
