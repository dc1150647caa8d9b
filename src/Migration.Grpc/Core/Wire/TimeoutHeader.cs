using System.Globalization;

namespace Grpc.Core;

/// <summary>The value of grpc-timeout: at most eight digits and a unit (H, M, S, m, u, n).</summary>
internal static class TimeoutHeader
{
    private const long MostDigits = 99_999_999;

    // A tick is 100 ns; the finest unit that fits eight digits is used, rounded up so that no time left is never sent as more than there is.
    private static readonly (char Unit, long Ticks)[] Units =
    [
        ('u', TimeSpan.TicksPerMicrosecond), ('m', TimeSpan.TicksPerMillisecond), ('S', TimeSpan.TicksPerSecond),
        ('M', TimeSpan.TicksPerMinute), ('H', TimeSpan.TicksPerHour),
    ];

    public static string Encode(TimeSpan left)
    {
        foreach (var (unit, ticks) in Units)
        {
            var (count, rest) = Math.DivRem(Math.Max(left.Ticks, 0), ticks);
            if (rest > 0) count++;
            if (count <= MostDigits) return string.Create(CultureInfo.InvariantCulture, $"{count}{unit}");
        }
        return "99999999H";
    }

    public static bool TryDecode(string value, out TimeSpan left)
    {
        left = default;
        if (value.Length is < 2 or > 9) return false;
        if (!long.TryParse(value.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)) return false;
        long? ticks = value[^1] switch
        {
            'H' => count * TimeSpan.TicksPerHour,
            'M' => count * TimeSpan.TicksPerMinute,
            'S' => count * TimeSpan.TicksPerSecond,
            'm' => count * TimeSpan.TicksPerMillisecond,
            'u' => count * TimeSpan.TicksPerMicrosecond,
            'n' => (count + 99) / 100,
            _ => null,
        };
        left = new TimeSpan(ticks ?? 0);
        return ticks is not null;
    }
}
