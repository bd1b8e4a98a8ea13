import Delivery
import EventJSON
import Glibc

/// Reads a target's `command`.
extension ConfigurationReader {
    func command(_ place: Place) -> TargetSettings.Kind? {
        var form: CommandTargetSettings.Form?
        var directory: String?
        var environment: [(name: String, value: Template)] = []
        var user: CommandUser?
        var limits = CommandLimits()
        var isStream = false
        object(
            place,
            [
                (
                    "argv",
                    { place in
                        guard let places = self.array(place) else { return }
                        if places.isEmpty {
                            return self.error("`argv` names no program", at: place.value.offset, place.path)
                        }
                        let arguments = places.compactMap(self.template)
                        if let program = arguments.first, !program.isConstant {
                            self.error(
                                "the program itself can't be a placeholder", at: places[0].value.offset, places[0].path)
                        }
                        if arguments.count == places.count { form = .argv(arguments) }
                    }
                ),
                (
                    "shell",
                    { place in
                        guard let pieces = self.pieces(place) else { return }
                        if pieces.contains(where: { !$0.isExternal && $0.text.contains("${") }) {
                            return self.error(
                                "placeholders are refused in `shell`: a value could be a command",
                                at: place.value.offset, place.path,
                                hint:
                                    "read the event from standard input, or $HOOKSWITCH_TYPE and its like; or use `argv`"
                            )
                        }
                        form = .shell(pieces.map(\.text).joined())
                    }
                ),
                ("user", { user = self.user($0) }),
                ("rlimits", { limits = self.limits($0) }),
                ("stream", { isStream = self.bool($0) ?? false }),
                ("cwd", { directory = self.string($0).map(self.absolute) }),
                (
                    "env",
                    { place in
                        for member in place.value.members ?? [] {
                            let inner = Place(value: member.value, path: "\(place.path).\(member.key)")
                            if member.key.isEmpty || member.key.contains("=") {
                                self.error("\"\(member.key)\" can't name a variable", at: member.keyOffset, inner.path)
                            } else if let value = self.template(inner) {
                                environment.append((member.key, value))
                            }
                        }
                        if place.value.members == nil {
                            self.error(
                                "must be an object, not \(place.value.described)", at: place.value.offset, place.path)
                        }
                    }
                ),
            ])
        let given = place.value.members?.filter { $0.key == "argv" || $0.key == "shell" }.count ?? 0
        if place.value.members != nil && given != 1 {
            error("a command needs one of `argv` and `shell`", at: place.value.offset, place.path)
        }
        guard let form else { return nil }
        var settings = CommandTargetSettings(form: form)
        settings.directory = directory
        settings.environment = environment
        settings.user = user
        settings.limits = limits
        settings.isStream = isStream
        if isStream { checkStream(settings, place) }
        return .command(settings)
    }

    private func user(_ place: Place) -> CommandUser? {
        guard let name = string(place) else { return nil }
        guard let user = CommandUser(named: name) else {
            error(
                "there is no user \"\(name)\"", at: place.value.offset, place.path, hint: "`getent passwd` lists them")
            return nil
        }
        if geteuid() != 0 && geteuid() != user.id {
            warning(
                "only root can run commands as another user, and this is none", at: place.value.offset, place.path,
                hint: "run the relay as root, or leave `user` out")
        }
        return user
    }

    private func limits(_ place: Place) -> CommandLimits {
        var limits = CommandLimits()
        object(
            place,
            [
                (
                    "cpu",
                    { place in
                        guard let time = self.duration(place, atLeast: .seconds(1)) else { return }
                        limits.cpuSeconds = Int(time / .seconds(1))
                    }
                ),
                ("memory", { limits.memoryBytes = self.size($0, (1 << 20)...Int.max) ?? 0 }),
                ("files", { limits.files = self.integer($0, 3...1_000_000) ?? 0 }),
            ])
        return limits
    }

    /// The process outlives each event: nothing of an event can stand in how it is started.
    private func checkStream(_ command: CommandTargetSettings, _ place: Place) {
        var templates = command.environment.map(\.value)
        if case .argv(let arguments) = command.form { templates += arguments }
        guard let template = templates.first(where: { !$0.isConstant }) else { return }
        error(
            "with `stream` no placeholder can stand in `argv` and `env`: \(template.source)", at: place.value.offset,
            place.path, hint: "the event comes as a line on standard input; a `body` template says what is in it")
    }
}
