using System.Globalization;
using System.Text;
using Migration.Kubernetes;

namespace Migration.Local.Kubelet;

/// <summary>
/// Volumes whose files are written by the kubelet: config maps, secrets, the downward API, tokens, and several of them in one. They are laid out as the
/// kubelet does it: names lead through <c>..data</c> to a directory of one version, so that a reader sees all of a change or nothing of it.
/// </summary>
internal sealed class ApiVolumes(ClusterObjects objects, Pod pod, string hostAddress, IReadOnlyList<string> addresses)
{
    private const int DefaultMode = 0b110_100_100;
    private const int ReadableByAll = 0b100_100_100;
    private const string Current = "..data";

    public static bool Has(Volume volume) => volume is { ConfigMap: not null } or { Secret: not null } or { Projected: not null } or { DownwardApi: not null };

    /// <summary>Brings a directory up to date; nothing is touched if it is.</summary>
    /// <exception cref="PodRefusedException">Something that is needed is not there (yet).</exception>
    public async Task WriteAsync(Volume volume, string directory, CancellationToken ct)
    {
        var files = new SortedDictionary<string, ApiFile>(StringComparer.Ordinal);
        foreach (var file in await FilesOfAsync(volume, ct))
            files[Inside(volume, file.Path)] = file;
        Directory.CreateDirectory(directory);
        if (!IsCurrent(directory, files))
            Exchange(directory, files);
    }

    private async Task<IReadOnlyList<ApiFile>> FilesOfAsync(Volume volume, CancellationToken ct) => volume switch
    {
        { ConfigMap: { } map } => await FilesOfAsync(map, map.DefaultMode, ct),
        { Secret: { } secret } => await FilesOfAsync(secret.SecretName, secret.Items, secret.Optional, secret.DefaultMode, ct),
        { DownwardApi: { } facts } => FilesOf(facts, facts.DefaultMode),
        { Projected: { } projected } => await FilesOfAsync(projected, ct),
        _ => [],
    };

    private async Task<IReadOnlyList<ApiFile>> FilesOfAsync(ProjectedVolume projected, CancellationToken ct)
    {
        var files = new List<ApiFile>();
        foreach (var source in projected.Sources ?? [])
        {
            files.AddRange(source switch
            {
                { ConfigMap: { } map } => await FilesOfAsync(map, projected.DefaultMode, ct),
                { Secret: { } secret } => await FilesOfAsync(secret.Name, secret.Items, secret.Optional, projected.DefaultMode, ct),
                { DownwardApi: { } facts } => FilesOf(facts, projected.DefaultMode),
                { ServiceAccountToken: { } token } =>
                    [new ApiFile(token.Path ?? "token", Encoding.UTF8.GetBytes(await objects.TokenAsync(pod, token, ct)), ModeOf(null, projected.DefaultMode)) { ChangesAlways = true }],
                _ => throw new PodRefusedException("projected: a source is of an unknown kind"),
            });
        }

        return files;
    }

    private async Task<IReadOnlyList<ApiFile>> FilesOfAsync(ConfigMapVolume volume, int? mode, CancellationToken ct)
    {
        if (await objects.ConfigMapAsync(pod, volume.Name, volume.Optional, ct) is not { } map)
            return [];
        var entries = (map.Data ?? new Dictionary<string, string>()).ToDictionary(entry => entry.Key, entry => Encoding.UTF8.GetBytes(entry.Value));
        foreach (var (key, value) in map.BinaryData ?? new Dictionary<string, string>())
            entries[key] = Convert.FromBase64String(value);
        return Chosen(entries, volume.Items, volume.Optional, mode, $"configmap \"{volume.Name}\"");
    }

    private async Task<IReadOnlyList<ApiFile>> FilesOfAsync(string? name, IReadOnlyList<KeyToPath>? items, bool? optional, int? mode, CancellationToken ct)
    {
        if (await objects.SecretAsync(pod, name, optional, ct) is not { } secret)
            return [];
        var entries = (secret.Data ?? new Dictionary<string, string>()).ToDictionary(entry => entry.Key, entry => Convert.FromBase64String(entry.Value));
        return Chosen(entries, items, optional, mode, $"secret \"{name}\"");
    }

