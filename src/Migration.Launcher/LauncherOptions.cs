using System.Globalization;

namespace Migration.Launcher;

/// <summary>What the launcher is started with.</summary>
internal sealed record LauncherOptions(string SocketPath, TimeSpan Grace)
{
    private const string Usage = "usage: migration-launcher --socket PATH [--grace SECONDS]";
    private static readonly TimeSpan LongestGrace = TimeSpan.FromDays(7);

    public static LauncherOptions Parse(IReadOnlyList<string> arguments)
    {
        var read = new LauncherOptions("", TimeSpan.FromSeconds(30));
        for (var index = 0; index < arguments.Count; index += 2)
        {
            var value = index + 1 < arguments.Count ? arguments[index + 1] : throw new ArgumentException($"{arguments[index]} has no value; {Usage}");
            read = arguments[index] switch
            {
                "--socket" => read with { SocketPath = value },
                "--grace" => read with { Grace = Seconds(value) },
                _ => throw new ArgumentException($"{arguments[index]} is unknown; {Usage}"),
            };
        }

        return read.SocketPath.Length > 0 ? read : throw new ArgumentException($"--socket is missing; {Usage}");
    }

    private static TimeSpan Seconds(string value) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds <= LongestGrace.TotalSeconds
            ? TimeSpan.FromSeconds(seconds)
            : throw new ArgumentException($"--grace {value} is no number of seconds up to {LongestGrace.TotalSeconds}");
}
