using System.Text.Json;

namespace Migration.Kubernetes;

/// <summary>Reads a list in pages.</summary>
internal sealed class ListReader<T>(KubernetesClient client, ResourceKind<T> kind)
    where T : KubernetesObject
{
    private readonly List<T> _items = [];
    private readonly List<UnreadableObject> _unreadable = [];

    public async Task<ResourceList<T>> ReadAsync(ListOptions options, CancellationToken ct)
    {
        try
        {
            return await ReadPagesAsync(options, options.PageSize, ct);
        }
        catch (KubernetesException e) when (e.IsGone && _items.Count > 0)
        {
            // The pages' common version was compacted while we read them: all at once, then.
            _items.Clear();
            _unreadable.Clear();
            return await ReadPagesAsync(options, pageSize: 0, ct);
        }
    }

    private async Task<ResourceList<T>> ReadPagesAsync(ListOptions options, int pageSize, CancellationToken ct)
    {
        string? next = null;
        while (true)
        {
            var page = ReadPage(await client.SendAsync(PageRequest(options, pageSize, next), ct), options);
            if (string.IsNullOrEmpty(page.Continue))
                return new ResourceList<T>(_items, page.ResourceVersion ?? "", _unreadable);
            next = page.Continue;
        }
    }

    private ApiRequest PageRequest(ListOptions options, int pageSize, string? next)
    {
        var query = new Query()
            .Add("labelSelector", options.LabelSelector)
            .Add("fieldSelector", options.FieldSelector)
            .Add("limit", pageSize > 0 ? $"{pageSize}" : null)
            .Add("continue", next)
            .Add("resourceVersion", next is null ? options.ResourceVersion : null);
        return new ApiRequest("list", Named(options), HttpMethod.Get, kind.Path(options.Namespace) + query);
    }

    private string Named(ListOptions options) => options.Namespace is null ? $"{kind}" : $"{kind} in {options.Namespace}";

    private ListMeta ReadPage(byte[] body, ListOptions options)
    {
        try
        {
            return ReadPage(body);
        }
        catch (JsonException e)
        {
            throw new KubernetesException("list", Named(options), System.Net.HttpStatusCode.OK, "Unreadable", e.Message, e);
        }
    }

    private ListMeta ReadPage(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("the answer is not a JSON object");
        ListMeta? meta = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("metadata"u8))
            {
                reader.Read();
                meta = JsonSerializer.Deserialize(ref reader, KubernetesJson.Default.ListMeta);
            }
            else if (reader.ValueTextEquals("items"u8))
            {
                reader.Read();
                ReadItems(body, ref reader);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        return meta ?? throw new JsonException("the list has no metadata");
    }

    private void ReadItems(ReadOnlySpan<byte> body, ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return;
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException("items is not a list");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            ReadItem(body[start..(int)reader.BytesConsumed]);
        }
    }

    private void ReadItem(ReadOnlySpan<byte> json)
    {
        try
        {
            _items.Add(kind.FromBytes(json));
        }
        catch (JsonException e)
        {
            _unreadable.Add(new UnreadableObject(RawObject.Key(json), e.Message));
        }
    }
}
