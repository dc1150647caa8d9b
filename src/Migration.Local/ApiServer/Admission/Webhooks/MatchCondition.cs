using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Migration.Local.ApiServer;

/// <summary>
/// A match condition of a webhook, in the small part of CEL that conditions are mostly made of: fields of <c>object</c>, <c>oldObject</c> and
/// <c>request</c>, compared with texts by <c>==</c>, <c>!=</c>, <c>in [..]</c>, <c>startsWith</c>, <c>endsWith</c>, <c>contains</c>; <c>has(field)</c>,
/// <c>true</c>, <c>false</c>, <c>!</c>, <c>&amp;&amp;</c>, <c>||</c> and parentheses. Anything else is refused when the webhook is configured.
/// </summary>
internal sealed partial class MatchCondition
{
    private const int MaxDepth = 50;

    private readonly List<string> _words;
    private int _at;
    private int _depth;

    private MatchCondition(string expression)
    {
        _words = [.. Word().Matches(expression).Select(m => m.Value)];
        // What the pattern did not take is none of ours.
        if (string.Concat(_words) != Space().Replace(expression, m => m.Groups[1].Value))
            throw new FormatException($"'{expression}' has characters that are understood by CEL alone");
    }

    /// <exception cref="FormatException">The expression is outside of what this server understands.</exception>
    public static Func<JsonObject, bool> Read(string expression)
    {
        var reader = new MatchCondition(expression);
        var condition = reader.Either();
        return reader._at == reader._words.Count ? condition : throw reader.Unexpected();
    }

    private Func<JsonObject, bool> Either()
    {
        if (++_depth > MaxDepth)
            throw new FormatException("the expression is nested too deeply");
        var left = Both();
        while (TryTake("||"))
            left = Or(left, Both());
        _depth--;
        return left;
    }

    private Func<JsonObject, bool> Both()
    {
        var left = Single();
        while (TryTake("&&"))
            left = And(left, Single());
        return left;
    }

    private Func<JsonObject, bool> Single()
    {
        var negations = 0;
        while (TryTake("!"))
            negations++;
        var inner = Plain();
        return negations % 2 == 0 ? inner : variables => !inner(variables);
    }

    private Func<JsonObject, bool> Plain()
    {
        if (TryTake("("))
        {
            var inner = Either();
            Take(")");
            return inner;
        }
        if (TryTake("true"))
            return _ => true;
        if (TryTake("false"))
            return _ => false;
        if (TryTake("has"))
        {
            Take("(");
            var field = Path();
            Take(")");
            return variables => variables.At(field) is not null;
        }
        return Comparison(Path());
    }

    private Func<JsonObject, bool> Comparison(string[] path)
    {
        if (TryTake("=="))
            return Equal(path, Text());
        if (TryTake("!="))
        {
            var equal = Equal(path, Text());
            return variables => !equal(variables);
        }
        if (TryTake("in"))
            return In(path);
        Func<string, string, bool>? test = path[^1] switch
        {
            "startsWith" => (value, part) => value.StartsWith(part, StringComparison.Ordinal),
            "endsWith" => (value, part) => value.EndsWith(part, StringComparison.Ordinal),
            "contains" => (value, part) => value.Contains(part, StringComparison.Ordinal),
            _ => null,
        };
        if (test is null || path.Length < 3)
            throw Unexpected();
        Take("(");
        var text = Text();
        Take(")");
        return variables => test(ValueAt(variables, path[..^1]), text);
    }

    private Func<JsonObject, bool> In(string[] path)
    {
        Take("[");
        var texts = new List<string> { Text() };
        while (TryTake(","))
            texts.Add(Text());
        Take("]");
        return variables => texts.Contains(ValueAt(variables, path), StringComparer.Ordinal);
    }

    private static Func<JsonObject, bool> Or(Func<JsonObject, bool> left, Func<JsonObject, bool> right) => v => left(v) || right(v);

    private static Func<JsonObject, bool> And(Func<JsonObject, bool> left, Func<JsonObject, bool> right) => v => left(v) && right(v);

    private static Func<JsonObject, bool> Equal(string[] path, string text) => variables => ValueAt(variables, path) == text;

    /// <exception cref="KeyNotFoundException">As in CEL, a field that is not there is an error and not an empty text.</exception>
    private static string ValueAt(JsonObject variables, string[] path) =>
        variables.TextAt(path) ?? throw new KeyNotFoundException($"no such key: {string.Join('.', path)}");

    private string[] Path()
    {
        var root = Next();
        if (root is not ("object" or "oldObject" or "request"))
            throw Unexpected();
        var path = new List<string> { root };
        while (TryTake("."))
            path.Add(Next());
        while (TryTake("["))
        {
            path.Add(Text());
            Take("]");
        }
        return path.Count > 1 ? [.. path] : throw Unexpected();
    }

    private string Text()
    {
        var word = Next();
        return word.Length >= 2 && word[0] is '\'' or '"' ? word[1..^1] : throw Unexpected();
    }

    private string Next() => _at < _words.Count ? _words[_at++] : throw Unexpected();

    private bool TryTake(string word)
    {
        if (_at >= _words.Count || _words[_at] != word)
            return false;
        _at++;
        return true;
    }

    private void Take(string word)
    {
        if (!TryTake(word))
            throw Unexpected();
    }

    private FormatException Unexpected() => new(
        $"near '{string.Concat(_words.Skip(Math.Max(0, _at - 1)).Take(3))}': this server understands comparisons of fields with texts, has(), !, && and || only");

    [GeneratedRegex("""'[^'\\]*'|"[^"\\]*"|[A-Za-z_][A-Za-z0-9_]*|==|!=|&&|\|\||[!().,\[\]]""")]
    private static partial Regex Word();

    /// <summary>White space outside of quotes.</summary>
    [GeneratedRegex("""('[^'\\]*'|"[^"\\]*")|\s+""")]
    private static partial Regex Space();
}
