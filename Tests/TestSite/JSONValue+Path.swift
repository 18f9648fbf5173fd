public import Core

/// What is not there is `null`, so that a test reads a path and compares.
extension JSONValue {
    public subscript(name: String) -> JSONValue { object?[name] ?? .null }

    public subscript(index: Int) -> JSONValue {
        guard let array, array.indices.contains(index) else { return .null }
        return array[index]
    }
}
