using Migration.Api;
using Migration.Local.Traffic;
using Spectre.Console;

namespace Migration.Local.Demo;

/// <summary>What a person sees while the demo runs; silent when the answer is for a program.</summary>
internal sealed class DemoView(bool silent)
{
    private const double Mega = 1_000_000;

    public void Step(string text)
    {
        if (!silent)
            AnsiConsole.MarkupLine($"[grey]•[/] {Markup.Escape(text)}");
    }

    /// <summary>A bar that follows the migration until <paramref name="follow"/> returns.</summary>
    public async Task<T> BarAsync<T>(Func<Action<string, MigrationJobProgress?>, Task<T>> follow)
    {
        if (silent)
            return await follow((_, _) => { });
        return await AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .StartAsync(async context =>
            {
                var bar = context.AddTask("Pending", maxValue: 100);
                return await follow((phase, progress) => Show(bar, phase, progress));
            });
    }

    public void Report(DemoReport report)
    {
        if (silent)
            return;
        var table = new Table().Border(TableBorder.Rounded).AddColumns("what", "seen");
        table.AddRow("result", report.Result == MigrationJobPhase.Succeeded ? "[green]Succeeded[/]" : $"[red]{Markup.Escape($"{report.Result} {report.Reason}")}[/]");
        table.AddRow("moved", $"{report.SourceNode} → {report.TargetNode}, {report.MemoryMiB} MiB");
        table.AddRow("copy", $"{report.TotalMs:0} ms, {report.TransferredBytes / Mega:0.0} MB in {report.Iterations} passes, {(report.Encrypted ? "encrypted" : "[yellow]not encrypted[/]")}");
        table.AddRow("guest stopped", $"{report.StoppedMs:0.0} ms");
        table.AddRow("create → Succeeded", $"{report.CreateToSucceededMs:0} ms");
        table.AddRow("guest's address", $"{report.GuestAddress?.Before} → {report.GuestAddress?.After}");
        foreach (var nic in report.Interfaces ?? [])
            table.AddRow($"NIC {nic.Name}", Markup.Escape($"{nic.Mac}: {string.Join(' ', nic.Before)} → {(nic.Before.SequenceEqual(nic.After) ? "the same" : string.Join(' ', nic.After))}"));
        if (report.Packets is { } packets)
            table.AddRow("pings", Counts(packets));
        if (report.LanPackets is { } lan)
            table.AddRow("pings on the LAN", Counts(lan));
        if (report.Tcp is { } tcp)
            table.AddRow("TCP echo", $"{tcp.RoundTrips} round trips, longest stall {tcp.LongestStallMs:0} ms, {(tcp.Broken ? "[yellow]broken[/]" : "unbroken")}");
        AnsiConsole.Write(table);
    }

    private static string Counts(PacketCounts packets) => $"{packets.Sent} sent, {packets.Received} answered, {packets.Lost} lost, {packets.Duplicated} duplicated";

    private static void Show(ProgressTask bar, string phase, MigrationJobProgress? progress)
    {
        var rates = progress is { BytesPerSecond: { } rate }
            ? $"  {rate / Mega,7:0.0} MB/s  dirty {(progress.DirtyBytesPerSecond ?? 0) / Mega,6:0.0} MB/s"
            : "";
        bar.Description = $"{phase,-16}{rates}";
        bar.Value = phase == MigrationJobPhase.Succeeded ? 100 : progress?.Percent ?? 0;
    }
}
