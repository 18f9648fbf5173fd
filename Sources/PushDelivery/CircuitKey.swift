public import Core
public import Push

/// What is not sent to while its circuit is open.
public enum CircuitKey: Sendable, Hashable, CustomStringConvertible {
    case credential(PushProvider, String)
    /// A credential at one host.
    case host(PushProvider, String, Origin)
    case device(PushProvider, String)

    public var description: String {
        switch self {
        case .credential(let provider, let name): "\(provider.rawValue) credential \(name.harmlessName)"
        case .host(let provider, let credential, let host):
            "\(provider.rawValue) host \(host)" + (credential.isEmpty ? "" : " by \(credential.harmlessName)")
        case .device(let provider, let name): "\(provider.rawValue) device \(name.harmlessName)"
        }
    }
}
