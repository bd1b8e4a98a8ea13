/// The program's version, as `hookswitch version`, the `user-agent` and `status` say it.
public let hookswitchVersion = "0.1.0"
