namespace Migration.Architecture.Tests;

/// <summary>Rules that analyzers do not know.</summary>
public sealed class SourceTests
{
    private static readonly string[] ProductFolders = ["src", "cni"];

    /// <summary>Where a rule has no say: a blocking call is what this method of gRPC's own interface is for.</summary>
    private static readonly string[] Exempt = ["src/Migration.Grpc/Client/HttpCallInvoker.cs"];

    [Fact]
    public void Unsafe_code_lives_only_in_the_Linux_edge_and_wire_codecs()
    {
        string[] allowed = ["Linux", "Netlink"];
        var others = Repository.Projects()
            .Where(project => !project.Contains("/tests/", StringComparison.Ordinal))
            .Where(project => File.ReadAllText(project).Contains("<AllowUnsafeBlocks>true", StringComparison.Ordinal))
            .Select(Repository.ShortName)
            .Except(allowed);

        Assert.Empty(others);
    }

    [Theory]
    [InlineData("async void", "a failure in it ends the process: return a Task")]
    [InlineData("GetAwaiter().GetResult()", "blocks a pool thread: await")]
    [InlineData("catch { }", "swallows every failure")]
    [InlineData("#region", "two types, or two files")]
    public void Product_code_does_not_contain(string text, string because)
    {
        var found = ProductFolders.SelectMany(Repository.Sources)
            .Where(file => File.ReadAllText(file).Contains(text, StringComparison.Ordinal))
            .Select(file => Path.GetRelativePath(Repository.Root, file))
            .Except(Exempt)
            .ToList();

        Assert.True(found.Count == 0, $"'{text}' ({because}) in {string.Join(", ", found)}");
    }

    [Fact]
    public void Namespaces_are_entered_in_one_place()
    {
        var callers = ProductFolders.SelectMany(Repository.Sources)
            .Where(file => File.ReadAllText(file).Contains("\"setns\"", StringComparison.Ordinal)
                || File.ReadAllText(file).Contains(" setns(", StringComparison.Ordinal))
            .Select(file => Path.GetRelativePath(Path.Combine(Repository.Root, "src"), file).Split('/')[0])
            .Distinct();

        Assert.All(callers, project => Assert.Equal("Migration.Linux", project));
    }
}
