namespace Migration.Local.ApiServer;

/// <summary>Reads the words of a label selector; says what it found where something else was expected.</summary>
internal sealed class SelectorScanner(string text)
{
    private int _at;

    public bool AtEndOfRequirement
    {
        get
        {
            SkipSpace();
            return _at == text.Length || text[_at] == ',';
        }
    }

    public bool TryTake(string symbol)
    {
        SkipSpace();
        if (string.CompareOrdinal(text, _at, symbol, 0, symbol.Length) != 0)
            return false;
        // "!" alone is not the beginning of "!=".
        if (symbol == "!" && _at + 1 < text.Length && text[_at + 1] == '=')
            return false;
        _at += symbol.Length;
        return true;
    }

    public string TakeKey()
    {
        var key = TakeWord();
        if (key.Length == 0)
            throw Unexpected("!, identifier, or 'end of string'");
        if (Names.LabelKeyError(key) is { } error)
            throw Refused($"key: Invalid value: \"{key}\": {error}");
        return key;
    }

    public string TakeValue()
    {
        var value = TakeWord();
        if (Names.LabelValueError(value) is { } error)
            throw Refused($"values[0][{value}]: Invalid value: \"{value}\": {error}");
        return value;
    }

    public string TakeInteger()
    {
        var value = TakeWord();
        return long.TryParse(value, out _) ? value : throw Refused($"values[0]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must be an integer");
    }

    public string TakeOperator()
    {
        var start = _at;
        var word = TakeWord();
        if (word is "in" or "notin")
            return word;
        _at = start;
        throw Unexpected("in, notin, =, ==, !=, gt, lt");
    }

    public IReadOnlyList<string> TakeSet()
    {
        if (!TryTake("("))
            throw Unexpected("'('");
        var values = new List<string>();
        do
        {
            values.Add(TakeValue());
        }
        while (TryTake(","));
        return TryTake(")") ? values : throw Unexpected("',', ')' or identifier");
    }

    public bool TakeCommaOrEnd()
    {
        SkipSpace();
        if (_at == text.Length)
            return false;
        return TryTake(",") ? true : throw Unexpected("',' or 'end of string'");
    }

    private string TakeWord()
    {
        SkipSpace();
        var start = _at;
        while (_at < text.Length && !" \t,()=!<>".Contains(text[_at], StringComparison.Ordinal))
            _at++;
        return text[start.._at];
    }

    private void SkipSpace()
    {
        while (_at < text.Length && text[_at] is ' ' or '\t')
            _at++;
    }

    private ApiException Unexpected(string expected)
    {
        SkipSpace();
        return Refused($"found '{text[_at..]}', expected: {expected}");
    }

    private static ApiException Refused(string why) => ApiException.BadRequest($"unable to parse requirement: {why}");
}
