using System.Text.RegularExpressions;

namespace Migration.Architecture.Tests;

/// <summary>The node's contract says of every RPC what can go wrong and what the caller does then.</summary>
public sealed partial class ContractTests
{
    public static TheoryData<string> Files() =>
        [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "protos/migration/node"), "*.proto", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Repository.Root, file))];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_rpc_carries_an_error_table_or_cannot_fail(string file)
    {
        // Listings have nothing to refuse.
        string[] cannotFail = ["ListMachines", "ListAttachments"];
        var comment = "";
        var bare = new List<string>();
        foreach (var line in File.ReadLines(Path.Combine(Repository.Root, file)))
        {
            if (line.TrimStart().StartsWith("//", StringComparison.Ordinal))
                comment += line;
            else if (Rpc().Match(line) is { Success: true } rpc)
            {
                var name = rpc.Groups[1].Value;
                if (!cannotFail.Contains(name) && !comment.Contains('|') && !comment.Contains("same table", StringComparison.Ordinal) && !comment.Contains("Peer only", StringComparison.Ordinal))
                    bare.Add(name);
                comment = "";
            }
            else
                comment = "";
        }

        Assert.Empty(bare);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_rpc_has_its_own_request_and_response(string file)
    {
        foreach (Match rpc in Signature().Matches(File.ReadAllText(Path.Combine(Repository.Root, file))))
        {
            Assert.Equal(rpc.Groups[1].Value + "Request", rpc.Groups[2].Value);
            Assert.Equal(rpc.Groups[1].Value + "Response", rpc.Groups[3].Value);
        }
    }

    [GeneratedRegex(@"^\s+rpc (\w+)\(")]
    private static partial Regex Rpc();

    [GeneratedRegex(@"rpc (\w+)\((?:stream )?(\w+)\) returns \((?:stream )?(\w+)\)")]
    private static partial Regex Signature();
}
