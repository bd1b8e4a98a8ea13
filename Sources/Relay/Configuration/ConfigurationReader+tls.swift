import HTTPServer

/// `tls`: the certificates that the listeners show.
extension ConfigurationReader {
    /// Days before its end from which a certificate is warned of.
    private static let warningDays = 14

    /// One certificate, or a list of them told apart by the names that clients ask for. Each is tried.
    func tls(_ place: Place) -> [TLSFiles] {
        guard place.value.array != nil else { return certificate(place).map { [$0] } ?? [] }
        let places = array(place) ?? []
        if places.isEmpty { error("the list names no certificate", at: place.value.offset, place.path) }
        let all = places.compactMap { certificate($0) }
        if Set(all.map { $0.clientAuthorities != nil }).count > 1 {
            error(
                "`client_ca` stands beside some certificates and not beside others", at: place.value.offset, place.path,
                hint: "a source is reached by every name: who is refused by one would come in by another")
        }
        return all
    }

    private func certificate(_ place: Place) -> TLSFiles? {
        var certificate: String?
        var key: String?
        var authorities: String?
        object(
            place, required: ["certificate", "key"],
            [
                ("certificate", { certificate = self.string($0).map(self.absolute) }),
                ("key", { key = self.string($0).map(self.absolute) }),
                ("client_ca", { authorities = self.string($0).map(self.absolute) }),
            ])
        guard let certificate, let key else { return nil }
        let files = TLSFiles(certificate: certificate, key: key, clientAuthorities: authorities)
        do throws(TLSFault) {
            let days = try TLSIdentity([files]).secondsLeft / 86_400
            if days < ConfigurationReader.warningDays {
                warning(
                    days < 0 ? "the certificate has expired" : "the certificate expires in \(days) days",
                    at: place.value[key: "certificate"]?.offset ?? place.value.offset, "\(place.path).certificate",
                    hint: "put a new one in its place and reload")
            }
        } catch {
            let name =
                switch error.part {
                case .certificate, .memory: "certificate"
                case .key: "key"
                case .clientAuthorities: "client_ca"
                }
            self.error(
                error.message, at: place.value[key: name]?.offset ?? place.value.offset, "\(place.path).\(name)",
                hint: error.hint)
        }
        return files
    }
}
