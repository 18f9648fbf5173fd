import Glibc
import HTTPClient
import Runtime

/// `martlet tail`: shows the feed of a user as it happens, until it is told to end. Posts go to standard output,
/// what happens to the connection to standard error.
///
/// The caller has called `Signals.block()`. It blocks the calling thread.
/// - Returns: the exit code, of `TailExit`.
public func runTail(_ options: TailOptions) -> Int32 {
    let interrupt = Interrupt()
    Signals.onTermination { _ in interrupt.fire() }
    let terminal = Terminal(descriptor: STDOUT_FILENO)
    let color = terminal.shows(options.color)
    let renderer: any Renderer =
        if options.json {
            JSONLines()
        } else if terminal.isTerminal || options.color == .always {
            PrettyText(color: color, width: { terminal.width })
        } else {
            PlainLines()
        }
    let notices = Notices(Terminal(descriptor: STDERR_FILENO), options.color, interrupt)
    do {
        let session = try TailSession(
            options, renderer: renderer, output: DescriptorOutput(STDOUT_FILENO, interrupt), interrupt: interrupt,
            notice: notices.show)
        try session.run()
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
