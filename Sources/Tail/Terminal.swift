import Glibc
import HTTPClient

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
    private let interrupt: Interrupt

    private let command: String

    /// - Parameter command: whose complaints they are.
    init(_ terminal: Terminal, _ color: TailOptions.Color, _ interrupt: Interrupt, command: String) {
        self.command = command
        self.interrupt = interrupt
        style = Style(isOn: terminal.isTerminal && terminal.shows(color))
    }

    func show(_ text: String) { write(style.dim(Harmless.visible(text, breaks: false)) + "\n") }

    func complain(_ text: String) { write("martlet \(command): \(Harmless.visible(text, breaks: false))\n") }

    /// Posts are not held up for long by who does not read notices.
    private func write(_ line: String) {
        var watched = [
            pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: interrupt.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        // The last one comes after the interrupt.
        _ = poll(&watched, interrupt.hasFired ? 1 : 2, 1000)
        guard watched[0].revents != 0 else { return }
        let bytes = Array(line.utf8.prefix(Int(PIPE_BUF)))
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
