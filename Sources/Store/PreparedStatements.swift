/// What one connection has prepared, by the text. When it has prepared many it has them all forgotten, for the server keeps
/// each, those of batches that failed included: a program with a statement for each length of some list would fill it.
struct PreparedStatements {
    /// What one batch prepares: it exists once the batch has succeeded.
    struct Batch {
        /// `DEALLOCATE ALL` goes before the batch.
        let forgetsAll: Bool
        fileprivate let generation: Int
        fileprivate var names: [String: String] = [:]
    }

    private let most: Int
    private var names: [String: String] = [:]
    private var generation = 0
    /// Names that were given, and how many of them before the server was told to forget.
    private var given = 0
    private var forgotten = 0

    init(most: Int = 256) { self.most = most }

    mutating func begin() -> Batch {
        guard given - forgotten >= most else { return Batch(forgetsAll: false, generation: generation) }
        (names, forgotten, generation) = ([:], given, generation + 1)
        return Batch(forgetsAll: true, generation: generation)
    }

    /// - Returns: the statement's name, and whether the batch must prepare it.
    mutating func name(of text: String, in batch: inout Batch) -> (name: String, isNew: Bool) {
        if let known = names[text] ?? batch.names[text] { return (known, false) }
        let name = "s\(given)"
        given += 1
        batch.names[text] = name
        return (name, true)
    }

    /// What was forgotten while the batch was under way is not there any more.
    mutating func succeeded(_ batch: Batch) {
        if batch.generation == generation { names.merge(batch.names) { known, _ in known } }
    }
}
