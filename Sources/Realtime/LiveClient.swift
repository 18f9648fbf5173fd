import Core
import Crypto
import Live
import Sockets

/// What a connection keeps of its access token.
struct HeldToken {
    let subject: ID
    let session: ID
    /// Seconds since 1970.
    let expiresAt: Int64

    init(_ token: AccessToken) {
        subject = token.subject
        session = token.session
        expiresAt = token.expiresAt
    }
}

/// One live connection of a user, as the gateway sees it.
protocol LiveClient: TransportOwner, Timed {
    /// Its place in the gateway's list; -1: it is not there.
    var slot: Int32 { get set }
    /// Of the feed.
    var subscriber: Subscriber? { get }
    /// Those of channels.
    var channels: [Subscriber] { get }
    var transport: any LiveTransport { get }
    var session: ID { get }
    /// `nil`: not known yet.
    var user: ID? { get }
    /// Whose limits count the connection: see `Router.callerAddress`.
    var address: String { get }

    /// Tells the client. What it can't be told now is read again when its backlog has gone.
    func tell(_ outcome: JoinOutcome, of subscriber: Subscriber) -> LiveSession.Telling
    /// Reading has failed for too long.
    func joinFailed(_ subscriber: Subscriber)
    /// The user may not, or no more, subscribe to the channel.
    func refuse(_ subscriber: Subscriber)
    func end(_ reason: Disconnect)
    /// The server goes down; come back after so many milliseconds.
    func drain(retry: Int)
}
