// swift-tools-version: 6.2
import PackageDescription

// Servers and visitors that go on for long, for scripts/soak, scripts/hold and scripts/storm. A package of its own, which is
// built as the library's users build theirs.
let package = Package(
    name: "minato-long-runs",
    dependencies: [.package(name: "minato", path: "../..")],
    targets: [
        .target(name: "CHeap"),
        .executableTarget(name: "rush", cSettings: [.define("_GNU_SOURCE")]),
        .executableTarget(name: "crowd", cSettings: [.define("_GNU_SOURCE")]),
        .executableTarget(
            name: "endurance",
            dependencies: [
                "CHeap",
                .product(name: "MinatoSocket", package: "minato"),
                .product(name: "MinatoServer", package: "minato"),
            ],
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .strictMemorySafety(),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            ]),
    ]
)
