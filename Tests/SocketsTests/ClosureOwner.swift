import Sockets

/// Hears what happens to a transport, by closures.
private final class ClosureOwner: TransportOwner {
    var onMessage: ((_ payload: [UInt8], _ isText: Bool) -> Void)?
    var onDrained: (() -> Void)?
    var onClosed: ((CloseReason) -> Void)?

    func received(_ payload: [UInt8], isText: Bool) { onMessage?(payload, isText) }
    func drained() { onDrained?() }
    func closed(_ reason: CloseReason) { onClosed?(reason) }
}

extension LiveTransport {
    fileprivate var closures: ClosureOwner {
        if let known = owner as? ClosureOwner { return known }
        let new = ClosureOwner()
        owner = new
        return new
    }

    var onDrained: (() -> Void)? {
        get { closures.onDrained }
        set { closures.onDrained = newValue }
    }

    var onClosed: ((CloseReason) -> Void)? {
        get { closures.onClosed }
        set { closures.onClosed = newValue }
    }
}

extension WebSocket {
    var onMessage: ((_ payload: [UInt8], _ isText: Bool) -> Void)? {
        get { closures.onMessage }
        set { closures.onMessage = newValue }
    }
}
