using System.Globalization;
using System.Runtime.InteropServices;
using Migration.Linux;
using Migration.Protos.Launcher;

namespace Migration.Launcher;

/// <summary>A checked request to launch: every placeholder is replaced, every descriptor has its name.</summary>
internal sealed record LaunchPlan(string Id, string Program, IReadOnlyList<string> Arguments, IReadOnlyList<SafeHandle> Files)
{
    private const string PlaceholderStart = "{fd:";

    public static bool TryMake(Launch request, IReadOnlyList<FileDescriptor> files, out LaunchPlan? plan, out string reason)
    {
        plan = null;
        reason = Objection(request, files);
        if (reason.Length > 0)
            return false;

        var numbers = new Dictionary<string, int>();
        for (var index = 0; index < files.Count; index++)
            numbers[request.FileNames[index]] = files[index].Number;

        var arguments = new List<string>(request.Arguments.Count);
        foreach (var argument in request.Arguments)
        {
            if (!TryReplace(argument, numbers, out var replaced, out reason))
                return false;
            arguments.Add(replaced);
        }

        plan = new(request.Id, request.Program, arguments, [.. files]);
        return true;
    }

    private static string Objection(Launch request, IReadOnlyList<FileDescriptor> files)
    {
        if (request.Id.Length == 0)
            return "launch: id is empty";
        if (request.Program.Length == 0)
            return "launch: program is empty";
        if (files.Count != request.FileNames.Count)
            return $"launch: {request.FileNames.Count} file names came with {files.Count} descriptors";
        if (request.FileNames.Distinct().Count() != request.FileNames.Count)
            return "launch: two files have one name";
        if (request.Arguments.Append(request.Program).Any(argument => argument.Contains('\0')))
            return "launch: an argument contains a zero byte";
        return IsThere(request.Program) ? "" : $"launch: there is no program {request.Program}";
    }

    private static bool TryReplace(string argument, Dictionary<string, int> numbers, out string replaced, out string reason)
    {
        (replaced, reason) = (argument, "");
        for (var from = 0; (from = replaced.IndexOf(PlaceholderStart, from, StringComparison.Ordinal)) >= 0;)
        {
            var end = replaced.IndexOf('}', from);
            var name = end < 0 ? "" : replaced[(from + PlaceholderStart.Length)..end];
            if (!numbers.TryGetValue(name, out var number))
            {
                reason = $"launch: argument \"{argument}\" names a file that was not sent";
                return false;
            }

            var text = number.ToString(CultureInfo.InvariantCulture);
            replaced = replaced[..from] + text + replaced[(end + 1)..];
            from += text.Length;
        }

        return true;
    }

    private static bool IsThere(string program) => program.Contains('/')
        ? File.Exists(program)
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}
