import Core
import Crypto
import HTTPService

/// Preferences as their user gets and sends them.
package struct PreferenceView: Sendable {
    let preferences: Preferences
    /// Types of notifications.
    let types: [String]

    package init(preferences: Preferences, types: [String]) { (self.preferences, self.types) = (preferences, types) }

    func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"types\":{")
        for (index, type) in types.enumerated() {
            if index > 0 { writer.append(ascii: ",") }
            writer.append(jsonString: type)
            writer.append(preferences.withoutInbox.contains(type) ? ":{\"inbox\":false" : ":{\"inbox\":true")
            writer.append(preferences.withoutPush.contains(type) ? ",\"push\":false}" : ",\"push\":true}")
        }
        writer.append(ascii: "}")
        if let quiet = preferences.quiet {
            writer.append(ascii: ",\"quiet\":{\"from\":")
            writer.append(jsonString: QuietHours.text(quiet.from))
            writer.append(key: "to", of: QuietHours.text(quiet.to))
            writer.append(key: "time_zone", of: quiet.zone.name)
            writer.append(quiet.letsUrgentPass ? ",\"urgent\":true}" : ",\"urgent\":false}")
        }
        writer.append(key: "digest", of: preferences.digest.rawValue)
        writer.append(key: "only_from", of: preferences.onlyFrom.rawValue)
        writer.append(preferences.previews ? ",\"previews\":true}" : ",\"previews\":false}")
    }

    package var json: [UInt8] {
        var writer = ByteWriter(capacity: 512)
        append(to: &writer)
        return writer.bytes
    }

    /// Stands for what is shown.
    static func tag(of json: [UInt8]) -> String { "\"\(Base64URL.encode(Crypto.sha256(json).prefix(16)))\"" }
}
