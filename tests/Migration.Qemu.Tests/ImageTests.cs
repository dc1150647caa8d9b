using System.Text;
using System.Text.Json.Nodes;
using Migration.Testing;

namespace Migration.Qemu.Tests;

/// <summary>Images that are written without QEMU's tools, judged by them.</summary>
public sealed class ImageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mt-images-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1 << 20)]
    [InlineData(1000)]
    [InlineData(5L << 40)]
    public async Task Overlay_is_sound_and_shows_what_lies_below(long size)
    {
        var below = Path.Combine(_folder, "below.img");
        using (var file = File.Create(below))
        {
            file.SetLength(size);
            file.Position = 512;
            file.Write("WhatLiesBelow"u8);
        }

        var overlay = Overlay(below);

        Assert.Equal("", await Shell.RunAsync("qemu-img", "check", "-q", overlay));
        var info = JsonNode.Parse(await Shell.RunAsync("qemu-img", "info", "--output=json", overlay))!;
        Assert.Equal((size + 511) / 512 * 512, (long)info["virtual-size"]!);
        Assert.Equal((below, "raw"), ((string?)info["full-backing-filename"], (string?)info["backing-filename-format"]));
        Assert.Contains("WhatLiesBelow", await Shell.RunAsync("qemu-io", "-f", "qcow2", "-c", "read -v 512 16", overlay));
    }

    [Fact]
    public async Task Overlay_over_qcow2_has_the_size_of_the_disk_in_it()
    {
        var below = Path.Combine(_folder, "below.qcow2");
        await Shell.RunAsync("qemu-img", "create", "-q", "-f", "qcow2", below, "7M");

        var overlay = Overlay(below);
        await Shell.RunAsync("qemu-io", "-f", "qcow2", "-c", "write -P 7 6M 1M", overlay);

        Assert.Equal("", await Shell.RunAsync("qemu-img", "check", "-q", overlay));
        Assert.Equal(7 << 20, (int)JsonNode.Parse(await Shell.RunAsync("qemu-img", "info", "--output=json", overlay))!["virtual-size"]!);
    }

    [Fact]
    public async Task Image_that_leads_to_other_files_is_refused()
    {
        var (secret, crooked, outside) = (Path.Combine(_folder, "secret"), Path.Combine(_folder, "crooked.qcow2"), Path.Combine(_folder, "outside.qcow2"));
        File.WriteAllBytes(secret, new byte[4096]);
        await Shell.RunAsync("qemu-img", "create", "-q", "-f", "qcow2", "-b", secret, "-F", "raw", crooked);
        await Shell.RunAsync("qemu-img", "create", "-q", "-f", "qcow2", "-o", $"data_file={Path.Combine(_folder, "data")}", outside, "1M");

        Assert.Contains("lies over another image", Assert.Throws<InvalidDataException>(() => Overlay(crooked)).Message);
        Assert.Contains("keeps its data in another file", Assert.Throws<InvalidDataException>(() => Overlay(outside)).Message);
    }

    [Fact]
    public async Task Iso_has_its_label_and_size_and_the_same_bytes_each_time()
    {
        var files = Enumerable.Range(0, 100).ToDictionary(i => $"folder-{i % 7}/a rather long name of a file {i}", i => Encoding.UTF8.GetBytes(new string('x', i * 50)));

        var image = IsoImage.Create("config-2", files);

        var path = Path.Combine(_folder, "image.iso");
        File.WriteAllBytes(path, image);
        Assert.Equal(image, IsoImage.Create("config-2", files.Reverse()));
        Assert.Contains("LABEL=\"config-2\"", await Shell.RunAsync("blkid", "-p", path));
        Assert.Contains("TYPE=\"iso9660\"", await Shell.RunAsync("blkid", "-p", path));
        Assert.Equal(image.Length, int.Parse(await Shell.RunAsync("isosize", path)));
    }

    [Theory]
    [InlineData("", "a")]
    [InlineData("a label of more than thirty-two letters", "a")]
    [InlineData("l", "")]
    [InlineData("l", "a//b")]
    [InlineData("l", "../b")]
    [InlineData("l", "line\nbreak")]
    public void What_an_iso_cannot_hold_is_refused(string label, string path) =>
        Assert.Throws<ArgumentException>(() => IsoImage.Create(label, new Dictionary<string, byte[]> { [path] = [] }));

    private string Overlay(string below)
    {
        var path = Path.Combine(_folder, "overlay.qcow2");
        using var image = File.OpenRead(below);
        File.WriteAllBytes(path, QcowOverlay.Create(below, DiskImage.Read(image, below)));
        return path;
    }
}
