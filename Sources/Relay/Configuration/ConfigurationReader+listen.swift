import Glibc
import HTTPServer

/// Where the relay listens: `listen` and its elements, and what `admin` has in common with them.
extension ConfigurationReader {
    /// An address as text.
    func address(_ place: Place) -> ListenAddress? {
        guard let text = string(place) else { return nil }
        guard let address = ListenAddress(text) else {
            error(
                "\"\(text)\" is no address to listen on", at: place.value.offset, place.path,
                hint:
                    "write \"127.0.0.1:8080\", \"0.0.0.0:8080\" for all, \"[::1]:8080\", \"unix:/run/hookswitch.sock\" or \"fd:NAME\""
            )
            return nil
        }
        return address
    }

    /// One listener, or a list of them.
    func listen(_ place: Place) -> [ListenerSettings] {
        guard place.value.array != nil else { return listener(place).map { [$0] } ?? [] }
        let places = array(place) ?? []
        if places.isEmpty { error("the list names no address", at: place.value.offset, place.path) }
        var listeners: [ListenerSettings] = []
        for element in places {
            guard let listener = listener(element) else { continue }
            if listeners.contains(where: { $0.address.isSamePlace(as: listener.address) }) {
                error("the address \(listener.address) stands here twice", at: element.value.offset, element.path)
            }
            listeners.append(listener)
        }
        return listeners
    }

    /// An address, or an object that says more than that.
    private func listener(_ place: Place) -> ListenerSettings? {
        // `tls` is for all listeners, but for those that say that it isn't.
        let hasTLS = document.root[key: "tls"] != nil
        guard place.value.members != nil else {
            var settings = address(place).map { ListenerSettings($0) }
            settings?.speaksTLS = hasTLS
            return settings
        }
        var speaksTLS = hasTLS
        var settings: ListenerSettings?
        var mode: UInt32?
        var owner: ListenerSettings.Owner?
        var readsProxyHeader = false
        object(
            place, required: ["address"],
            [
                ("address", { settings = self.address($0).map { ListenerSettings($0) } }),
                ("mode", { mode = self.mode($0) }),
                ("owner", { owner = self.owner($0) }),
                (
                    "tls",
                    { place in
                        speaksTLS = self.bool(place) ?? hasTLS
                        if speaksTLS && !hasTLS {
                            self.error(
                                "there is no certificate to speak TLS with", at: place.value.offset, place.path,
                                hint: "add `\"tls\": { \"certificate\": PATH, \"key\": PATH }` beside `listen`")
                        }
                    }
                ),
                ("proxy_protocol", { readsProxyHeader = self.bool($0) ?? false }),
            ])
        guard var settings else { return nil }
        settings.readsProxyHeader = readsProxyHeader
        settings.speaksTLS = speaksTLS
        if case .unix(let path, let usual) = settings.address {
            settings.address = .unix(path: path, mode: mode ?? usual)
            settings.owner = owner
        } else if let key = ["mode", "owner"].first(where: { place.value[key: $0] != nil }) {
            error(
                "only a `unix:` socket has a `\(key)`", at: place.value[key: key]?.offset ?? place.value.offset,
                "\(place.path).\(key)", hint: "leave the key out")
        }
        return settings
    }

    /// Permissions in octal digits, as chmod(1) has them.
    func mode(_ place: Place) -> UInt32? {
        guard let text = string(place) else { return nil }
        guard (3...4).contains(text.utf8.count), let mode = UInt32(text, radix: 8), mode <= 0o777 else {
            error(
                "\"\(text)\" is no mode", at: place.value.offset, place.path,
                hint: "write it in octal digits: \"0660\" for owner and group")
            return nil
        }
        return mode
    }

    /// `user`, `user:group` or `:group`, by name or number, as chown(1) has them.
    private func owner(_ place: Place) -> ListenerSettings.Owner? {
        guard let text = string(place) else { return nil }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var owner = ListenerSettings.Owner(user: nil, group: nil)
        if !parts[0].isEmpty {
            guard let user = UInt32(parts[0]) ?? getpwnam(parts[0])?.pointee.pw_uid else {
                error("there is no user \"\(parts[0])\"", at: place.value.offset, place.path)
                return nil
            }
            owner.user = user
        }
        if parts.count == 2, !parts[1].isEmpty {
            guard let group = UInt32(parts[1]) ?? getgrnam(parts[1])?.pointee.gr_gid else {
                error("there is no group \"\(parts[1])\"", at: place.value.offset, place.path)
                return nil
            }
            owner.group = group
        }
        if owner.user == nil && owner.group == nil {
            error("\"\(text)\" names nobody", at: place.value.offset, place.path, hint: "write \"user:group\"")
        }
        return owner
    }
}

extension ListenAddress {
    /// Whether two addresses can't both be had: a Unix socket's mode tells them not apart.
    fileprivate func isSamePlace(as other: ListenAddress) -> Bool {
        if case .unix(let path, _) = self, case .unix(let otherPath, _) = other { return path == otherPath }
        return self == other && port != 0
    }
}
