public import Core
public import Push

/// Whom a request is for, as far as limits and circuits are concerned.
public struct PushRoute: Sendable, Hashable {
    public let provider: PushProvider
    /// Of ours, by a name that may be shown: a key's, a team's, a project's. Webhooks have none but their own: empty.
    public let credential: String
    public let host: Origin
    /// By a name of ours.
    public let device: String
    /// Whose device it is, by a name of ours: what one user's devices are refused says nothing of others'.
    public let owner: String

    /// - Parameter owner: `nil`: the device is all that is known of him.
    public init(_ provider: PushProvider, credential: String, host: Origin, device: String, owner: String? = nil) {
        (self.provider, self.credential, self.host, self.device) = (provider, credential, host, device)
        self.owner = owner ?? device
    }

    /// What a circuit is kept for, from the narrowest.
    var circuits: [CircuitKey] {
        [deviceCircuit, hostCircuit, credentialCircuit]
    }

    var deviceCircuit: CircuitKey { .device(provider, device) }
    var hostCircuit: CircuitKey { .host(provider, credential, host) }
    var credentialCircuit: CircuitKey { .credential(provider, credential) }

    func circuit(_ scope: PushVerdict.Scope) -> CircuitKey {
        switch scope {
        case .device: deviceCircuit
        case .host: hostCircuit
        case .credential: credentialCircuit
        }
    }
}
