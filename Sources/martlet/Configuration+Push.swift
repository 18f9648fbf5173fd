import Core
import Notifier
import Push
import PushDelivery
import Sidecars

/// By what the site is known to push services.
extension Configuration {
    func notifier() throws -> NotifierOptions {
        var options = NotifierOptions()
        options.contact = values.text("push-contact")
        if let file = values.text("apns-key") {
            guard let id = values.text("apns-key-id"), let team = values.text("apns-team") else {
                throw Failure("\(values.given("apns-key")) needs apns-key-id and apns-team", exitCode: 2)
            }
            let text = String(decoding: try read(file, of: "apns-key"), as: UTF8.self)
            options.apns = try checked("apns-key") { () throws(InvalidPush) in
                try APNsKey(p8: text, keyID: id, teamID: team)
            }
        }
        if let address = values.text("apns-address") { options.apnsHosts = .init(all: address) }
        if let file = values.text("fcm-account") {
            let bytes = try read(file, of: "fcm-account")
            options.fcm = try checked("fcm-account") { () throws(InvalidPush) in
                try ServiceAccount(bytes, allowsLoopback: devices.allowsLoopback)
            }
        }
        if let address = values.text("fcm-address") { options.fcmHost = address }
        options.pace = Int64(values.number("push-pace")) * 1000
        options.allowsWebhooks = devices.allowsWebhooks
        options.sender.authorities = values.text("push-authorities")
        if devices.allowsLoopback { options.sender.exempt = ["127.0.0.0/8", "::1/128"].compactMap { IPRange($0) } }
        return options
    }

    private func read(_ path: String, of setting: String) throws -> [UInt8] {
        guard let bytes = Files.read(path) else {
            throw Failure("\(values.given(setting)): \(path) can't be read", exitCode: 2)
        }
        return bytes
    }

    private func checked<Value>(_ setting: String, _ make: () throws(InvalidPush) -> Value) throws -> Value {
        do {
            return try make()
        } catch {
            throw Failure("\(values.given(setting)): \(error)", exitCode: 2)
        }
    }
}
