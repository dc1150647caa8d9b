namespace Migration.Node.State;

/// <summary>Names that come from callers and become file names.</summary>
internal static class Identifier
{
    private const int LongestAllowed = 200;

    /// <exception cref="RefusedException">It is empty, or could lead out of a directory.</exception>
    public static string Checked(string text, string field)
    {
        if (text.Length == 0)
            throw new RefusedException(Refusal.Malformed, $"{field} is empty");
        if (text.Length > LongestAllowed || text[0] == '.' || !text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':'))
            throw new RefusedException(Refusal.Malformed, $"{field} '{text}' is not an identifier: letters, digits, '-', '_', '.' and ':' only");
        return text;
    }
}
