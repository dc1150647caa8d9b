using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>
/// A set of paths into an object, as managed fields record it ("FieldsV1"): <c>f:name</c> is a member, <c>k:{…}</c> a list item by its keys,
/// <c>v:…</c> an item of a set. A node without children is itself in the set; one with children is, when it has the member <c>.</c>.
/// </summary>
internal sealed class FieldSet
{
    private readonly SortedDictionary<string, FieldSet> _children = new(StringComparer.Ordinal);

    /// <summary>Whether the place itself is in the set, not only places below it.</summary>
    public bool IsMember { get; set; }

    public IReadOnlyDictionary<string, FieldSet> Children => _children;

    public bool IsEmpty => !IsMember && _children.Count == 0;

    public static FieldSet Leaf() => new() { IsMember = true };

    public static FieldSet Read(JsonNode? fields)
    {
        var set = new FieldSet();
        if (fields is not JsonObject map)
            return set;
        foreach (var (name, child) in map)
        {
            if (name == ".")
                set.IsMember = true;
            else
                set._children[name] = child is JsonObject { Count: > 0 } ? Read(child) : Leaf();
        }
        return set;
    }

    public JsonObject ToJson()
    {
        var json = new JsonObject();
        if (IsMember && _children.Count > 0)
            json["."] = new JsonObject();
        foreach (var (name, child) in _children)
            json[name] = child.ToJson();
        return json;
    }

    public FieldSet? Child(string name) => _children.GetValueOrDefault(name);

    public void Put(string name, FieldSet child)
    {
        if (!child.IsEmpty)
            _children[name] = child;
    }

    public FieldSet Union(FieldSet other)
    {
        var result = new FieldSet { IsMember = IsMember || other.IsMember };
        foreach (var name in _children.Keys.Union(other._children.Keys, StringComparer.Ordinal))
            result.Put(name, (Child(name), other.Child(name)) switch
            {
                ({ } left, { } right) => left.Union(right),
                var (left, right) => left ?? right!,
            });
        return result;
    }

    /// <summary>The places of this set that are not in the other.</summary>
    public FieldSet Without(FieldSet other)
    {
        var result = new FieldSet { IsMember = IsMember && !other.IsMember };
        foreach (var (name, child) in _children)
            result.Put(name, other.Child(name) is { } removed ? child.Without(removed) : child);
        return result;
    }

    /// <summary>Like <see cref="Without"/>, but what lies below a removed place goes with it.</summary>
    public FieldSet WithoutBelow(FieldSet other)
    {
        if (other.IsMember)
            return new FieldSet();
        var result = new FieldSet { IsMember = IsMember };
        foreach (var (name, child) in _children)
            result.Put(name, other.Child(name) is { } removed ? child.WithoutBelow(removed) : child);
        return result;
    }

    public FieldSet Intersect(FieldSet other)
    {
        var result = new FieldSet { IsMember = IsMember && other.IsMember };
        foreach (var (name, child) in _children)
        {
            if (other.Child(name) is { } both)
                result.Put(name, child.Intersect(both));
        }
        return result;
    }

    public bool SameAs(FieldSet other) => JsonTree.Same(ToJson(), other.ToJson()) && IsMember == other.IsMember;

    /// <summary>The places of the set, as messages write them: <c>.spec.containers[name="c"].image</c>.</summary>
    public IEnumerable<string> Places(string prefix = "")
    {
        if (IsMember)
            yield return prefix;
        foreach (var (name, child) in _children)
        {
            foreach (var place in child.Places(prefix + Shown(name)))
                yield return place;
        }
    }

    private static string Shown(string name) => name[..2] switch
    {
        "f:" => "." + name[2..],
        "k:" => "[" + string.Join(",", JsonTree.ParseObject(name[2..]).Select(k => $"{k.Key}={JsonTree.Text(k.Value)}")) + "]",
        "v:" => "[=" + name[2..] + "]",
        _ => "[" + name[2..] + "]",
    };
}
