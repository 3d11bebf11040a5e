// swift-tools-version: 6.2
import PackageDescription

// The targets below are the architecture: what a target does not depend on here, it cannot import.
// `scripts/check` compares this list with the imports that the sources make.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"),
]

let package = Package(
    name: "minato",
    products: [
        .library(name: "Minato", targets: ["Minato"]),
        .library(name: "MinatoSocket", targets: ["MinatoSocket"]),
        .library(name: "MinatoServer", targets: ["MinatoServer"]),
        .library(name: "MinatoURL", targets: ["MinatoURL"]),
        .library(name: "CMinato", targets: ["CMinato"]),
        .executable(name: "minato", targets: ["MinatoTool"]),
        .library(name: "minatourl", type: .dynamic, targets: ["MinatoURLC"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
    ],
    targets: [
        .target(name: "CMinato", path: ".", sources: ["Sources/CMinato"], publicHeadersPath: "include"),
        .systemLibrary(
            name: "CLibcurl", path: "Sources/CLibcurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]),

        .target(name: "MinatoLoop", dependencies: ["CMinato"], swiftSettings: settings),
        .target(name: "MinatoSocket", dependencies: ["MinatoLoop", "CMinato"], swiftSettings: settings),
        .target(
            name: "MinatoServer", dependencies: ["MinatoSocket", "MinatoLoop", "CMinato"], swiftSettings: settings),
        .target(
            name: "MinatoURL",
            dependencies: [
                "MinatoLoop", "CMinato", "CLibcurl",
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            swiftSettings: settings),
        // The header alone, against which the compiler checks the functions that are written in Swift.
        .systemLibrary(name: "CMinatoURL", path: "Sources/MinatoURLC/include"),
        .target(
            name: "MinatoURLC", dependencies: ["MinatoURL", "MinatoLoop", "CMinatoURL"], exclude: ["include"],
            swiftSettings: settings),
        .target(
            name: "Minato", dependencies: ["MinatoSocket", "MinatoServer", "MinatoURL"], swiftSettings: settings),
        .executableTarget(
            name: "MinatoTool",
            dependencies: [
                "Minato",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),

        .target(name: "CTestSupport", path: "Tests/CTestSupport"),
        .target(
            name: "TestSupport", dependencies: ["MinatoSocket", "CMinato", "CTestSupport"], path: "Tests/TestSupport",
            swiftSettings: settings),
        .testTarget(
            name: "MinatoSocketTests", dependencies: ["MinatoSocket", "MinatoLoop", "CMinato", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "MinatoServerTests", dependencies: ["MinatoServer", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "MinatoURLTests", dependencies: ["MinatoURL", "MinatoServer", "TestSupport"],
            exclude: ["Vectors"], swiftSettings: settings),
        .testTarget(
            name: "MinatoURLCTests", dependencies: ["MinatoURLC", "MinatoURL", "CMinatoURL", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "MinatoToolTests", dependencies: ["MinatoTool", "MinatoServer", "TestSupport"],
            swiftSettings: settings),
        .testTarget(name: "Snippets", dependencies: ["Minato", "TestSupport"], swiftSettings: settings),
    ]
)
