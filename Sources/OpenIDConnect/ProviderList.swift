public import Core

/// The operator's list of providers: a JSON document
/// `{"providers": [{"name", "title"?, "issuer", "client_id", "client_secret"?, "client_secret_file"?, "redirects": […]}]}`.
public enum ProviderList {
    static let most = 20
    static let mostRedirects = 50
    static let longestSecret = 1024
    private static let keys = [
        "name", "title", "issuer", "client_id", "client_secret", "client_secret_file", "redirects",
    ]

    /// - Parameters:
    ///   - allowsLoopback: issuers on this machine may be without TLS.
    ///   - secretFile: what is in a file; `nil`: it can't be read.
    /// - Throws: `SettingError` that says which entry's which key is wrong, without a value that may be secret.
    public static func parse(
        _ bytes: [UInt8], allowsLoopback: Bool, secretFile: (String) -> [UInt8]?
    ) throws(SettingError) -> [Provider] {
        let document: JSONValue
        do {
            document = try JSONValue.parse(bytes)
        } catch {
            throw SettingError("it is no JSON: \(error.message) (at byte \(error.offset))")
        }
        guard let object = document.object, let entries = object["providers"]?.array else {
            throw SettingError(#"it must be an object with an array "providers""#)
        }
        if let unknown = object.firstKey(besides: ["providers"]) {
            throw SettingError("there is no key \(unknown.harmlessName)")
        }
        guard entries.count <= most else { throw SettingError("there are more than \(most) providers") }
        var providers: [Provider] = []
        for (index, entry) in entries.enumerated() {
            let provider = try Entry(entry, at: "providers[\(index)]").provider(
                allowsLoopback: allowsLoopback, secretFile: secretFile)
            guard !providers.contains(where: { $0.name == provider.name }) else {
                throw SettingError("providers[\(index)].name: '\(provider.name)' is there twice")
            }
            providers.append(provider)
        }
        return providers
    }

    /// One provider of the list.
    private struct Entry {
        let object: JSONObject
        let place: String

        init(_ value: JSONValue, at place: String) throws(SettingError) {
            guard let object = value.object else { throw SettingError("\(place) must be an object") }
            if let unknown = object.firstKey(besides: keys) {
                throw SettingError("\(place): there is no key \(unknown.harmlessName)")
            }
            (self.object, self.place) = (object, place)
        }

        func provider(
            allowsLoopback: Bool, secretFile: (String) -> [UInt8]?
        ) throws(SettingError) -> Provider {
            Provider(
                name: try text("name", "1 to 20 of a-z, 0-9 and _, a letter first", Provider.isName),
                title: try optionalText("title", "1 to 40 characters") {
                    (1...40).contains($0.unicodeScalars.count) && VisibleName.accepts($0)
                },
                issuer: try text("issuer", "an https address") {
                    ProviderAddress.isIssuer($0, allowsLoopback: allowsLoopback)
                },
                clientID: try text("client_id", "1 to 255 characters of ASCII", isClientText),
                clientSecret: try secret(secretFile), redirects: try redirects())
        }

        private func secret(_ secretFile: (String) -> [UInt8]?) throws(SettingError) -> String? {
            let inline = try optionalText("client_secret", "1 to \(longestSecret) characters of ASCII", isSecret)
            guard let path = try optionalText("client_secret_file", "a file", { !$0.isEmpty && !$0.utf8.contains(0) })
            else { return inline }
            guard inline == nil else {
                throw SettingError("\(place): give client_secret or client_secret_file, not both")
            }
            // As editors leave it: with a line feed at its end.
            guard let text = secretFile(path).flatMap({ String(validating: $0, as: UTF8.self) })?.withoutOuterSpace,
                isSecret(text)
            else {
                throw SettingError(
                    "\(place).client_secret_file: the file can't be read, or has no secret of 1 to \(longestSecret) "
                        + "characters of ASCII")
            }
            return text
        }

        private func redirects() throws(SettingError) -> [String] {
            guard let values = object["redirects"]?.array, (1...mostRedirects).contains(values.count) else {
                throw SettingError("\(place).redirects must be an array of 1 to \(mostRedirects) addresses")
            }
            var found: [String] = []
            for (index, value) in values.enumerated() {
                guard let text = value.string, ProviderAddress.isRedirect(text) else {
                    throw SettingError(
                        "\(place).redirects[\(index)] must be an https address, one of this machine by http, or one with an "
                            + "application's scheme such as com.example.app:/back; without a fragment")
                }
                found.append(text)
            }
            return found
        }

        private func text(
            _ key: String, _ expected: String, _ isGood: (String) -> Bool
        ) throws(SettingError) -> String {
            guard let text = try optionalText(key, expected, isGood) else {
                throw SettingError("\(place).\(key) is missing: \(expected)")
            }
            return text
        }

        private func optionalText(
            _ key: String, _ expected: String, _ isGood: (String) -> Bool
        ) throws(SettingError) -> String? {
            guard let value = object[key] else { return nil }
            guard let text = value.string, isGood(text) else {
                throw SettingError("\(place).\(key) must be \(expected)")
            }
            return text
        }

        private func isClientText(_ text: String) -> Bool { isASCII(text, 1...255) }

        private func isSecret(_ text: String) -> Bool { isASCII(text, 1...longestSecret) }

        private func isASCII(_ text: String, _ length: ClosedRange<Int>) -> Bool {
            length.contains(text.utf8.count) && text.utf8.allSatisfy { 0x20...0x7e ~= $0 }
        }
    }
}
