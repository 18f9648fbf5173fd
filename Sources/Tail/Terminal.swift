import Glibc

/// A file descriptor that may be a terminal.
struct Terminal {
    private let descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    var isTerminal: Bool { isatty(descriptor) == 1 }

    /// In columns, as it is now; 80 where nobody knows.
    var width: Int {
        var size = winsize()
        if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        return variable("COLUMNS").flatMap { Int($0) } ?? 80
    }

    func shows(_ color: TailOptions.Color) -> Bool {
        switch color {
        case .always: true
        case .never: false
        case .auto: isTerminal && (variable("NO_COLOR") ?? "").isEmpty && variable("TERM") != "dumb"
        }
    }

    private func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}

/// What is said about the connection, a line each.
struct Notices {
    private let style: Style

    init(_ terminal: Terminal, _ color: TailOptions.Color) {
        style = Style(isOn: terminal.isTerminal && terminal.shows(color))
    }

    func show(_ text: String) { write(style.dim(Harmless.visible(text, breaks: false)) + "\n") }

    func complain(_ text: String) { write("martlet tail: \(Harmless.visible(text, breaks: false))\n") }

    private func write(_ line: String) {
        let bytes = Array(line.utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
