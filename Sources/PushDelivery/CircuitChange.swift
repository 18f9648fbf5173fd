/// A circuit has opened or closed.
struct CircuitChange: Equatable {
    let key: CircuitKey
    let isOpen: Bool
    /// Empty for one that has closed.
    let cause: String
}
