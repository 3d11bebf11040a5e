// The fields of a response are `HTTPFields`, the type that Swift's HTTP libraries share. A program that reads one
// (`response.fields[.contentType]`) needs its members, and should not have to depend on another package for that.

@_exported public import HTTPTypes
