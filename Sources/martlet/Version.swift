/// What this program is called.
enum Version {
    static let number = "1.0.0"
    static let name = "Martlet \(number)"
}
