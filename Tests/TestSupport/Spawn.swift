import Glibc

/// Starts a program beside a test. Foundation has a class for it; but what imports Foundation, by way of a module that does
/// even, can't be compiled beside ICU, which domains bring to tests by `@testable import`.
/// - Parameter output: a descriptor for what it prints; without one nobody hears of it, nor of its errors.
/// - Returns: its number, for `waitpid`.
func spawn(_ program: String, _ arguments: [String], output: Int32? = nil) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    if let output {
        posix_spawn_file_actions_adddup2(&actions, output, 1)
    } else {
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    }
    let texts = ([program] + arguments).map { strdup($0) }
    let environment = [strdup("PATH=/usr/bin:/bin")]
    defer { (texts + environment).forEach { free($0) } }
    var number: pid_t = 0
    let status = posix_spawn(&number, program, &actions, nil, texts + [nil], environment + [nil])
    guard status == 0 else { throw SpawnError(program: program, number: status) }
    return number
}

struct SpawnError: Error, CustomStringConvertible {
    let program: String
    let number: Int32

    var description: String { "\(program): \(String(cString: strerror(number)))" }
}
