import Core
import Crypto
import Glibc
import Push
import TLS

/// The files that a sink's senders read, for the owner alone: they are made anew at each start.
struct SinkFiles {
    private let authority: String
    private let apns: String
    private let account: String

    init(in folder: String, _ certificates: Certificates, _ keys: SinkKeys, _ origin: Origin) throws {
        try Self.makeFolder(folder)
        let path = folder.hasSuffix("/") ? folder : folder + "/"
        authority = path + "ca.pem"
        apns = path + "apns.p8"
        account = path + "service-account.json"
        try Self.write(certificates.authority, authority)
        try Self.write(keys.apns, apns)
        try Self.write(keys.serviceAccount(origin) + "\n", account)
    }

    func about(_ origin: Origin, _ keys: SinkKeys) -> JSONValue {
        [
            "address": .string(origin.description), "plain": .string("http://\(origin.host):\(origin.port)"),
            "control": .string("\(origin)\(SinkControl.path)"), "authority": .string(authority),
            "webpush": [
                "private_key": .string(Base64URL.encode(keys.vapid.scalar)),
                "public_key": .string(Base64URL.encode(keys.vapid.publicKey.bytes)),
            ],
            "apns": [
                "address": .string(origin.description), "key": .string(apns), "key_id": .string(SinkKeys.keyID),
                "team_id": .string(SinkKeys.team), "topic": .string(SinkKeys.topic),
            ],
            "fcm": [
                "address": .string(origin.description), "service_account": .string(account),
                "project_id": .string(SinkKeys.project),
            ],
        ]
    }

    private static func makeFolder(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("make the folder", path) }
    }

    /// In one step: a reader has the old one or the new one.
    private static func write(_ text: String, _ path: String) throws {
        let new = path + ".new"
        unlink(new)
        let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("write", new) }
        let bytes = Array(text.utf8)
        let count = Glibc.write(descriptor, bytes, bytes.count)
        Glibc.close(descriptor)
        guard count == bytes.count, rename(new, path) == 0 else { throw failure("write", path) }
    }

    private static func failure(_ what: String, _ path: String) -> SinkListener.Failure {
        SinkListener.Failure(description: "can't \(what) \(path): \(String(cString: strerror(errno)))")
    }
}
