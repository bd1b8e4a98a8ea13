import Relay

extension Verb {
    static let run = Verb(
        name: "run", summary: "runs the daemon",
        options: [
            config, Option("--take-over", "takes the place of the daemon that has the spool; no client is refused"),
        ],
        discussion: """
            SIGTERM and SIGINT stop it: no more is accepted, what is under way ends. SIGHUP reads the configuration anew and
            opens files anew. Logs go to standard error; HOOKSWITCH_LOG=debug|info|warning|error says how much,
            HOOKSWITCH_LOG_FORMAT=text|json how.
            """
    ) { arguments in
        Daemon.run(
            configurationPath: ConfigurationFile.path(arguments), takingOver: arguments.has("--take-over"))
    }
}
