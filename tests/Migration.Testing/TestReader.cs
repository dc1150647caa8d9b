namespace Migration.Testing;

/// <summary>Waiting for what a program says.</summary>
public static class TestReader
{
    /// <summary>Reads lines until one contains a text; the end of the output before that is an error.</summary>
    public static async Task ReadLineUntilAsync(this TextReader reader, string text)
    {
        var said = new List<string>();
        while (await reader.ReadLineAsync() is { } line)
        {
            said.Add(line);
            if (line.Contains(text, StringComparison.Ordinal))
                return;
        }

        throw new ShellException($"no line with \"{text}\" in:\n{string.Join('\n', said)}");
    }
}
