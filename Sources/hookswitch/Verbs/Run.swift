import Relay

extension Verb {
    static let run = Verb(
        name: "run", summary: "runs the daemon", options: [config],
        discussion: """
            SIGTERM and SIGINT stop it: no more is accepted, what is under way ends. SIGHUP reads the configuration anew and
            opens files anew. Logs go to standard error; HOOKSWITCH_LOG=debug|info|warning|error says how much,
            HOOKSWITCH_LOG_FORMAT=text|json how.
            """
    ) { arguments in Daemon.run(configurationPath: ConfigurationFile.path(arguments)) }
}
