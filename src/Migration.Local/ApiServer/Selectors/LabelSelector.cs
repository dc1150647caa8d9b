using System.Globalization;

namespace Migration.Local.ApiServer;

/// <summary>A label selector such as <c>app=web,tier in (a,b),!old</c>.</summary>
internal sealed class LabelSelector
{
    public static readonly LabelSelector Everything = new([]);
    private readonly IReadOnlyList<Requirement> _requirements;

    private LabelSelector(IReadOnlyList<Requirement> requirements) => _requirements = requirements;

    private enum Operation { Exists, Absent, In, NotIn, Greater, Less }

    public bool IsEverything => _requirements.Count == 0;

    /// <exception cref="ApiException">400, with what was found where something else was expected.</exception>
    public static LabelSelector Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return Everything;
        var scanner = new SelectorScanner(text);
        var requirements = new List<Requirement>();
        do
        {
            requirements.Add(ReadRequirement(scanner));
        }
        while (scanner.TakeCommaOrEnd());
        return new LabelSelector(requirements);
    }

    public bool Matches(IReadOnlyDictionary<string, string> labels) => _requirements.All(r => r.Matches(labels));

    private static Requirement ReadRequirement(SelectorScanner scanner)
    {
        if (scanner.TryTake("!"))
            return new Requirement(scanner.TakeKey(), Operation.Absent, []);
        var key = scanner.TakeKey();
        if (scanner.AtEndOfRequirement)
            return new Requirement(key, Operation.Exists, []);
        if (scanner.TryTake("==") || scanner.TryTake("="))
            return new Requirement(key, Operation.In, [scanner.TakeValue()]);
        if (scanner.TryTake("!="))
            return new Requirement(key, Operation.NotIn, [scanner.TakeValue()]);
        if (scanner.TryTake(">"))
            return new Requirement(key, Operation.Greater, [scanner.TakeInteger()]);
        if (scanner.TryTake("<"))
            return new Requirement(key, Operation.Less, [scanner.TakeInteger()]);
        var word = scanner.TakeOperator();
        return new Requirement(key, word == "in" ? Operation.In : Operation.NotIn, scanner.TakeSet());
    }

    private sealed record Requirement(string Key, Operation Operation, IReadOnlyList<string> Values)
    {
        public bool Matches(IReadOnlyDictionary<string, string> labels)
        {
            var has = labels.TryGetValue(Key, out var value);
            return Operation switch
            {
                Operation.Exists => has,
                Operation.Absent => !has,
                Operation.In => has && Values.Contains(value!, StringComparer.Ordinal),
                Operation.NotIn => !has || !Values.Contains(value!, StringComparer.Ordinal),
                Operation.Greater => has && Integer(value!) is { } n && n > Integer(Values[0]),
                _ => has && Integer(value!) is { } n && n < Integer(Values[0]),
            };
        }

        private static long? Integer(string text) =>
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
