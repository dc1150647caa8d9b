using System.Diagnostics.Metrics;
using System.Net;
using System.Text.RegularExpressions;

namespace Migration.Telemetry.Tests;

/// <summary>What Prometheus is told. The grammar below is its documentation's, not our writer's.</summary>
public sealed partial class ExpositionTests : IDisposable
{
    private readonly string _name = $"Migration.Tests.{Guid.NewGuid():n}";
    private readonly Meter _meter;
    private readonly Exposition _exposition;

    public ExpositionTests()
    {
        _exposition = new Exposition(_name);
        _meter = new Meter(_name);
    }

    [Fact]
    public void Counter_is_a_sum_by_labels_whatever_their_order()
    {
        var counter = _meter.CreateCounter<long>("migration.tests.moved", "By", "Bytes moved");
        counter.Add(3, new("to", "b"), new("from", "a"));
        counter.Add(4, new("from", "a"), new("to", "b"));
        counter.Add(1);

        var lines = Lines();

        Assert.Contains("# HELP migration_tests_moved_bytes_total Bytes moved", lines);
        Assert.Contains("# TYPE migration_tests_moved_bytes_total counter", lines);
        Assert.Contains("""migration_tests_moved_bytes_total{from="a",to="b"} 7""", lines);
        Assert.Contains("migration_tests_moved_bytes_total 1", lines);
    }

    [Fact]
    public void Histogram_counts_up_to_each_bound_and_all()
    {
        var histogram = _meter.CreateHistogram("migration.tests.wait", "s", "Waits", tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 1] });
        foreach (var wait in (double[])[0.5, 0.75, 3])
            histogram.Record(wait);

        var lines = Lines();

        Assert.Contains("""migration_tests_wait_seconds_bucket{le="0.5"} 1""", lines);
        Assert.Contains("""migration_tests_wait_seconds_bucket{le="1"} 2""", lines);
        Assert.Contains("""migration_tests_wait_seconds_bucket{le="+Inf"} 3""", lines);
        Assert.Contains("migration_tests_wait_seconds_sum 4.25", lines);
        Assert.Contains("migration_tests_wait_seconds_count 3", lines);
    }

    [Fact]
    public void Observed_is_what_is_there_now_and_not_what_was()
    {
        var nodes = new List<string> { "a", "b" };
        _meter.CreateObservableGauge("migration.tests.nodes", () => nodes.Select(node => new Measurement<int>(1, new KeyValuePair<string, object?>("node", node))));
        Assert.Contains("""migration_tests_nodes{node="a"} 1""", Lines());

        nodes.Remove("a");

        var after = Lines();
        Assert.DoesNotContain("""migration_tests_nodes{node="a"} 1""", after);
        Assert.Contains("""migration_tests_nodes{node="b"} 1""", after);
    }

    [Theory]
    [InlineData("quo\"te", "quo\\\"te")]
    [InlineData("back\\slash", "back\\\\slash")]
    [InlineData("two\nlines", "two\\nlines")]
    public void Labels_cannot_break_out_of_their_quotes(string value, string written)
    {
        _meter.CreateCounter<long>("migration.tests.hostile", description: "First\nsecond").Add(1, new KeyValuePair<string, object?>("na-me", value));

        Assert.Contains($$"""migration_tests_hostile_total{na_me="{{written}}"} 1""", Lines());
        Assert.Contains("# HELP migration_tests_hostile_total First\\nsecond", Lines());
    }

    [Fact]
    public void Labels_made_up_without_end_stop_at_a_limit()
    {
        var counter = _meter.CreateCounter<long>("migration.tests.flood");
        for (var number = 0; number < 12_000; number++)
            counter.Add(1, new KeyValuePair<string, object?>("n", number));

        Assert.InRange(Lines().Count(line => line.StartsWith("migration_tests_flood_total{", StringComparison.Ordinal)), 1_000, 10_000);
    }

    [Fact]
    public void Meters_of_others_are_left_out_and_those_that_ended_are_forgotten()
    {
        using var foreign = new Meter("Elsewhere." + _name);
        foreign.CreateCounter<long>("elsewhere").Add(1);
        var passing = new Meter(_name + ".Passing");
        passing.CreateCounter<long>("migration.tests.passing").Add(1);
        Assert.Contains("migration_tests_passing_total 1", Lines());

        passing.Dispose();

        Assert.DoesNotContain(Lines(), line => line.Contains("passing", StringComparison.Ordinal) || line.Contains("elsewhere", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Served_text_is_in_the_format_that_it_says_and_nothing_else_is_served()
    {
        _meter.CreateCounter<double>("migration.tests.seconds", "s").Add(0.5, new KeyValuePair<string, object?>("a", "x y"));
        await using var server = await MetricsServer.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), _exposition, TestContext.Current.CancellationToken);
        using var client = new HttpClient { BaseAddress = new Uri($"http://{server.Address}") };

        var answer = await client.GetAsync("/metrics", TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.StartsWith("text/plain; version=0.0.4", answer.Content.Headers.ContentType!.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        Assert.All(text.TrimEnd('\n').Split('\n'), line => Assert.Matches(Line(), line));
        Assert.Contains("""migration_tests_seconds_total{a="x y"} 0.5""", text, StringComparison.Ordinal);
        Assert.Contains("process_resident_memory_bytes ", text, StringComparison.Ordinal);
        Assert.Equal("ok\n", await client.GetStringAsync("/healthz", TestContext.Current.CancellationToken));
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/else", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await client.PostAsync("/metrics", null, TestContext.Current.CancellationToken)).StatusCode);
    }

    public void Dispose()
    {
        _meter.Dispose();
        _exposition.Dispose();
    }

    private string[] Lines() => _exposition.Read().Split('\n');

    [GeneratedRegex("""^(# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .*|[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*"(,[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*")*\})? ([+-]?(\d+(\.\d+)?([eE][+-]?\d+)?|Inf)|NaN))$""")]
    private static partial Regex Line();
}
