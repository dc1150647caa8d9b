using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Migration.Controllers.Showing;

/// <summary>
/// The live page: one file of HTML, and a stream of pictures that it draws. It reads and nothing more; whoever reaches the address may look.
/// </summary>
public sealed class LivePage(Func<Picture> look, TimeProvider time)
{
    /// <summary>Each of them costs a picture per change.</summary>
    private const int Viewers = 50;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Pulse = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly List<Channel<bool>> _viewers = [];

    public void Map(WebApplication app)
    {
        app.MapGet("/", ShowAsync);
        app.MapGet("/picture", () => Results.Json(look(), JsonSerializerOptions.Web));
        app.MapGet("/events", StreamAsync);
    }

    /// <summary>There may be something new to see. Cheap where nobody looks.</summary>
    public void Nudge()
    {
        lock (_gate)
        {
            foreach (var viewer in _viewers)
                viewer.Writer.TryWrite(true);
        }
    }

    private static async Task ShowAsync(HttpContext context)
    {
        context.Response.ContentType = "text/html; charset=utf-8";
        // What objects are called is written by their owners: nothing but this file's own script runs.
        context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:";
        await using var page = typeof(LivePage).Assembly.GetManifestResourceStream("page.html")!;
        await page.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private async Task StreamAsync(HttpContext context)
    {
        // A nudge that comes while a picture is drawn is one more picture, however many nudges it was.
        var nudges = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        lock (_gate)
        {
            if (_viewers.Count >= Viewers)
            {
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return;
            }
            _viewers.Add(nudges);
        }
        try
        {
            await DrawAsync(context, nudges.Reader);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The viewer closed the page.
        }
        finally
        {
            lock (_gate)
                _viewers.Remove(nudges);
        }
    }

    private async Task DrawAsync(HttpContext context, ChannelReader<bool> nudges)
    {
        var ct = context.RequestAborted;
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        var shown = "";
        while (true)
        {
            var picture = JsonSerializer.Serialize(look(), JsonSerializerOptions.Web);
            // A comment keeps the connection known to be alive, and finds out when it is not.
            await context.Response.WriteAsync(picture == shown ? ":\n\n" : $"data: {picture}\n\n", ct);
            await context.Response.Body.FlushAsync(ct);
            shown = picture;
            await Task.Delay(Pause, time, ct);
            await WaitAsync(nudges, ct);
        }
    }

    /// <summary>For a nudge, but not longer than a pulse: not everything that is shown nudges.</summary>
    private async Task WaitAsync(ChannelReader<bool> nudges, CancellationToken ct)
    {
        using var pulse = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var timer = time.CreateTimer(_ => pulse.Cancel(), null, Pulse, Timeout.InfiniteTimeSpan);
        try
        {
            await nudges.ReadAsync(pulse.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // Time for a look all the same.
        }
    }
}
