// What sockets and URL opening have in common is a module of its own, which a program of URLs alone builds without the rest.
// Here nobody sees the seam.

@_exported public import MinatoLoop
