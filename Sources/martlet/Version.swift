import CBuild
import Core

/// What this program is called, and what it was built from.
enum Version {
    static let number = "1.0.0"
    static let commit = String(cString: martlet_build_commit())
    static let name = "Martlet \(number), commit \(commit)"

    /// In `/metrics`, from now on.
    static func tell() {
        Metrics.shared.gauge(.buildInfo, "version=\"\(number)\",commit=\"\(commit)\"").set(1)
    }
}
