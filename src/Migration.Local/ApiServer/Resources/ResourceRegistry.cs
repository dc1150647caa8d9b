using System.Collections.Frozen;

namespace Migration.Local.ApiServer;

/// <summary>Every resource served at this moment. Replaced as a whole when a CustomResourceDefinition changes, so readers need no lock.</summary>
internal sealed class ResourceRegistry
{
    private readonly IReadOnlyList<ResourceType> _builtIn;
    // Protects _custom and the replacement of _served.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, IReadOnlyList<ResourceType>> _custom = new(StringComparer.Ordinal);
    private volatile Served _served;

    public ResourceRegistry(IReadOnlyList<ResourceType> builtIn)
    {
        _builtIn = builtIn;
        _served = new Served(builtIn, 1);
    }

    public IReadOnlyList<ResourceType> Types => _served.Types;

    /// <summary>Counts the changes: documents derived from the registry are cached by it.</summary>
    public int Generation => _served.Generation;

    public ResourceType? Find(string group, string version, string plural) => _served.ByPath.GetValueOrDefault((group, version, plural));

    public ResourceType? FindKind(string apiVersion, string kind) => _served.ByKind.GetValueOrDefault((apiVersion, kind));

    public bool Serves(string group, string version) => _served.Versions.Contains((group, version));

    /// <summary>The type in which a storage's objects are kept, whichever version is asked for.</summary>
    public ResourceType? StorageType(string storage) => _served.ByStorage.GetValueOrDefault(storage);

    /// <summary>Serves the versions of one CustomResourceDefinition, in place of those it had before.</summary>
    public void Publish(string definition, IReadOnlyList<ResourceType> types)
    {
        lock (_gate)
        {
            _custom[definition] = types;
            RebuildLocked();
        }
    }

    public void Withdraw(string definition)
    {
        lock (_gate)
        {
            if (_custom.Remove(definition))
                RebuildLocked();
        }
    }

    private void RebuildLocked() => _served = new Served(
        // A definition of a kind that is built in changes nothing.
        [.. _builtIn.Concat(_custom.Values.SelectMany(t => t)).DistinctBy(t => (t.Group, t.Version, t.Plural))], _served.Generation + 1);

    private sealed class Served(IReadOnlyList<ResourceType> types, int generation)
    {
        public IReadOnlyList<ResourceType> Types { get; } = types;

        public int Generation { get; } = generation;

        public FrozenDictionary<(string, string, string), ResourceType> ByPath { get; } =
            types.ToFrozenDictionary(t => (t.Group, t.Version, t.Plural));

        public FrozenDictionary<(string, string), ResourceType> ByKind { get; } =
            types.DistinctBy(t => (t.ApiVersion, t.Kind)).ToFrozenDictionary(t => (t.ApiVersion, t.Kind));

        public FrozenSet<(string, string)> Versions { get; } = types.Select(t => (t.Group, t.Version)).ToFrozenSet();

        public FrozenDictionary<string, ResourceType> ByStorage { get; } =
            types.GroupBy(t => t.Storage).ToFrozenDictionary(
                g => g.Key, g => g.FirstOrDefault(t => t.ApiVersion == t.StorageApiVersion) ?? g.First(), StringComparer.Ordinal);
    }
}