    private IReadOnlyList<ApiFile> FilesOf(DownwardVolume facts, int? mode) =>
        [.. (facts.Items ?? []).Select(item => new ApiFile(item.Path ?? "", Encoding.UTF8.GetBytes(TextOf(item)), ModeOf(item.Mode, mode)))];

    private string TextOf(DownwardFile item) => item switch
    {
        { FieldRef.FieldPath: { } path } => PodFields.Of(pod, path, hostAddress, addresses),
        { ResourceFieldRef: { } resource } => PodFields.Of(pod, pod.Spec!.Containers![0], resource),
        _ => throw new PodRefusedException($"downwardAPI: \"{item.Path}\" names no field"),
    };

    private IReadOnlyList<ApiFile> Chosen(Dictionary<string, byte[]> entries, IReadOnlyList<KeyToPath>? items, bool? optional, int? mode, string of)
    {
        if (items is null)
            return [.. entries.Select(entry => new ApiFile(entry.Key, entry.Value, ModeOf(null, mode)))];
        var files = new List<ApiFile>();
        foreach (var item in items)
        {
            if (entries.TryGetValue(item.Key ?? "", out var content))
                files.Add(new ApiFile(item.Path ?? item.Key!, content, ModeOf(item.Mode, mode)));
            else if (optional != true)
                throw new PodRefusedException($"{of} has no entry \"{item.Key}\"");
        }

        return files;
    }

    // The group that fsGroup gives the files to is here everybody: processes of all pods are the machine's own.
    private int ModeOf(int? own, int? volume) => (own ?? volume ?? DefaultMode) | (pod.Spec?.SecurityContext?.FsGroup is null ? 0 : ReadableByAll);

    private static string Inside(Volume volume, string path) =>
        path.Length > 0 && !Path.IsPathRooted(path) && !path.Split('/').Any(part => part is ".." or "")
            ? path
            : throw new PodRefusedException($"volume \"{volume.Name}\": \"{path}\" is not a path inside it");

    private static bool IsCurrent(string directory, SortedDictionary<string, ApiFile> files)
    {
        var root = Path.Combine(directory, Current);
        if (!Directory.Exists(root))
            return false;
        var present = Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(root, file)).Order(StringComparer.Ordinal);
        return present.SequenceEqual(files.Keys)
            && files.All(file => file.Value.ChangesAlways || File.ReadAllBytes(Path.Combine(root, file.Key)).AsSpan().SequenceEqual(file.Value.Content));
    }

    private static void Exchange(string directory, SortedDictionary<string, ApiFile> files)
    {
        var version = string.Create(CultureInfo.InvariantCulture, $"..{Guid.NewGuid():N}");
        foreach (var (path, file) in files)
        {
            var target = Path.Combine(directory, version, path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllBytes(target, file.Content);
            File.SetUnixFileMode(target, (UnixFileMode)file.Mode);
        }

        Directory.CreateDirectory(Path.Combine(directory, version));
        var link = Path.Combine(directory, Current);
        var before = new FileInfo(link).LinkTarget;
        Linux.SymbolicLink.Point(link, version);
        foreach (var name in files.Keys.Select(path => path.Split('/')[0]).Distinct().Where(name => new FileInfo(Path.Combine(directory, name)).LinkTarget is null))
            File.CreateSymbolicLink(Path.Combine(directory, name), Path.Combine(Current, name));
        foreach (var gone in Directory.EnumerateFileSystemEntries(directory).Where(entry => !Path.GetFileName(entry).StartsWith("..", StringComparison.Ordinal) && !Path.Exists(entry)))
            File.Delete(gone);
        if (before is not null)
            Directory.Delete(Path.Combine(directory, before), recursive: true);
    }

    private sealed record ApiFile(string Path, byte[] Content, int Mode)
    {
        /// <summary>A token differs each time it is asked for; it is good for long enough.</summary>
        public bool ChangesAlways { get; init; }
    }
}
