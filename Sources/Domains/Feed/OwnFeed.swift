public import Core
public import Posts
import Runtime

/// The author's own feed has a post before the answer is read. The fan-out brings it again, which changes nothing.
public struct OwnFeed: PostObserver {
    /// Milliseconds that an answer waits for it: Redis may hang, and the fan-out brings the post anyway.
    private static let patience = 100
    private let timelines: Timelines

    public init(timelines: Timelines) {
        self.timelines = timelines
    }

    public func posted(_ event: Envelope, after previous: ID) async {
        guard let change = TimelineEvent(.created, event) else { return }
        let isShown = await ends(within: Self.patience) { [timelines] in
            (try? await timelines.deliverToAuthor(change, after: previous)) != nil
        }
        if !isShown {
            Log.debug("own feed waits for the fan-out", ["request_id": .text(event.requestID)])
        }
    }
}
