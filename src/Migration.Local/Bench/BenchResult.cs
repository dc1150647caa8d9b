namespace Migration.Local.Bench;

/// <summary>One figure: its value (a median), the target we hold ourselves to if there is one, and what it was made of.</summary>
public sealed record BenchResult(string Name, double Value, string Unit, double? Target, bool? Ok, double[] Raw)
{
    /// <summary>A figure that should be at most its target.</summary>
    public static BenchResult AtMost(string name, string unit, double target, IEnumerable<double> raw) =>
        Of(name, unit, target, raw, value => value <= target);

    /// <summary>A figure that should be at least its target.</summary>
    public static BenchResult AtLeast(string name, string unit, double target, IEnumerable<double> raw) =>
        Of(name, unit, target, raw, value => value >= target);

    /// <summary>A figure to compare others with.</summary>
    public static BenchResult Plain(string name, string unit, IEnumerable<double> raw) => Of(name, unit, null, raw, null);

    private static BenchResult Of(string name, string unit, double? target, IEnumerable<double> raw, Func<double, bool>? good)
    {
        double[] values = [.. raw];
        var value = Median(values);
        return new BenchResult(name, value, unit, target, good?.Invoke(value), values);
    }

    private static double Median(double[] values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
