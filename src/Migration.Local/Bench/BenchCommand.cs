using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace Migration.Local.Bench;

/// <summary><c>migration bench NAME</c>: the figures of one subject, with targets and raw numbers.</summary>
public static class BenchCommand
{
    private delegate Task<IReadOnlyList<BenchResult>> Bench(CancellationToken ct);

    private static readonly SortedDictionary<string, Bench> Benches = new(StringComparer.Ordinal)
    {
        ["cni"] = CniBench.RunAsync,
        ["controllers"] = ControllersBench.RunAsync,
        ["dhcp"] = DhcpBench.RunAsync,
        ["migration"] = MigrationBench.RunAsync,
        ["switchover"] = SwitchoverBench.RunAsync,
    };

    public static IEnumerable<string> Names => Benches.Keys;

    public static async Task<int> RunAsync(string name, bool json, CancellationToken ct)
    {
        var chosen = name == "all" ? Benches.ToList() : Benches.Where(bench => bench.Key == name).ToList();
        if (chosen.Count == 0)
        {
            await Console.Error.WriteLineAsync($"no bench is called \"{name}\"; there are: {string.Join(", ", Names)}, all");
            return 2;
        }

        List<BenchResult> all = [];
        foreach (var (subject, bench) in chosen)
        {
            var results = await bench(ct);
            all.AddRange(results);
            if (!json)
                AnsiConsole.Write(ToTable(subject, results));
        }

        if (json)
            Console.WriteLine(JsonSerializer.Serialize(new BenchReport(name, all), BenchJson.Default.BenchReport));
        return 0;
    }

    private static Table ToTable(string bench, IReadOnlyList<BenchResult> results)
    {
        var table = new Table().Title(bench).AddColumns("figure", "value", "target", "", "raw");
        foreach (var result in results)
        {
            table.AddRow(
                new Text(result.Name),
                new Text($"{result.Value:0.###} {result.Unit}"),
                new Text(result.Target is { } target ? $"{target:0.###}" : ""),
                new Markup(result.Ok switch { true => "[green]met[/]", false => "[yellow]missed[/]", null => "" }),
                new Text(string.Join(' ', result.Raw.Take(12).Select(value => value.ToString("0.##")))));
        }

        return table;
    }
}

internal sealed record BenchReport(string Bench, IReadOnlyList<BenchResult> Results);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BenchReport))]
internal sealed partial class BenchJson : JsonSerializerContext;
