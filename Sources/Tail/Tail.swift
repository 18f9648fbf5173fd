import Glibc
import HTTPClient
import Runtime

/// `martlet tail`: shows the feed of a user as it happens, until it is told to end. Posts go to standard output,
/// what happens to the connection to standard error.
///
/// The caller has called `Signals.block()`. It blocks the calling thread.
/// - Returns: the exit code, of `TailExit`.
public func runTail(_ options: TailOptions) -> Int32 {
    runInTerminal(options, command: "tail") { (renderer, output, notices, interrupt) throws(TailEnd) in
        let session = try TailSession(
            options, renderer: renderer, output: output, interrupt: interrupt, notice: notices.show)
        try session.run()
    }
}

/// Runs a command to its end, with what shows things as the options and the terminal say.
/// - Returns: the exit code, of `TailExit`.
func runInTerminal(
    _ options: TailOptions, command: String,
    _ body: (any Renderer, DescriptorOutput, Notices, Interrupt) throws(TailEnd) -> Void
) -> Int32 {
    let interrupt = Interrupt()
    Signals.onTermination { _ in interrupt.fire() }
    let terminal = Terminal(descriptor: STDOUT_FILENO)
    let renderer: any Renderer =
        if options.json {
            JSONLines()
        } else if terminal.isTerminal || options.color == .always {
            PrettyText(color: terminal.shows(options.color), width: { terminal.width })
        } else {
            PlainLines()
        }
    let notices = Notices(Terminal(descriptor: STDERR_FILENO), options.color, interrupt, command: command)
    do {
        try body(renderer, DescriptorOutput(STDOUT_FILENO, interrupt), notices, interrupt)
        return TailExit.ended
    } catch {
        switch error {
        case .interrupted: return TailExit.signal(Signals.received)
        case .outputClosed: return TailExit.ended
        case .failed(let message, let code):
            notices.complain(message)
            return code
        }
    }
}
