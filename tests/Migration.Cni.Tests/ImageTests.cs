using System.Text.Json.Nodes;
using Migration.Testing;

namespace Migration.Cni.Tests;

/// <summary>Container images that scripts/images assembles, looked at with others' tools: the smallest stands for all.</summary>
public sealed class ImageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("images-test-").FullName;

    [Fact]
    public async Task Image_holds_what_it_says_and_its_program_runs_in_it()
    {
        await AssembleAsync();
        await Shell.RunAsync("tar", "-C", _folder, "-xf", Path.Combine(_folder, "migration-cni.tar"));

        var manifest = await BlobAsync((await ReadAsync("index.json"))["manifests"]![0]!);
        var config = await BlobAsync(manifest["config"]!);
        var layer = await CheckedAsync(manifest["layers"]![0]!);

        Assert.Equal(["migration-cni"], config["config"]!["Entrypoint"]!.AsArray().Select(word => (string?)word));
        // An uncompressed layer's identity is its digest.
        Assert.Equal((string?)manifest["layers"]![0]!["digest"], (string?)config["rootfs"]!["diff_ids"]![0]);
        var root = Directory.CreateDirectory(Path.Combine(_folder, "root")).FullName;
        await Shell.RunAsync("tar", "-C", root, "-xf", layer);
        Assert.Equal("supportedVersions", (await InsideAsync(root, "busybox true | CNI_COMMAND=VERSION migration-cni | busybox grep -o supportedVersions")).Trim());
    }

    [Fact]
    public async Task Image_of_the_same_files_is_the_same_image()
    {
        await AssembleAsync();
        var first = await Shell.RunAsync("sha256sum", Path.Combine(_folder, "migration-cni.tar"));
        await AssembleAsync();

        Assert.Equal(first, await Shell.RunAsync("sha256sum", Path.Combine(_folder, "migration-cni.tar")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Task AssembleAsync() => Shell.RunAsync("env", $"IMAGES={_folder}", Path.Combine(RepositoryRoot(), "scripts/images"), "migration-cni");

    private static Task<string> InsideAsync(string root, string command) => Shell.RunAsync("chroot", root, "/bin/busybox", "sh", "-c", "PATH=/usr/bin; " + command);

    private async Task<JsonNode> BlobAsync(JsonNode descriptor) => JsonNode.Parse(await File.ReadAllTextAsync(await CheckedAsync(descriptor)))!;

    /// <summary>The blob's file, when its size and digest are what the descriptor says.</summary>
    private async Task<string> CheckedAsync(JsonNode descriptor)
    {
        var digest = ((string)descriptor["digest"]!)["sha256:".Length..];
        var file = Path.Combine(_folder, "blobs/sha256", digest);
        Assert.StartsWith(digest, await Shell.RunAsync("sha256sum", file), StringComparison.Ordinal);
        Assert.Equal((long)descriptor["size"]!, new FileInfo(file).Length);
        return file;
    }

    private async Task<JsonNode> ReadAsync(string name) => JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, name)))!;

    private static string RepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "scripts/images")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException($"no scripts/images above {AppContext.BaseDirectory}");
    }
}
