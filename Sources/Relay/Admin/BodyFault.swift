/// What is wrong with the body of an operator's request.
struct BodyFault: Error {
    var message: String
    /// What would be right.
    var hint: String
    /// What it is answered with: 404 where something is named that there is not.
    var status = 400
}
