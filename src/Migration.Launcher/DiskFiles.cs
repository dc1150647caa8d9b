using System.Security.Cryptography;
using Migration.Protos.Launcher;
using Migration.Qemu;

namespace Migration.Launcher;

/// <summary>Makes, or finds, the files that QEMU is to open. Nobody outside the pod sees all of its volumes, so this is done here.</summary>
internal static class DiskFiles
{
    private const int MostIso = 32 << 20;

    /// <summary>SHA-256 of each ISO image, by its path.</summary>
    /// <exception cref="IOException">A file cannot be made as asked; the message names it.</exception>
    public static IReadOnlyDictionary<string, string> Prepare(IEnumerable<DiskFile> files)
    {
        var digests = new Dictionary<string, string>();
        foreach (var file in files)
        {
            try
            {
                if (Prepare(file) is { } digest)
                    digests[file.Path] = digest;
            }
            catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or ArgumentException)
            {
                throw new IOException($"disk {file.Path}: {refused.Message}", refused);
            }
        }

        return digests;
    }

    private static string? Prepare(DiskFile file)
    {
        switch (file.KindCase)
        {
            case DiskFile.KindOneofCase.Present:
                using (File.OpenRead(file.Path))
                    return null;
            case DiskFile.KindOneofCase.Blank:
                MakeBlank(file.Path, checked((long)file.Blank.Size));
                return null;
            case DiskFile.KindOneofCase.Overlay:
                MakeOverlay(file.Path, file.Overlay.Base);
                return null;
            case DiskFile.KindOneofCase.Iso:
                return MakeIso(file.Path, file.Iso);
            case DiskFile.KindOneofCase.Copy:
                File.Copy(file.Copy.Candidates.FirstOrDefault(File.Exists) ?? throw new IOException($"there is no {file.Copy.What}: none of {string.Join(", ", file.Copy.Candidates)}"), file.Path, overwrite: true);
                File.SetUnixFileMode(file.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                return null;
            default:
                throw new ArgumentException("of an unknown kind");
        }
    }

    private static void MakeBlank(string path, long size)
    {
        if (File.Exists(path))
            return;
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        file.SetLength(size);
    }

    private static void MakeOverlay(string path, string below)
    {
        var image = TheOnlyFile(below);
        using var file = File.OpenRead(image);
        File.WriteAllBytes(path, QcowOverlay.Create(image, DiskImage.Read(file, image)));
    }

    private static string TheOnlyFile(string path)
    {
        if (!Directory.Exists(path))
            return path;
        var files = Directory.GetFiles(path);
        return files is [var only] ? only : throw new IOException($"{path} has {files.Length} files; it must have one, or the path of one must be given");
    }

    private static string MakeIso(string path, DiskFile.Types.Iso iso)
    {
        var files = new Dictionary<string, byte[]>();
        foreach (var file in iso.Files)
            files[file.Path] = file.Candidates.Count == 0 ? file.Content.ToByteArray() : File.ReadAllBytes(file.Candidates.FirstOrDefault(File.Exists) ?? throw new IOException($"none of {string.Join(", ", file.Candidates)} is there"));
        if (iso.Folder.Length > 0)
            AddFolder(files, iso.Folder, "");
        if (files.Values.Sum(content => (long)content.Length) > MostIso)
            throw new IOException($"its files have more than {MostIso} bytes");
        var image = IsoImage.Create(iso.Label, files);
        var digest = Convert.ToHexStringLower(SHA256.HashData(image));
        if (iso.Digest.Length > 0 && iso.Digest != digest)
            throw new IOException("what it is made of has changed since the guest was started");
        File.WriteAllBytes(path, image);
        return digest;
    }

    // Names that begin with two dots are the kubelet's own, by which it changes all files at once.
    private static void AddFolder(Dictionary<string, byte[]> files, string folder, string prefix)
    {
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos().Where(entry => !entry.Name.StartsWith("..", StringComparison.Ordinal)))
        {
            if (Directory.Exists(entry.FullName))
                AddFolder(files, entry.FullName, $"{prefix}{entry.Name}/");
            else
                files[prefix + entry.Name] = File.ReadAllBytes(entry.FullName);
        }
    }
}
