import Core
import HTTPService

/// Tells observers of changes that are committed.
public struct AudienceChanges: Sendable {
    let observers: [any AudienceObserver]

    /// What fails here is finished later by upkeep, or hidden at read.
    public func tell(_ change: AudienceChange, requestID: String) async {
        for observer in observers {
            do {
                try await observer.changed(change)
            } catch {
                Log.warning(.feedNotRepaired, ["request_id": .text(requestID), "error": .text("\(error)")])
            }
        }
    }
}
