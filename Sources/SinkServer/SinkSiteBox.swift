import Core
import Sink

/// The receivers and what they got, as connections and the control share them. Lives on the sink's loop.
final class SinkSiteBox {
    let origin: Origin
    var site: SinkSite
    var received: Received

    init(_ origin: Origin, _ site: SinkSite, kept: Int) {
        (self.origin, self.site, received) = (origin, site, Received(limit: kept))
    }
}

@available(*, unavailable)
extension SinkSiteBox: Sendable {}
