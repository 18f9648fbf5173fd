import Core
import Crypto
import Push
import Sink
import TLS

/// What the sink's senders are given: keys by which they are known here, made anew at each start.
struct SinkKeys {
    static let team = "SINKTEAM01"
    static let keyID = "SINKKEY001"
    static let topic = "com.example.app"
    static let project = "sink-project"
    static let account = "push@sink-project.iam.gserviceaccount.com"

    let apns: String
    let rsa: String
    let vapid: P256Key

    init() {
        apns = PEMText.newP256Key()
        rsa = PEMText.newRSAKey()
        vapid = P256Key()
    }

    /// As Google's console gives it.
    func serviceAccount(_ origin: Origin) -> String {
        let file: JSONValue = [
            "type": "service_account", "project_id": .string(Self.project), "private_key_id": "sink",
            "private_key": .string(rsa), "client_email": .string(Self.account),
            "token_uri": .string("\(origin)\(FCMReceiver.tokenPath)"),
        ]
        return file.text
    }

    func site(_ origin: Origin) -> SinkSite {
        guard let apnsKey = P256Key(pem: apns), let rsaKey = RSAKey(pem: rsa) else {
            fatalError("keys that OpenSSL wrote can't be read")
        }
        return SinkSite(
            webPush: WebPushReceiver(origin: origin),
            apns: APNsReceiver(
                .init(teamID: Self.team, keyID: Self.keyID, key: apnsKey.publicKey, topics: [Self.topic])),
            fcm: FCMReceiver(
                .init(id: Self.project, email: Self.account, key: rsaKey.publicKey), origin: origin),
            webhooks: WebhookReceiver())
    }
}
