/// `martlet-fuzz [TARGET…] [--inputs N] [--seed S] [--slow MS] [--corpus FOLDER] [--crashes FOLDER] [--input FILE]`
struct Options {
    var targets: [FuzzTarget] = []
    var inputs = 1_000_000
    var seed: UInt64 = 1
    /// Milliseconds of CPU time that an input may take.
    var slow = 100
    var corpus = "Tests/Fuzz/corpus"
    /// Where the input of a finding is written.
    var crashes = ".build"
    /// One input to be read instead of mutations.
    var input: String?

    static let usage = """
        martlet-fuzz [TARGET...] [--inputs N] [--seed S] [--slow MS] [--corpus FOLDER] [--crashes FOLDER]
        martlet-fuzz TARGET --input FILE
        targets: \(FuzzTarget.all.map(\.name).joined(separator: " "))
        """

    /// `nil` for what is not understood.
    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("--") else {
                guard let target = FuzzTarget.all.first(where: { $0.name == argument }) else { return nil }
                targets.append(target)
                continue
            }
            guard let value = rest.popFirst(), set(argument, value) else { return nil }
        }
        if targets.isEmpty { targets = FuzzTarget.all }
        if input != nil, targets.count != 1 { return nil }
    }

    private mutating func set(_ name: String, _ value: String) -> Bool {
        switch name {
        case "--corpus": corpus = value
        case "--crashes": crashes = value
        case "--input": input = value
        default: return setNumber(name, value)
        }
        return true
    }

    private mutating func setNumber(_ name: String, _ value: String) -> Bool {
        guard let number = Int(value), number >= 0 else { return false }
        switch name {
        case "--inputs": inputs = number
        case "--seed": seed = UInt64(number)
        case "--slow": slow = number
        default: return false
        }
        return true
    }
}
