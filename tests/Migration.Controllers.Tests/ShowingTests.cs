using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Migration.Controllers.Showing;
using Migration.Controllers.Tests.Lab;

namespace Migration.Controllers.Tests;

/// <summary>What a browser and Prometheus are shown.</summary>
public sealed partial class ShowingTests
{
    [Fact]
    public async Task Page_is_told_of_a_migration_while_it_runs_and_after_it()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.RunInstanceAsync("shown");
        lab.A.HoldCopies = true;
        await lab.CreateMigrationAsync("move", "shown");

        await foreach (var picture in PicturesAsync(lab))
        {
            if (picture["migrations"]!.AsArray() is not [{ } moving])
                continue;
            if (moving["curve"]!.AsArray().Any(point => (long)point!["remaining"]! == 600))
                lab.A.ReleaseCopies();
            if ((string?)moving["phase"] != "Succeeded")
                continue;
            Assert.Equal(("a", "b", "shown"), ((string?)moving["source"], (string?)moving["target"], (string?)moving["instance"]));
            Assert.NotEmpty(moving["curve"]!.AsArray());
            Assert.Equal("6.25ms", (string?)moving["progress"]!["downtime"]);
            Assert.True((bool)picture["leads"]!);
            Assert.Equal(["a", "b"], picture["nodes"]!.AsArray().Select(node => (string?)node!["name"]));
            break;
        }

        using var client = new HttpClient { BaseAddress = new Uri($"http://{lab.Http}") };
        var metrics = await client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.Contains("""kubevirt_vmi_migration_succeeded{namespace="default",vmi="shown",vmim="move"} 1""", metrics, StringComparison.Ordinal);
        Assert.Contains("""kubevirt_vmi_migration_downtime_seconds{namespace="default",vmi="shown",vmim="move"} 0.00625""", metrics, StringComparison.Ordinal);
        // What the dashboard and the alerts read is there to be read.
        var asked = Directory.EnumerateFiles(ControllerLab.Deployed("monitoring"), "*.*").SelectMany(file => Reading().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value).ToHashSet();
        Assert.Contains("migration_queue_depth", asked);
        Assert.All(asked.Where(name => name != "up"), name => Assert.Contains($"# TYPE {name.Replace("_bucket", "", StringComparison.Ordinal)} ", metrics, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Page_is_one_file_that_loads_nothing_and_whose_names_cannot_become_script()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        using var client = new HttpClient { BaseAddress = new Uri($"http://{lab.Http}") };
        HttpResponseMessage? answer = null;
        while (answer is null)
            answer = await AskAsync(client);

        var page = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Contains("default-src 'none'", string.Join(' ', answer.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        Assert.DoesNotContain("http", page.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("innerHTML", page, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await client.PostAsync("/events", null, TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public void Long_copy_keeps_its_shape_in_few_points()
    {
        var curve = new CopyCurve();
        for (var second = 0; second < 100_000; second++)
            curve.Add(new CopyPoint(second, 100_000 - second, 1, 1), stoppedAt: null);
        curve.Add(new CopyPoint(100_001, 0, 1, 1), stoppedAt: 100_000.5);

        var points = curve.Points();

        Assert.InRange(points.Count, CopyCurve.Limit / 4, CopyCurve.Limit);
        Assert.Equal(0, points[0].Seconds);
        Assert.Equal(100_001, points[^1].Seconds);
        Assert.Equal(points.OrderBy(point => point.Seconds), points);
        Assert.Equal(100_000.5, curve.StoppedAt);
    }

    // As they stand in YAML and, with their quotes escaped, in JSON.
    [GeneratedRegex("""([a-z][a-z0-9_]*)\{job=\\?"migration-controllers""")]
    private static partial Regex Reading();

    private static async Task<HttpResponseMessage?> AskAsync(HttpClient client)
    {
        try
        {
            return await client.GetAsync("/", TestContext.Current.CancellationToken);
        }
        catch (HttpRequestException)
        {
            // The controllers are about to listen.
            await Task.Delay(20, TestContext.Current.CancellationToken);
            return null;
        }
    }

    private static async IAsyncEnumerable<JsonNode> PicturesAsync(ControllerLab lab)
    {
        using var client = new HttpClient { BaseAddress = new Uri($"http://{lab.Http}") };
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        using var reader = new StreamReader(await client.GetStreamAsync("/events", patience.Token));
        while (await reader.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
                yield return JsonNode.Parse(line["data: ".Length..])!;
        }
    }
}
