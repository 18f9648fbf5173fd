import TestSite

/// What one operation must show, in every case.
struct VisibilityRow: Sendable {
    typealias World = VisibilityWorld
    typealias Things = Set<World.Thing>

    struct Seen: Equatable, Sendable {
        let status: Int
        let things: Things

        init(_ status: Int, _ things: Things = []) {
            self.status = status
            self.things = things
        }
    }

    /// A request, and what comes of it.
    struct Probe: Sendable {
        let name: String
        let send: @Sendable (World) async throws -> TestResponse
        let expected: @Sendable (VisibilityCase) -> Seen
    }

    let probes: [Probe]
    /// Each probe changes its world, which no other has then; or is refused and leaves it as it was.
    let isWrite: Bool

    /// What has nothing of others in it.
    /// - Parameter reason: why not.
    static func ownOnly(_ reason: String) -> VisibilityRow { VisibilityRow(probes: [], isWrite: false) }

    static func reads(_ probes: Probe...) -> VisibilityRow { VisibilityRow(probes: probes, isWrite: false) }
    static func writes(_ probes: Probe...) -> VisibilityRow { VisibilityRow(probes: probes, isWrite: true) }
}

extension VisibilityRow.Probe {
    /// - Parameters:
    ///   - needsSession: 401 without one.
    ///   - expected: of a caller who is let in.
    init(
        _ name: String, needsSession: Bool = false,
        expected: @escaping @Sendable (VisibilityCase) -> VisibilityRow.Seen,
        send: @escaping @Sendable (VisibilityWorld) async throws -> TestResponse
    ) {
        self.init(
            name: name, send: send,
            expected: { needsSession && !$0.isSignedIn ? VisibilityRow.Seen(401) : expected($0) })
    }
}
