using System.Globalization;

namespace Migration.Api;

/// <summary>
/// Durations as Kubernetes writes them (metav1.Duration, Go's time.Duration): "1h2m3.5s", "6.214ms".
/// </summary>
public static class GoDuration
{
    private static readonly (string Unit, decimal Nanoseconds)[] Units =
    [
        ("ns", 1), ("us", 1_000), ("µs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ];

    public static string Format(TimeSpan duration)
    {
        if (duration < TimeSpan.Zero)
            return "-" + Format(duration.Negate());
        var seconds = duration.TotalSeconds;
        if (duration == TimeSpan.Zero)
            return "0s";
        if (seconds < 0.001)
            return Number((decimal)duration.Ticks / TimeSpan.TicksPerMicrosecond) + "µs";
        if (seconds < 1)
            return Number((decimal)duration.Ticks / TimeSpan.TicksPerMillisecond) + "ms";
        var hours = (long)duration.TotalHours;
        var rest = Number((decimal)(duration.Ticks % TimeSpan.TicksPerMinute) / TimeSpan.TicksPerSecond) + "s";
        return (hours > 0 ? $"{hours}h{duration.Minutes}m" : duration.Minutes > 0 ? $"{duration.Minutes}m" : "") + rest;
    }

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        var rest = text.AsSpan();
        var negative = rest is ['-', ..];
        if (rest is ['-' or '+', ..])
            rest = rest[1..];
        if (rest is "0")
            return true;
        if (rest.IsEmpty)
            return false;

        var nanoseconds = 0m;
        while (!rest.IsEmpty)
        {
            if (!TryTakePart(ref rest, out var part) || (nanoseconds += part) > long.MaxValue)
                return false;
        }
        duration = TimeSpan.FromTicks((long)(nanoseconds / TimeSpan.NanosecondsPerTick) * (negative ? -1 : 1));
        return true;
    }

    private static bool TryTakePart(ref ReadOnlySpan<char> rest, out decimal nanoseconds)
    {
        nanoseconds = 0;
        var digits = rest.IndexOfAnyExcept("0123456789.");
        if (digits <= 0 || digits > 20 || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            return false;
        rest = rest[digits..];
        foreach (var (unit, scale) in Units)
        {
            if (!rest.StartsWith(unit, StringComparison.Ordinal) || (unit == "m" && rest.StartsWith("ms", StringComparison.Ordinal)))
                continue;
            if (number > long.MaxValue / scale)
                return false;
            nanoseconds = number * scale;
            rest = rest[unit.Length..];
            return true;
        }
        return false;
    }

    private static string Number(decimal value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
