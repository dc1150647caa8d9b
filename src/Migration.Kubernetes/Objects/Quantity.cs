using System.Globalization;
using System.Text.Json.Serialization;

namespace Migration.Kubernetes;

/// <summary>
/// An amount as Kubernetes writes it: <c>100m</c>, <c>1.5</c>, <c>512Mi</c>, <c>2G</c>, <c>1e3</c>.
/// Keeps the text it was parsed from, so that an object is written back as it was read; compares by amount.
/// </summary>
[JsonConverter(typeof(QuantityConverter))]
public readonly struct Quantity : IEquatable<Quantity>, IComparable<Quantity>
{
    private const string Binary = "KMGTPE";

    private readonly string? _text;

    private Quantity(string text, decimal amount)
    {
        _text = text;
        Amount = amount;
    }

    /// <summary>The amount in units: bytes, cores, pieces.</summary>
    public decimal Amount { get; }

    /// <summary>The amount in whole units, rounded up (as the scheduler does), at most <see cref="long.MaxValue"/>.</summary>
    public long Ceiling => Amount >= long.MaxValue ? long.MaxValue : Amount <= long.MinValue ? long.MinValue : (long)decimal.Ceiling(Amount);

    /// <summary>The amount in thousandths, rounded up: CPU time of a request.</summary>
    public long Milli => new Quantity("", Math.Min(Amount, long.MaxValue / 1000) * 1000).Ceiling;

    public static Quantity Parse(string text) =>
        TryParse(text, out var quantity) ? quantity : throw new FormatException($"\"{text}\" is not a quantity such as 100m, 1.5, 512Mi or 2G");

    public static bool TryParse(string? text, out Quantity quantity)
    {
        quantity = default;
        if (string.IsNullOrEmpty(text))
            return false;
        var digits = text.AsSpan().IndexOfAnyExcept("+-.0123456789");
        var number = digits < 0 ? text : text.AsSpan(0, digits);
        var suffix = digits < 0 ? "" : text.AsSpan(digits);
        if (!decimal.TryParse(number, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)
            || !TryScale(suffix, ref amount))
            return false;
        quantity = new Quantity(text, amount);
        return true;
    }

    /// <summary>So many bytes, in the largest binary unit that divides them.</summary>
    public static Quantity OfBytes(long bytes)
    {
        var unit = 0;
        var count = bytes;
        while (count != 0 && count % 1024 == 0 && unit < Binary.Length)
        {
            count /= 1024;
            unit++;
        }
        return new Quantity(unit == 0 ? $"{count}" : $"{count}{Binary[unit - 1]}i", bytes);
    }

    /// <summary>So many thousandths.</summary>
    public static Quantity OfMilli(long milli) => milli % 1000 == 0 ? new Quantity($"{milli / 1000}", milli / 1000) : new Quantity($"{milli}m", milli / 1000m);

    public bool Equals(Quantity other) => Amount == other.Amount;

    public override bool Equals(object? obj) => obj is Quantity other && Equals(other);

    public override int GetHashCode() => Amount.GetHashCode();

    public int CompareTo(Quantity other) => Amount.CompareTo(other.Amount);

    public static bool operator ==(Quantity left, Quantity right) => left.Equals(right);

    public static bool operator !=(Quantity left, Quantity right) => !left.Equals(right);

    public static bool operator <(Quantity left, Quantity right) => left.Amount < right.Amount;

    public static bool operator >(Quantity left, Quantity right) => left.Amount > right.Amount;

    public static bool operator <=(Quantity left, Quantity right) => left.Amount <= right.Amount;

    public static bool operator >=(Quantity left, Quantity right) => left.Amount >= right.Amount;

    public override string ToString() => _text ?? "0";

    private static bool TryScale(ReadOnlySpan<char> suffix, ref decimal amount)
    {
        try
        {
            switch (suffix)
            {
                case "": return true;
                case "n": amount /= 1_000_000_000m; return true;
                case "u": amount /= 1_000_000m; return true;
                case "m": amount /= 1000m; return true;
                case [var unit, 'i'] when Binary.Contains(unit): amount *= 1L << (10 * (Binary.IndexOf(unit) + 1)); return true;
                case "k": amount *= 1000; return true;
                case [var unit] when unit != 'K' && Binary.Contains(unit): amount *= Power(3 * (Binary.IndexOf(unit) + 1)); return true;
                case ['e' or 'E', .. var exponent]
                    when int.TryParse(exponent, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var ten) && Math.Abs(ten) <= 28:
                    amount = ten < 0 ? amount / Power(-ten) : amount * Power(ten);
                    return true;
                default: return false;
            }
        }
        catch (OverflowException)
        {
            return false;
        }
    }

    private static decimal Power(int ten)
    {
        var power = 1m;
        for (var i = 0; i < ten; i++)
            power *= 10;
        return power;
    }
}
