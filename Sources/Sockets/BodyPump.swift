import Runtime

/// Sends a body in pieces, as fast as its client takes them and no faster. Confined to its loop.
final class BodyPump: TransportOwner {
    private let pieces: BodyPieces
    private let stream: any LiveTransport
    private let loop: EventLoop
    private var offset = 0
    /// A piece is being made.
    private var making: Task<Void, Never>?
    /// One was made before the head had gone out.
    private var ready: [UInt8]?

    init(_ pieces: BodyPieces, over stream: any LiveTransport, on loop: EventLoop) {
        (self.pieces, self.stream, self.loop) = (pieces, stream, loop)
    }

    func drained() {
        guard making == nil, !stream.isClosed, !stream.isBacklogged else { return }
        if let piece = ready.take() { return send(piece) }
        let missing = pieces.length - offset
        guard missing > 0, stream.reserve(min(pieces.largest, missing)) else { return stream.close() }
        let (pump, pieces, offset) = (LoopBound.holding(self, on: loop), pieces, offset)
        making = Task {
            let piece = try? await pieces.next(offset)
            pump.run { $0.send(piece) }
        }
    }

    private func send(_ piece: [UInt8]?) {
        making = nil
        guard !stream.isClosed else { return }
        guard !stream.isBacklogged else { return ready = piece }
        guard let piece, !piece.isEmpty, piece.count <= pieces.length - offset else { return stream.close() }
        offset += piece.count
        piece.withUnsafeBytes(stream.write)
        _ = stream.reserve(0)
        drained()
    }

    func closed(_ reason: CloseReason) { making?.cancel() }
}

@available(*, unavailable)
extension BodyPump: Sendable {}
