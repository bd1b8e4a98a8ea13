// swift-tools-version: 6.2
import PackageDescription

// A warning fails the build where the change is judged (CI), not on the machine of someone who builds with next year's compiler.
let strict: [SwiftSetting] = Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

// Two accesses to one variable that overlap are looked for at run time as well as by the compiler, in every build that tests run with. A
// release is not to pay for it: a fortieth of the processor's time at the door (see Performance in Relay.docc).
let lean: [SwiftSetting] = [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

// Ten thousand simulations take two minutes as debug code, and a tenth of that as this.
let optimized: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

func room(_ name: String, _ dependencies: [Target.Dependency], _ settings: [SwiftSetting] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, exclude: docs[name] ?? [],
        swiftSettings: strict + lean + settings)
}

func tests(
    of room: String, _ more: [Target.Dependency] = [], resources: [Resource] = [], _ settings: [SwiftSetting] = []
) -> Target {
    .testTarget(
        name: room + "Tests", dependencies: [.byName(name: room), "TestSupport"] + more, resources: resources,
        swiftSettings: strict + settings)
}

/// The documentation catalogues, which are read as Markdown and not built.
let docs: [String: [String]] = ["Relay": ["Relay.docc"]]

let package = Package(
    name: "hookswitch",
    products: [.executable(name: "hookswitch", targets: ["hookswitch"])],
    targets: [
        .target(name: "CPlatform"),
        .target(name: "CConsole", exclude: ["page"]),
        .target(
            name: "CCrypto",
            linkerSettings: [.linkedLibrary(":libcrypto.so.3")]),
        .target(
            name: "CTLS",
            linkerSettings: [.linkedLibrary(":libssl.so.3")]),
        .target(
            name: "CZlib",
            linkerSettings: [.linkedLibrary(":libz.so.1")]),
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]),
        room("Platform", ["CPlatform", "CCrypto"]),
        room("EventJSON", ["CPlatform"]),
        room("EventPattern", ["EventJSON"]),
        room("HTTPServer", ["Platform", "CPlatform", "CTLS"]),
        room("NATS", ["EventJSON", "Platform", "CPlatform", "CTLS", "CCrypto"]),
        room("Spool", ["Platform", "CPlatform"], optimized),
        room("Cluster", ["NATS", "Spool", "EventJSON", "Platform", "CPlatform"]),
        room("Delivery", ["EventJSON", "Spool", "Platform", "CCurl", "CCrypto", "CPlatform", "CZlib"]),
        room(
            "Relay",
            [
                "HTTPServer", "EventPattern", "Delivery", "Cluster", "NATS", "Spool", "EventJSON", "Platform",
                "CConsole",
                "CCrypto", "CZlib", "CPlatform",
            ]),
        .executableTarget(
            name: "hookswitch",
            dependencies: [
                "Relay", "HTTPServer", "EventPattern", "Delivery", "Cluster", "NATS", "Spool", "EventJSON", "Platform",
                "CCurl", "CPlatform",
            ],
            // A link to deploy/routes.schema.json, which the binary prints.
            resources: [.embedInCode("Resources/routes.schema.json")],
            swiftSettings: strict),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "Relay", "EventPattern", "EventJSON", "Spool", "HTTPServer", "Delivery", "NATS", "Platform",
                "CPlatform", "CCurl",
            ],
            swiftSettings: strict),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
        tests(of: "EventJSON"),
        tests(of: "EventPattern", ["EventJSON"], resources: [.copy("Fixtures")]),
        tests(of: "HTTPServer", ["CPlatform"], resources: [.copy("Fixtures")]),
        tests(of: "NATS", ["CPlatform"]),
        tests(of: "Cluster", ["NATS", "Spool", "EventJSON"]),
        tests(of: "Spool", ["CPlatform"], resources: [.copy("Fixtures")], optimized),
        tests(of: "Delivery", ["EventJSON", "Spool", "CPlatform"]),
        tests(
            of: "Relay", ["EventJSON", "HTTPServer", "Delivery", "Spool", "EventPattern", "Platform", "CZlib"],
            resources: [.copy("Fixtures")]),
        .testTarget(name: "CommandLineTests", dependencies: ["hookswitch"], swiftSettings: strict),
        .testTarget(
            name: "AcceptanceTests", dependencies: ["hookswitch", "Relay", "EventJSON", "CPlatform"],
            resources: [.copy("Fixtures")],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
