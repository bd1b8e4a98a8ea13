/// What is wrong with the body of an operator's request.
struct BodyFault: Error {
    var message: String
    /// What would be right.
    var hint: String
}
