// swift-tools-version: 6.2
import PackageDescription

// Servers of several makes behind one load generator: see scripts/bench. A package of its own, so that nobody who uses
// Minato fetches its peers. Every program is a product, built alone: ours need none of the peers.

// Ours is built as the library is; the peers as a new package is, without any feature that could change their pace.
let ours: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]
let peers: [SwiftSetting] = [.swiftLanguageMode(.v6)]
let c: [CSetting] = [.unsafeFlags(["-O2", "-std=gnu11", "-Wall", "-Wextra", "-Wpedantic"])]

let package = Package(
    name: "minato-benchmarks",
    dependencies: [
        .package(name: "minato", path: "../.."),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", exact: "0.27.1"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    ],
    targets: [
        .executableTarget(name: "epoll-echo", cSettings: c),
        .executableTarget(name: "udp-echo", cSettings: c),
        .executableTarget(name: "load", cSettings: c),
        .executableTarget(
            name: "minato-echo",
            dependencies: [
                .product(name: "MinatoSocket", package: "minato"),
                .product(name: "MinatoServer", package: "minato"),
            ],
            swiftSettings: ours),
        .executableTarget(
            name: "minato-loop", dependencies: [.product(name: "MinatoSocket", package: "minato")], swiftSettings: ours),
        .executableTarget(name: "curl-fetch", cSettings: c, linkerSettings: [.linkedLibrary("curl")]),
        .executableTarget(
            name: "minato-fetch",
            dependencies: [
                .product(name: "MinatoSocket", package: "minato"),
                .product(name: "MinatoURL", package: "minato"),
            ],
            swiftSettings: ours),
        .executableTarget(
            name: "ahc-fetch",
            dependencies: [
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: peers),
        .executableTarget(
            name: "nio-echo",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: peers),
        .executableTarget(
            name: "flyingsocks-echo",
            dependencies: [.product(name: "FlyingSocks", package: "FlyingFox")],
            swiftSettings: peers),
    ]
)
