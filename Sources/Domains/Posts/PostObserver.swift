public import Core

/// Who must know of a post once it is committed, and before its answer.
public protocol PostObserver: Sendable {
    /// - Parameter previous: the author's post that was accepted before; `.zero`: it is the first.
    func posted(_ post: PostView, after previous: ID, _ trace: TraceContext) async
}
