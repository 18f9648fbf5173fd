public import Core

/// Who must know of a post once it is committed, and before its answer.
public protocol PostObserver: Sendable {
    /// - Parameters:
    ///   - event: `PostEvent.created`, as it goes to the log.
    ///   - previous: the author's post that was accepted before; `.zero`: it is the first.
    func posted(_ event: Envelope, after previous: ID) async
}
