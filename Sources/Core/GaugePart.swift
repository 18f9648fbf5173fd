import Synchronization

/// The part of a gauge that one of several sets, each for itself: one for each loop of the sockets. The gauge shows their sum,
/// or the largest. A part that goes counts no more.
public final class GaugePart: Sendable {
    public enum Kind: Sendable { case sum, largest }

    private let gauge: Gauge
    private let kind: Kind

    /// - Parameter kind: the same for all parts of a gauge, which nobody sets besides.
    public init(of gauge: Gauge, _ kind: Kind) {
        self.gauge = gauge
        self.kind = kind
    }

    public func set(_ new: Int) { gauge.set(new, part: ObjectIdentifier(self), isSum: kind == .sum) }

    deinit { gauge.set(nil, part: ObjectIdentifier(self), isSum: kind == .sum) }
}
