// The fields of a response are `HTTPFields`, the type that Swift's HTTP libraries share. A program that reads one
// (`response.fields[.contentType]`) needs its members, and should not have to depend on another package for that. Deadlines,
// addresses, event loops and the errors of sockets are what it gives to URL opening and gets from it, too.

@_exported public import HTTPTypes
@_exported public import MinatoLoop
