internal import Glibc
internal import MinatoSocket

/// `endurance serve HOST FOLDER`, `endurance hold FACE MILLISECONDS`, `endurance end FACE` and
/// `endurance visit COUNT NAME=ENDPOINT...`: what scripts/soak, scripts/hold and scripts/storm run. Each prints what it offers,
/// then `ready`, and obeys the lines of its standard input, each of which it answers with one line; it ends with it.
@main
struct Endurance {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            switch arguments.first {
            case "serve" where arguments.count == 3: try Hosts.serve(on: arguments[1], in: arguments[2])
            case "hold" where arguments.count == 3:
                try Crowded.serve(arguments[1], .milliseconds(Int(arguments[2]) ?? 0))
            case "end" where arguments.count == 2: try Endings.serve(arguments[1])
            case "visit" where arguments.count > 2: try Visitors.visit(arguments.dropFirst())
            default:
                print(
                    """
                    usage: endurance serve HOST FOLDER | hold async|responder MILLISECONDS | end async|blocking|responder |
                           visit COUNT NAME=ENDPOINT...
                    """
                )
                exit(64)
            }
        } catch {
            print("endurance: \(error)")
            exit(EXIT_FAILURE)
        }
    }
}
