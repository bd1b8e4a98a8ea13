import Platform

extension Verb {
    static let schema = Verb(
        name: "schema", summary: "prints the JSON Schema of routes.json, for editors",
        discussion: """
            With it an editor completes keys, shows what they mean and underlines what is wrong:

              hookswitch schema > routes.schema.json

            and in routes.json, as its first key, "$schema": "routes.schema.json". The schema is JSON Schema 2020-12. It knows
            shapes; names that are referred to, variables, files and tests are `hookswitch check`'s.
            """
    ) { _ in
        StandardStream.output.write(schemaText)
        return ExitCode.ok
    }

    /// The schema, as it stands in `deploy/routes.schema.json`.
    static var schemaText: [UInt8] { PackageResources.routes_schema_json }
}
