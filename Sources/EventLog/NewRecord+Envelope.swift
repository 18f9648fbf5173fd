public import Core

extension NewRecord {
    public init(topic: String, key: String, _ envelope: Envelope) {
        self.init(topic: topic, key: key, value: envelope.payload, headers: envelope.headers)
    }
}
