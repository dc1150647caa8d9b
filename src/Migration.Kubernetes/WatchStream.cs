using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Migration.Kubernetes;

/// <summary>
/// One watch request. The server writes a JSON object per line, <c>{"type":…,"object":…}</c>, for as long as
/// <c>timeoutSeconds</c> says, and then ends the answer in good order.
/// </summary>
internal sealed class WatchStream<T>(KubernetesClient client, ResourceKind<T> kind)
    where T : KubernetesObject
{
    /// <summary>How much longer than asked for a stream may last before we take the server for dead.</summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    /// <summary>A line longer than this is no object: etcd refuses values over a few MiB.</summary>
    private const int LongestLine = 64 << 20;

    /// <summary>Five to ten minutes at random, so that a controller's watches do not all end at once.</summary>
    public static TimeSpan UsualLength() => TimeSpan.FromSeconds(Random.Shared.Next(300, 600));

    public async IAsyncEnumerable<WatchEvent<T>> ReadAsync(
        ListOptions options, string resourceVersion, TimeSpan length, [EnumeratorCancellation] CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(length + Grace, client.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        var request = Request(options, resourceVersion, length);
        using var response = await GuardAsync(request, client.OpenAsync(request, both.Token), limit, ct);
        await using var stream = await GuardAsync(request, response.Content.ReadAsStreamAsync(both.Token), limit, ct);
        var pipe = PipeReader.Create(stream);
        try
        {
            while (true)
            {
                var read = await GuardAsync(request, pipe.ReadAsync(both.Token).AsTask(), limit, ct);
                var rest = read.Buffer;
                while (TryTakeLine(ref rest, out var line))
                    if (!line.IsEmpty)
                        yield return Decode(request, line);
                if (read.IsCompleted)
                {
                    if (!IsBlank(rest))
                        throw request.Failed("WatchInterrupted", $"the stream ended within an event ({rest.Length} bytes)", null);
                    yield break;
                }
                if (rest.Length > LongestLine)
                    throw request.Failed("WatchInterrupted", $"an event of more than {LongestLine >> 20} MiB", null);
                pipe.AdvanceTo(rest.Start, rest.End);
            }
        }
        finally
        {
            await pipe.CompleteAsync();
        }
    }

    private ApiRequest Request(ListOptions options, string resourceVersion, TimeSpan length)
    {
        var query = new Query()
            .Add("watch", "true")
            .Add("allowWatchBookmarks", "true")
            .Add("resourceVersion", resourceVersion)
            .Add("timeoutSeconds", $"{(int)Math.Ceiling(length.TotalSeconds)}")
            .Add("labelSelector", options.LabelSelector)
            .Add("fieldSelector", options.FieldSelector);
        var what = options.Namespace is null ? $"{kind}" : $"{kind} in {options.Namespace}";
        return new ApiRequest("watch", what, HttpMethod.Get, kind.Path(options.Namespace) + query);
    }

    /// <summary>Turns the network's exceptions and our own time limit into ours.</summary>
    private static async Task<TResult> GuardAsync<TResult>(ApiRequest request, Task<TResult> step, CancellationTokenSource limit, CancellationToken ct)
    {
        try
        {
            return await step;
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw request.Failed("WatchSilent", "the server kept the stream open past its end; torn down", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw request.Failed("WatchInterrupted", KubernetesClient.Explain(e), e);
        }
    }

    private static bool TryTakeLine(ref ReadOnlySequence<byte> rest, out ReadOnlySequence<byte> line)
    {
        if (rest.PositionOf((byte)'\n') is not { } end)
        {
            line = default;
            return false;
        }
        line = rest.Slice(0, end);
        rest = rest.Slice(rest.GetPosition(1, end));
        return true;
    }

    private static bool IsBlank(ReadOnlySequence<byte> rest)
    {
        foreach (var part in rest)
            if (part.Span.ContainsAnyExcept(" \t\r\n"u8))
                return false;
        return true;
    }

    private WatchEvent<T> Decode(ApiRequest request, ReadOnlySequence<byte> line)
    {
        ReadOnlySpan<byte> json = line.IsSingleSegment ? line.FirstSpan : line.ToArray();
        try
        {
            var change = RawEvent.Parse(json);
            var item = change.Object;
            return change.Type switch
            {
                "ADDED" => Change(WatchEventType.Added, item),
                "MODIFIED" => Change(WatchEventType.Modified, item),
                "DELETED" => Change(WatchEventType.Deleted, item),
                "BOOKMARK" => new WatchEvent<T>(WatchEventType.Bookmark, null, default, RawObject.ResourceVersion(item)),
                "ERROR" => throw Refusal(request, item),
                _ => throw new JsonException($"unknown event type \"{change.Type}\""),
            };
        }
        catch (JsonException e)
        {
            throw request.Failed("WatchInterrupted", $"an unreadable event: {e.Message}", e);
        }
    }

    private WatchEvent<T> Change(WatchEventType type, ReadOnlySpan<byte> json)
    {
        try
        {
            var item = kind.FromBytes(json);
            return new WatchEvent<T>(type, item, item.Key, item.Metadata.ResourceVersion ?? "");
        }
        catch (JsonException e)
        {
            return new WatchEvent<T>(type, null, RawObject.Key(json), RawObject.ResourceVersion(json), e.Message);
        }
    }

    private static KubernetesException Refusal(ApiRequest request, ReadOnlySpan<byte> json)
    {
        var status = JsonSerializer.Deserialize(json, KubernetesJson.Default.Status);
        return new KubernetesException(request.Verb, request.Resource, (System.Net.HttpStatusCode)(status?.Code ?? 500),
            status?.Reason ?? "Unknown", status?.Message ?? "the server ended the watch with an error")
        {
            Status = status,
            RetryAfter = status?.Details?.RetryAfterSeconds is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : null,
        };
    }
}
