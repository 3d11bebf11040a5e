// The umbrella: `import Minato` brings sockets, servers and URL opening.

@_exported public import MinatoServer
@_exported public import MinatoSocket
@_exported public import MinatoURL
